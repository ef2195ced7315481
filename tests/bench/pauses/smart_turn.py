"""Smart Turn v3 as a model for the end of a turn, to be measured beside the words: python -m tests.bench --only turns --smart-turn FILE.

FILE is `smart-turn-v3.2-cpu.onnx`, which lies in the wheel `pipecat-ai` (BSD-2-Clause, Daily). It takes the last eight seconds of audio as
Whisper's spectrogram, and returns the probability that the speaker has finished.
"""

from pathlib import Path

import numpy as np
import onnxruntime

from streaming.audio.pcm import RATE, Samples
from streaming.speech.end_of_turn import EARLIEST_MS, LATEST_MS, Pause
from streaming.speech.engines.log_mel import HOP, log_mel

SECONDS = 8
THRESHOLD = 0.5
"""The probability from which its authors let the turn end."""


class SmartTurn:
    """The model of a file. May be called from several threads at the same time.

    Args:
        unfinished_ms: silence that ends a turn which is not finished.
    """

    def __init__(self, file: Path, threshold: float = THRESHOLD, unfinished_ms: int = LATEST_MS) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._threshold, self._unfinished_ms = threshold, unfinished_ms

    def probability(self, pcm: Samples) -> float:
        """Return the probability of a finished turn, for float32 of shape (n,) at 16 kHz."""
        length = SECONDS * RATE
        last = np.pad(pcm[-length:], (max(0, length - len(pcm)), 0)).astype(np.float32)
        normal = (last - last.mean()) / np.sqrt(last.var() + 1e-7)  # as the feature extractor of its authors does
        spectrum = log_mel(normal.astype(np.float32), length // HOP)[None]
        return float(np.ravel(self._session.run(None, {self._input: spectrum})[0])[0])

    def silence_ms(self, pause: Pause) -> int:
        """Return the shortest silence for a finished turn, and a long one for any other."""
        return EARLIEST_MS if self.probability(pause.pcm) > self._threshold else self._unfinished_ms
