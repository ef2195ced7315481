"""Recognitions of several speakers in virtual time: every decode takes the time that a model of its cost says, whatever the machine does.

Latencies are the same in each run and on each machine. The real VAD, endpointing, stable words and model decide what is decoded and shown.
"""

import heapq
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from streaming.audio.codecs import AudioError, open_decoder
from streaming.audio.pcm import RATE
from streaming.speech.audio_source import AudioSource
from streaming.speech.decode_executor import DecodeExecutor
from streaming.speech.decoder_pool import DecoderPool, InterimBudget, Urgency
from streaming.speech.end_of_turn import words_model
from streaming.speech.engines.base import EngineOptions, RecognitionOptions, RecognitionResult
from streaming.speech.engines.moonshine import MoonshineRecogniser
from streaming.speech.recognition import DecodeJob, TurnRecognition
from streaming.speech.vad_worker import FEW, SHORT_TICK_S, TICK_S, VadWorker
from tests.bench.client import chunks, stagger
from tests.bench.speech import Talk
from tests.bench.word_display import Display, Update, display

THREADS = 2
_DECODE_S, _DECODE_S_PER_S = 0.004, 0.012  # of wall time: a decode of the small model on an idle core
_AFTER_S = 1.0  # of silence after the audio of a speaker


class Clock:
    """The virtual time in seconds, and what happens later."""

    def __init__(self) -> None:
        self.now = 0.0
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._number = count()

    def at(self, when: float, act: Callable[[], object]) -> None:
        """Call `act` at a time."""
        heapq.heappush(self._later, (when, next(self._number), act))

    def run(self) -> None:
        """Let everything happen, in order."""
        while self._later:
            when, _, act = heapq.heappop(self._later)
            self.now = max(self.now, when)
            act()


class VirtualPool(DecoderPool):
    """The decoder pool without threads. `spent_s` is the real CPU time of the decodes by urgency, `decodes` their number."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(THREADS)
        self._clock = clock
        self._waiting: dict[Urgency, deque[DecodeJob]] = {urgency: deque() for urgency in Urgency}
        self._running: Counter[Urgency] = Counter()
        self._left = InterimBudget(THREADS, clock.now)
        self.spent_s = dict.fromkeys(Urgency, 0.0)
        self.decodes: Counter[Urgency] = Counter()

    def submit(self, job: object, urgency: Urgency) -> None:
        """Queue a decode, and start it if there is room."""
        assert isinstance(job, DecodeJob)
        self._waiting[urgency].append(job)
        self._start()

    @property
    def has_room(self) -> bool:
        """Return whether an interim may be submitted, as in `DecoderPool`."""
        waiting = self._waiting
        urgent = waiting[Urgency.FINAL] or waiting[Urgency.SPECULATIVE]
        return not urgent and len(waiting[Urgency.INTERIM]) < 2 * THREADS and self._left.allows(self._clock.now)

    def cancel(self, job: object) -> bool:
        """Remove a waiting decode; return whether there was one."""
        for queue in self._waiting.values():
            if isinstance(job, DecodeJob) and job in queue:
                queue.remove(job)
                return True
        return False

    def _start(self) -> None:
        while sum(self._running.values()) < THREADS and (urgency := self._next_urgency()) is not None:
            job = self._waiting[urgency].popleft()
            self._running[urgency] += 1
            began = time.thread_time()
            job.transcript = job.decode(job.pcm, job.draft(job))
            self.spent_s[urgency] += time.thread_time() - began
            self.decodes[urgency] += 1
            cost_s = _DECODE_S + _DECODE_S_PER_S * len(job.pcm) / RATE
            self._clock.at(self._clock.now + cost_s, partial(self._end, job, urgency, cost_s))

    def _next_urgency(self) -> Urgency | None:
        for urgency, queue in self._waiting.items():
            if queue and (urgency is not Urgency.INTERIM or self._running[urgency] < max(1, THREADS - 1)):
                return urgency
        return None

    def _end(self, job: DecodeJob, urgency: Urgency, cost_s: float) -> None:
        self._running[urgency] -= 1
        self._left.spent(cost_s, urgency, self._clock.now)
        job.done(job)
        self._start()


class VirtualVad:
    """The VAD worker without its thread."""

    def __init__(self, clock: Clock, speakers: int) -> None:
        self._clock, self._tick_s = clock, SHORT_TICK_S if speakers <= FEW else TICK_S
        self._worker = VadWorker()
        self._worker._stalls_checked = float("inf")  # it would compare the times of a real clock
        self._woken: dict[AudioSource[Any], None] = {}
        self._last, self._due = -1.0, False

    def wake(self, member: AudioSource[Any]) -> None:
        """Include a member in the next tick."""
        self._woken[member] = None
        if not self._due:
            self._due = True
            self._clock.at(max(self._clock.now, self._last + self._tick_s), self._tick)

    def _tick(self) -> None:
        self._due, self._last = False, self._clock.now
        members, self._woken = list(self._woken), {}
        for member in self._worker._process_portions(members):
            self.wake(member)


class UpdateListener:
    """Records the results of one speaker as updates, in seconds after `begin`."""

    def __init__(self, clock: Clock, begin: float) -> None:
        self._clock, self._begin = clock, begin
        self.updates: list[Update] = []

    def recognised(self, result: RecognitionResult) -> None:
        """Record a result."""
        self.updates.append(Update(self._clock.now - self._begin, result.text, result.is_final))

    def speech_started(self, at: float) -> None:
        """Ignore it."""

    def audio_error(self, error: AudioError) -> None:
        """Raise it: the audio is LINEAR16."""
        raise error

    def backlog_low(self) -> None:
        """Ignore it."""

    def finished(self) -> None:
        """Ignore it: the virtual time ends."""


def simulate(engine: MoonshineRecogniser, talks: Sequence[Talk], interim_ms: int) -> tuple[Display, VirtualPool]:
    """Recognise all talks at the same time; return how their words were displayed, and the pool with the decodes."""
    clock = Clock()
    pool, vad, executor = VirtualPool(clock), VirtualVad(clock, len(talks)), DecodeExecutor()
    options = RecognitionOptions(end_of_turn=words_model(), interim_ms=interim_ms)
    listeners = [UpdateListener(clock, stagger(number)) for number in range(len(talks))]
    for number, (talk, listener) in enumerate(zip(talks, listeners, strict=True)):
        recognition = TurnRecognition(options, open_decoder("LINEAR16", RATE), listener, engine, pool, executor, vad.wake)
        last = 0.0
        for due, chunk in _audio(talk):
            last = stagger(number) + due
            clock.at(last, partial(recognition.feed, chunk))
        clock.at(last, recognition.stop)
    clock.run()
    found = Display()
    for talk, listener in zip(talks, listeners, strict=True):
        found += display(talk.turns, talk.words, listener.updates)
    return found, pool


def _audio(talk: Talk) -> Iterable[tuple[float, bytes]]:
    return chunks(talk.sound.tobytes() + bytes(int(2 * _AFTER_S * RATE)))


def small_engine() -> MoonshineRecogniser:
    """Return the recogniser with the shipped model, without threads."""
    engine = MoonshineRecogniser(EngineOptions(THREADS, Path("no-models-here")))
    engine.load_model()
    return engine
