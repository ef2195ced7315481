"""A complete recogniser for any model that turns a block of audio into words.

A subclass loads the model and decodes one block; turn detection, interim results, speculative decoding and threads are here. It is the
usual base of a speech engine of your own (`RECOGNISER`, docs/guide/speech-engines.md).
"""

import threading
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from weakref import WeakSet

import numpy as np

from streaming.audio.codecs import Decoder
from streaming.audio.pcm import RATE, Samples
from streaming.speech import vad_worker
from streaming.speech.decode_executor import DecodeExecutor
from streaming.speech.decoder_pool import DecoderPool, Urgency
from streaming.speech.engines.base import EngineOptions, Listener, Recogniser, RecogniserError, RecognitionOptions, Word
from streaming.speech.heap import trim_heap
from streaming.speech.recognition import TurnRecognition
from streaming.speech.transcript import Transcriber, Transcript, is_plausible, timed_words

TIMEOUT_S = 60.0
"""Limit of the wait for one block in `transcribe`."""
_SILENCE = np.zeros(RATE // 4, dtype=np.float32)  # behind a block: without it `interim` may lose the last word


class TurnRecogniser(Recogniser):
    """Opens recognitions of one speaker each, and runs the threads that decode for all of them, from `load` to `close`."""

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self._pool: DecoderPool | None = None
        self._lock = threading.Lock()
        self._all: WeakSet[TurnRecognition] = WeakSet()

    @abstractmethod
    def load_model(self) -> None:
        """Load the model; may block for seconds. Raises RecogniserError with the reason."""

    @abstractmethod
    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        """Return the words of a whole turn, as accurately as the engine can.

        Called from several threads at the same time; may block.

        Args:
            pcm: the audio, float32 of shape (n,) at 16 kHz, in [-1, 1].
            draft: the `tokens` of the newest earlier transcript of this turn, or empty.
        """

    def interim(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        """Return the words of the end of a turn so far, as cheaply as the engine can.

        The audio may begin between two words, and end in one. The next interim result follows soon, so the last word may be missing.
        """
        return self.final(pcm, draft)

    def transcriber(self, options: RecognitionOptions) -> Transcriber:
        """Return what decodes the turns of a new recognition; an engine with several models chooses by the language."""
        return self

    def load(self) -> None:
        if self._pool is not None:
            return
        self.load_model()
        self._vad = vad_worker.acquire()
        self._executor = DecodeExecutor()
        self._executor.start()
        pool = DecoderPool(self.options.threads)
        pool.start()
        self._pool = pool
        trim_heap()

    @property
    def ready(self) -> bool:
        return self._pool is not None

    @property
    def decoding_s(self) -> dict[Urgency, float]:
        """CPU seconds of the decodes of each urgency so far."""
        return self._loaded_pool().cpu_s

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> TurnRecognition:
        pool = self._loaded_pool()
        recognition = TurnRecognition(options, decoder, listener, self.transcriber(options), pool, self._executor, self._vad.wake)
        with self._lock:
            self._all.add(recognition)
        self._vad.join(recognition)
        return recognition

    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        transcript = self._decoded(pcm, thorough)
        voiced = voiced or ((0.0, len(pcm) / RATE),)
        if not is_plausible(transcript, sum(end - start for start, end in voiced)):
            return ()
        words = timed_words(transcript, voiced, 0.0)
        return words if transcript.punctuation is None else transcript.punctuation.of(words)

    def guess(self, pcm: Samples) -> tuple[str, ...]:
        return tuple(word.text for word in self._decoded(pcm, thorough=True).words)

    def _decoded(self, pcm: Samples, thorough: bool) -> Transcript:
        job = _BlockJob(self, pcm, thorough)
        self._loaded_pool().submit(job, Urgency.FINAL if thorough else Urgency.SPECULATIVE)
        return job.result()

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        with self._lock:
            recognitions = list(self._all)
        for recognition in recognitions:
            recognition.abandon()
        pool.close()
        self._executor.close()
        vad_worker.release()

    def _loaded_pool(self) -> DecoderPool:
        if self._pool is None:
            raise RecogniserError("the recogniser is not loaded")
        return self._pool


class _BlockJob:
    """The decoding of one block outside of any recognition; the thread that submitted it waits in `result`."""

    def __init__(self, recogniser: TurnRecogniser, pcm: Samples, thorough: bool) -> None:
        self._decode = recogniser.final if thorough else recogniser.interim
        self._pcm = pcm if thorough else np.concatenate((pcm, _SILENCE))
        self._transcript: Future[Transcript] = Future()

    def run(self) -> None:
        """Decode. After an exception the transcript is empty."""
        transcript = Transcript()
        try:
            transcript = self._decode(self._pcm, ())
        finally:
            self._transcript.set_result(transcript)

    def result(self) -> Transcript:
        """Wait up to `TIMEOUT_S` for the transcript. Raises RecogniserError if the recogniser was closed or is too far behind."""
        try:
            return self._transcript.result(TIMEOUT_S)
        except TimeoutError:
            raise RecogniserError("the recogniser did not answer") from None
