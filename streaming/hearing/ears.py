"""All recognitions of the process: one hearing thread with one pause detector, and worker threads with one transcriber.

Any engine that decodes stretches of sound gets a whole recogniser from this. Why one thread: docs/adr/0011.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from streaming.audio.codecs import Decoder
from streaming.audio.pcm import Samples
from streaming.hearing.recognisers.base import Listener, RecognitionOptions
from streaming.hearing.recognition import TurnRecognition
from streaming.hearing.scheduler import Scheduler
from streaming.hearing.thread import HearingThread
from streaming.hearing.transcript import Transcriber
from streaming.hearing.voice import Voice

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

_ROUNDS = 8  # frames of one speaker heard in one tick, at most: who sends fast gets no more than that
_PATIENCE_S = 0.5  # how often open turns are looked at whose speaker sends nothing


class Ears:
    """Opens recognitions and works for them until `close`."""

    def __init__(self, transcriber: Transcriber, threads: int) -> None:
        self._transcriber = transcriber
        self._voice = Voice()
        self._scheduler = Scheduler(threads)
        self._thread = HearingThread(self._tick, self._patience)
        self._lock = threading.Lock()
        self._all: set[TurnRecognition] = set()
        self._speaking: dict[TurnRecognition, None] = {}

    def start(self) -> None:
        """Start the threads."""
        self._scheduler.start()
        self._thread.start()

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> TurnRecognition:
        """Begin to hear one speaker."""
        recognition = TurnRecognition(options, decoder, listener, self._transcriber, self._scheduler, self._thread.wake)
        with self._lock:
            self._all.add(recognition)
        return recognition

    def close(self) -> None:
        """Drop all recognitions, end the threads."""
        with self._lock:
            everybody = list(self._all)
        for recognition in everybody:
            recognition.abandon()
        self._thread.close()
        self._scheduler.close()

    def _patience(self) -> float | None:
        return _PATIENCE_S if self._speaking else None

    def _tick(self, members: list[TurnRecognition]) -> list[TurnRecognition]:
        """Hear up to `_ROUNDS` frames of each of these; return those with more."""
        for member in members:
            self._guard(member.pull)
        for _ in range(_ROUNDS):
            if not self._round(members):
                break
        now = time.monotonic()
        for member in list(self._speaking):
            self._guard(member.stall, now)
        return [member for member in members if self._settle(member)]

    def _round(self, members: list[TurnRecognition]) -> bool:
        """Hear one frame of everybody who has one; false when nobody has."""
        ready: list[TurnRecognition] = []
        frames: list[Samples] = []
        muted = False
        for member in members:
            frame = None if member.over else member.frame()
            if frame is None:
                continue
            if member.speaking or frame.any():
                ready.append(member)
                frames.append(frame)
            else:  # exact zeros are a muted microphone: no model is needed to know that
                muted = True
                self._guard(member.hear, frame, 0.0)
        if not ready:
            return muted
        probabilities = self._voice.probabilities([self._slot(member) for member in ready], frames)
        for member, frame, probability in zip(ready, frames, probabilities, strict=True):
            self._guard(member.hear, frame, probability)
            if member.speaking:
                self._speaking[member] = None
            else:
                self._speaking.pop(member, None)
        return True

    def _settle(self, member: TurnRecognition) -> bool:
        """End a tick for one; who is over gives its place back."""
        more = self._guard(member.settle)
        if not member.speaking or member.over:
            self._speaking.pop(member, None)
        if member.over:
            with self._lock:
                self._all.discard(member)
            if member.slot is not None:
                self._voice.free_slot(member.slot)
                member.slot = None
        return bool(more)

    def _slot(self, member: TurnRecognition) -> int:
        if member.slot is None:
            member.slot = self._voice.take_slot()
        return member.slot

    def _guard(self, call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result | None:
        """Call it; one speaker's failure is logged by type, never by its text, and is nobody else's."""
        try:
            return call(*args, **kwargs)
        except Exception as error:
            log.error("hearing: one recognition failed (%s)", type(error).__name__)
            return None
