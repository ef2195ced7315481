"""A listener that records its calls, a transcriber without a model, and recorded speech."""

import threading
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soxr

from streaming.audio.codecs import AudioError, open_decoder
from streaming.audio.pcm import Samples
from streaming.speech.engines.base import EngineOptions, RecognitionOptions, RecognitionResult
from streaming.speech.recognition import TurnRecognition
from streaming.speech.transcript import Transcript, UntimedWord
from streaming.speech.turn_recogniser import TurnRecogniser
from streaming.speech.vad import data_file


class Notes:
    """A listener that records its calls, in order."""

    def __init__(self) -> None:
        self.results: list[RecognitionResult] = []
        self.starts: list[float] = []
        self.errors: list[AudioError] = []
        self.drains = 0
        self.ends = 0
        self.done = threading.Event()
        self._waiting: list[tuple[Callable[[], bool], threading.Event]] = []
        self.changed = threading.Condition()

    def _change(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def recognised(self, result: RecognitionResult) -> None:
        self.results.append(result)
        self._change()

    def speech_started(self, at: float) -> None:
        self.starts.append(at)
        self._change()

    def audio_error(self, error: AudioError) -> None:
        self.errors.append(error)
        self._change()

    def backlog_low(self) -> None:
        self.drains += 1
        self._change()

    def finished(self) -> None:
        self.ends += 1
        self.done.set()
        self._change()

    def wait(self, condition: Callable[[], bool], seconds: float = 30.0) -> bool:
        """Wait until the condition holds, checked at each call; return whether it does."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    @property
    def finals(self) -> list[RecognitionResult]:
        """The final results."""
        return [h for h in self.results if h.is_final]

    @property
    def text(self) -> str:
        """The texts of all final results."""
        return " ".join(h.text for h in self.finals)


class FakeTranscriber:
    """Returns the kind of decode and the seconds of audio as words; can be blocked, and can fail."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, tuple[int, ...]]] = []  # kind, samples, draft
        self.gate = threading.Event()
        self.gate.set()
        self.fail_next = 0
        self.confidence = 0.9
        self.entered = threading.Semaphore(0)
        self._lock = threading.Lock()

    def _say(self, kind: str, pcm: Samples, draft: Sequence[int]) -> Transcript:
        self.calls.append((kind, len(pcm), tuple(draft)))
        self.entered.release()
        self.gate.wait(60)
        with self._lock:
            fails, self.fail_next = self.fail_next > 0, max(0, self.fail_next - 1)
        if fails:
            raise RuntimeError("the secret words")
        words = tuple(UntimedWord(word, self.confidence) for word in (kind, f"{len(pcm) / 16_000:.1f}"))
        return Transcript(words, self.confidence, (len(pcm),))

    def final(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        return self._say("final", pcm, draft)

    def interim(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        return self._say("interim", pcm, draft)


class FakeRecogniser(TurnRecogniser):
    """The recogniser of a fake transcriber, with the real VAD, queues and threads."""

    languages = ("en-US",)

    def __init__(self, transcriber: FakeTranscriber, threads: int) -> None:
        super().__init__(EngineOptions(threads, Path("no-models-here")))
        self._transcriber = transcriber

    def load_model(self) -> None:
        """Do nothing."""

    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        return self._transcriber.final(pcm, draft)

    def interim(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        return self._transcriber.interim(pcm, draft)


def recording(name: str) -> Samples:
    """Return a recording from the model's package, at 16 kHz."""
    with wave.open(str(data_file("moonshine_voice", "assets", name))) as file:
        audio = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float32) / 32768
        resampled: Samples = soxr.resample(audio, file.getframerate(), 16_000)
    return resampled


def linear16(audio: Samples) -> bytes:
    """Return samples as LINEAR16."""
    return (np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes()


def chunks(data: bytes, size: int = 3_200) -> list[bytes]:
    """Return the bytes in chunks."""
    return [data[n : n + size] for n in range(0, len(data), size)]


RATE = 16_000
BECKETT = linear16(recording("beckett.wav"))
"""Ten seconds of LINEAR16, six short sentences."""
SENTENCES = 6


def listen(recogniser: FakeRecogniser, notes: Notes | None = None, **options: object) -> tuple[TurnRecognition, Notes]:
    """Open a recognition of LINEAR16 at 16 kHz."""
    notes = notes or Notes()
    return recogniser.open(RecognitionOptions(**options), open_decoder("LINEAR16", RATE), notes), notes  # type: ignore[arg-type]


def decoding(recognition: TurnRecognition) -> bool:
    """Return whether an interim or a speculative decode is in progress."""
    return any(job is not None and not job.is_done for job in (recognition._interim, recognition._speculative))


def live(recognition: TurnRecognition, data: bytes, *, decoded: bool = False) -> None:
    """Feed chunk by chunk, each once the previous one was processed, as in real time; `decoded`: and its decodes have ended."""
    for chunk in chunks(data):
        recognition.feed(chunk)
        settled = threading.Event()
        while recognition._queue or recognition._unprocessed_s >= 0.032 or (decoded and decoding(recognition)):
            settled.wait(0.0005)
