"""The speech process of this worker: what recognises speech in files, at a lower priority than the worker itself.

A process of low priority that holds a lock may keep it for seconds while others use the processor. So no thread of a worker has a lower
priority, and what takes most of the time runs in a process that has no database (docs/adr/0169-speech-process.md).
"""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection
from typing import assert_never, cast

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from streaming import speaker_models
from streaming.audio.codecs import Decoder
from streaming.audio.pcm import RATE, Samples
from streaming.imports.decoded_file import lower_priority
from streaming.imports.speech_messages import (
    Abandon,
    Answer,
    AnyMethodCall,
    CallFailed,
    Channel,
    ComputeColumns,
    ComputeVectors,
    Feed,
    Finished,
    Loaded,
    LoadFailed,
    LoadSpeakerModels,
    MethodCall,
    Open,
    Recognised,
    RecognitionState,
    Request,
    Returned,
    SegmentSpeech,
    SpeechCall,
    SpeechSettings,
    Stop,
    Transcribe,
    Value,
)
from streaming.speaker_models import SpeakersOff
from streaming.speech.engines.base import Listener, Recogniser, RecogniserError, Recognition, RecognitionOptions, Word
from streaming.speech.speakers.types import Columns, Regions, SpeakerModels, Vectors

logger = logging.getLogger(__name__)

BYTES_PER_S = 2 * RATE


class SpeechProcessEnded(RuntimeError):
    """The speech process ended while a job needed it. The next job starts another one."""


class SpeechCallFailed(RuntimeError):
    """A call raised an exception in the speech process; the text is its type."""


class SpeechProcess:
    """A running speech process and its socket. Any thread may use it. Raises RecogniserError if its recogniser cannot be loaded."""

    def __init__(self, wanted: SpeechSettings, nice: int) -> None:
        ours, theirs = socket.socketpair()
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "streaming.imports.speech_service", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment)  # noqa: S603 - our own module
        lower_priority(self._process, nice)
        self._channel: Channel = Connection(ours.detach())
        self._sending, self._changed = threading.Lock(), threading.Condition()
        self._numbers = count(1)
        self._recognitions: dict[int, _RemoteRecognition] = {}
        self._returned: dict[int, Returned | CallFailed] = {}
        self.has_ended = False
        self._loaded: Loaded | LoadFailed | None = None
        self.send(wanted)
        threading.Thread(target=self._receive, name="speech-process", daemon=True).start()
        self.recogniser: Recogniser = RemoteRecogniser(self, self._when_loaded())

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> "Recognition":
        """Open a recognition. Raises SpeechProcessEnded."""
        recognition = _RemoteRecognition(self, next(self._numbers), decoder, listener)
        self._recognitions[recognition.number] = recognition
        self.send(Open(recognition.number, options))
        return recognition

    def forget(self, number: int) -> None:
        """Drop the results of a recognition from now on."""
        if self._recognitions.pop(number, None) is not None:
            with suppress(SpeechProcessEnded):
                self.send(Abandon(number))

    def call(self, method: MethodCall[Value]) -> Value:
        """Return what the method returns in the speech process; waits for it. Raises SpeechCallFailed and SpeechProcessEnded."""
        number = next(self._numbers)
        self.send(SpeechCall(number, cast(AnyMethodCall, method)))  # it has all subclasses of MethodCall
        with self._changed:
            self._changed.wait_for(lambda: number in self._returned or self.has_ended)
            answer = self._returned.pop(number, None)
        match answer:
            case None:
                raise SpeechProcessEnded
            case CallFailed(_, error):
                raise SpeechCallFailed(error)
            case Returned(_, value):
                return cast(Value, value)
            case _ as never:
                assert_never(never)

    def send(self, message: Request | SpeechSettings) -> None:
        """Send a message; waits while the process does not read. Raises SpeechProcessEnded."""
        try:
            with self._sending:
                self._channel.send(message)
        except OSError:
            self._note_end()
            raise SpeechProcessEnded from None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _when_loaded(self) -> Loaded:
        """Wait until the recogniser is loaded. Raises RecogniserError."""
        with self._changed:
            self._changed.wait_for(lambda: self._loaded is not None or self.has_ended)
            loaded = self._loaded
        if isinstance(loaded, Loaded):
            return loaded
        self.close()
        raise RecogniserError(loaded.reason if loaded is not None else "its process ended")

    def _receive(self) -> None:
        """Take the answers until the process ends."""
        while True:
            try:
                answer: Answer = self._channel.recv()
            except (EOFError, OSError):
                break
            self._take(answer)
        self._note_end()
        for recognition in list(self._recognitions.values()):
            recognition.wake()
        self._process.wait()
        with self._sending:  # another thread may be about to write to this descriptor
            self._channel.close()

    def _note_end(self) -> None:
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    def _take(self, answer: Answer) -> None:
        match answer:
            case Loaded() | LoadFailed():
                with self._changed:
                    self._loaded = answer
                    self._changed.notify_all()
            case Returned(number) | CallFailed(number):
                with self._changed:
                    self._returned[number] = answer
                    self._changed.notify_all()
            case RecognitionState(number) | Recognised(number) | Finished(number):
                if (recognition := self._recognitions.get(number)) is not None:
                    recognition.take(answer)
            case _ as never:
                assert_never(never)


class _RemoteRecognition(Recognition):
    """A recognition in the speech process. Its decoder decodes int16 at 16 kHz, in the thread that feeds."""

    def __init__(self, process: SpeechProcess, number: int, decoder: Decoder, listener: Listener) -> None:
        self.number = number
        self._process, self._decoder, self._listener = process, decoder, listener
        self._bytes = 0
        self._state = RecognitionState(number, 0.0, 0.0, 0.0, False)
        self._over = self._is_finished = False

    def feed(self, chunk: bytes) -> None:
        self._bytes += len(chunk)
        self._decoder.decode(chunk)  # for those who keep the samples
        self._process.send(Feed(self.number, chunk, self.fed))

    def switch(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def stop(self) -> None:
        self._process.send(Stop(self.number))

    def abandon(self) -> None:
        self._over = True
        self._process.forget(self.number)

    @property
    def backlog(self) -> float:
        return self._reported.backlog + self.fed - self._reported.fed_s

    @property
    def full(self) -> bool:
        return self._reported.is_full

    @property
    def settled(self) -> float:
        return self._reported.settled

    @property
    def fed(self) -> float:
        return self._bytes / BYTES_PER_S

    @property
    def _reported(self) -> RecognitionState:
        if self._process.has_ended:
            raise SpeechProcessEnded
        return self._state

    def take(self, answer: RecognitionState | Recognised | Finished) -> None:
        """Note what the process says. It sends a result before the state in which it is settled."""
        if self._over:
            return
        match answer:
            case RecognitionState():
                if not self._is_finished:  # it may be older
                    self._state = answer
                    self._listener.backlog_low()
            case Recognised(_, result):
                self._listener.recognised(result)
            case Finished(number):
                self._is_finished = True
                self._state = RecognitionState(number, self.fed, 0.0, float("inf"), False)
                self._listener.finished()
            case _ as never:
                assert_never(never)

    def wake(self) -> None:
        """Let whoever waits look again: the process has ended."""
        self._listener.backlog_low()


class RemoteRecogniser(Recogniser):
    """The recogniser of a speech process, for int16 at 16 kHz."""

    def __init__(self, process: SpeechProcess, loaded: Loaded) -> None:
        self._process = process
        self.languages, self.more_languages, self.model = loaded.languages, loaded.more_languages, loaded.model

    def load(self) -> None:
        """Do nothing: the process has loaded it."""

    @property
    def ready(self) -> bool:
        return not self._process.has_ended

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> Recognition:
        return self._process.open(options, decoder, listener)

    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        return self._process.call(Transcribe(pcm, tuple(voiced), thorough))

    def close(self) -> None:
        self._process.close()


class RemoteSpeakerModels:
    """The speaker models of a speech process, which loads them first. Raises SpeechCallFailed and SpeechProcessEnded, as each call does."""

    def __init__(self, process: SpeechProcess) -> None:
        self._process = process
        self.between, self.made_up = process.call(LoadSpeakerModels())

    def segment(self, window: Samples) -> NDArray[np.float32]:
        """Return the probability of each local speaker per frame."""
        return self._process.call(SegmentSpeech(window))

    def columns(self, clip: Samples) -> Columns:
        """Return the values from which voice vectors are computed."""
        return self._process.call(ComputeColumns(clip))

    def vectors(self, columns: Columns, parts: Sequence[Regions]) -> Vectors:
        """Return one voice vector for each list of regions."""
        return self._process.call(ComputeVectors(columns, tuple(parts)))


_lock = threading.Lock()
_running: SpeechProcess | None = None


def speech_process() -> SpeechProcess:
    """Return the speech process of this process, which is started if none runs; that takes seconds. Raises RecogniserError."""
    global _running
    with _lock:
        if _running is None or _running.has_ended:
            _running = SpeechProcess(_settings(), settings.WORKER_NICE)
            logger.info("the speech process %d is ready: %s", _running.pid, _running.recogniser.model)
        return _running


def models_of_speakers() -> SpeakerModels:
    """Return the speaker models of the speech process. Raises SpeakersOff, RecogniserError and SpeechProcessEnded."""
    if settings.SPEAKER_MODELS == speaker_models.NONE:
        raise SpeakersOff("speakers in one audio source are not told apart on this server")
    try:
        return RemoteSpeakerModels(speech_process())
    except SpeechCallFailed:
        raise SpeakersOff("the models that tell speakers apart cannot be loaded on this server") from None


def close() -> None:
    """End the speech process, if one runs; the next use starts another one."""
    global _running
    with _lock:
        ended, _running = _running, None
    if ended is not None:
        ended.close()


def _settings() -> SpeechSettings:
    return SpeechSettings(
        recogniser=settings.RECOGNISER,
        threads=settings.RECOGNISER_THREADS,
        models_dir=settings.DATA_DIR / "models",
        script=settings.RECOGNISER_SCRIPT,
        speaker_models=speaker_models.SHORT_NAMES.get(settings.SPEAKER_MODELS, settings.SPEAKER_MODELS),
    )
