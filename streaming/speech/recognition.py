"""One speaker being heard turn by turn: chunks in, hypotheses out.

The methods of the interface may be called from any thread. `pull`, `frame`, `hear`, `stall` and `settle` belong to the hearing thread;
`decode_portion` to the decode executor's thread, which decodes FLAC and Opus; recogniser jobs end in worker threads. The lock guards what
the hearing thread and the workers share: the finals that are owed, and the newest tokens of each turn.
"""

import time
from collections import deque
from collections.abc import Callable

import numpy as np

from streaming.audio.codecs import RATE, Decoder
from streaming.audio.pcm import Samples
from streaming.audio.resample import EMPTY
from streaming.speech.decode_executor import DecodeExecutor
from streaming.speech.decode_job import DecodeJob
from streaming.speech.decode_queue import DecodeQueue
from streaming.speech.decode_scheduler import Scheduler, Urgency
from streaming.speech.endpointing import (
    FRAME_S,
    Endpointer,
    Event,
    Progress,
    Span,
    SpeechDiscarded,
    SpeechEnded,
    SpeechPaused,
    SpeechStarted,
)
from streaming.speech.engines.base import Hypothesis, Listener, Recognition, RecognitionOptions
from streaming.speech.recognition_callbacks import RecognitionCallbacks
from streaming.speech.transcript import Transcriber, is_believable, place_words
from streaming.speech.vad import FRAME

_PORTION_S = 0.25  # decoded from bytes in one tick for one speaker, at most about
_BEHIND_S = 0.5  # with so much unheard sound waiting, only finals are worth their decode
_MOST_OWED_S = 30.0  # of finals; beyond it bytes stay bytes, which are small
_STALL_S = 2.0  # an open turn whose speaker sends nothing for so long is over


class TurnRecognition(Recognition):
    """The recognition of any engine that decodes stretches of sound (`Transcriber`)."""

    def __init__(
        self,
        options: RecognitionOptions,
        decoder: Decoder,
        listener: Listener,
        transcriber: Transcriber,
        scheduler: Scheduler,
        executor: DecodeExecutor,
        wake: Callable[["TurnRecognition"], None],
    ) -> None:
        self.slot: int | None = None  # of the pause detection, given by the hearing thread
        self._options, self._transcriber, self._scheduler = options, transcriber, scheduler
        self._executor, self._wake = executor, wake
        self._out = RecognitionCallbacks(listener)
        self._intake = DecodeQueue(decoder, self._out.trouble)
        self._finder = Endpointer(options.end_of_turn_ms, options.longest_turn_s)
        self._rest: Samples = EMPTY  # decoded, not heard yet
        self._at = 0  # how much of it was heard
        self._sound: list[Samples] = []  # frames that a turn may still want
        self._first = 0  # number of the first of them
        self._last_fed = time.monotonic()
        self._interim: DecodeJob | None = None
        self._ahead: DecodeJob | None = None
        self._lock = self._out.lock
        self._turn = 1  # number of the open turn, or the next
        self._owed: deque[DecodeJob] = deque()  # finals in order
        self._drafts: dict[int, tuple[int, ...]] = {}
        self._shown = 0  # last frame of the newest interim
        self._all_heard = False

    # -- any thread

    def feed(self, chunk: bytes) -> None:
        if self._intake.feed(chunk):
            self._last_fed = time.monotonic()
            self._out.water(self.backlog)
            self._wake_decoder()

    def switch(self, decoder: Decoder) -> None:
        if self._intake.switch(decoder):
            self._wake_decoder()

    def stop(self) -> None:
        if self._intake.close():
            self._wake_decoder()

    def _wake_decoder(self) -> None:
        """Let the thread that decodes for the intake look at it. Where that changes meanwhile, the other one hands it on."""
        if self._intake.in_place:
            self._wake(self)
        else:
            self._executor.submit(self)

    def abandon(self) -> None:
        self._out.silence()
        self._intake.clear()
        with self._lock:
            for job in (*self._owed, self._interim, self._ahead):
                if job:
                    self._scheduler.cancel(job)
            self._owed.clear()
        self._wake(self)

    @property
    def backlog(self) -> float:
        return self._intake.seconds + self._unheard + self._owed_s

    @property
    def full(self) -> bool:
        return self._intake.full

    @property
    def fed(self) -> float:
        return self._intake.fed

    @property
    def over(self) -> bool:
        """Tell whether the listener will not be called any more."""
        return self._out.over

    @property
    def _unheard(self) -> float:
        return (len(self._rest) - self._at) / RATE

    @property
    def _owed_s(self) -> float:
        with self._lock:
            return sum(job.span.seconds for job in self._owed)

    # -- the decode executor's thread

    def decode_portion(self) -> float | None:
        """Decode a portion of the bytes that wait; see `DecodeTask`."""
        wait_s = self._intake.decode_portion()
        if self._intake.can_take:
            self._wake(self)
        return wait_s

    # -- the hearing thread

    @property
    def speaking(self) -> bool:
        """Tell whether a turn is open."""
        return self._finder.speaking

    def pull(self) -> None:
        """Get a portion of decoded audio, if little of it waits already."""
        if not self._intake or self._unheard > _PORTION_S or self._owed_s > _MOST_OWED_S:
            return
        samples = self._intake.take(_PORTION_S)
        if self._intake.wants_executor:
            self._executor.submit(self)
        rest = self._rest[self._at :]
        padding = np.zeros(-(len(rest) + len(samples)) % FRAME if self._intake.ended else 0, dtype=np.float32)
        self._rest, self._at = np.concatenate((rest, samples, padding)), 0

    def frame(self) -> Samples | None:
        """Return the next frame to be heard, None when not enough sound is there."""
        if len(self._rest) - self._at < FRAME:
            return None
        self._at += FRAME
        return self._rest[self._at - FRAME : self._at]

    def hear(self, frame: Samples, probability: float) -> None:
        """Take in how likely the frame is speech."""
        self._sound.append(frame)
        for event in self._finder.push(probability, float(frame @ frame) ** 0.5):
            self._handle(event)
        outdated = self._finder.keep_from - self._first
        if outdated > 0:
            del self._sound[:outdated]
            self._first += outdated

    def stall(self, now: float) -> None:
        """End the open turn if all was heard and nothing has been fed for some time; `now` is of the monotonic clock."""
        if not self._intake and self._unheard * RATE < FRAME and now - self._last_fed > _STALL_S:
            self._close_turn()

    def settle(self) -> bool:
        """End of a tick: tell what can be told; true while there is more to hear."""
        if self._intake.ended and not self._intake and self._unheard * RATE < FRAME and not self._all_heard:
            self._close_turn()
            with self._lock:
                self._all_heard = True
                self._deliver()
        self._out.water(self.backlog)
        return not self.over and (self._unheard * RATE >= FRAME or (self._intake.can_take and self._owed_s <= _MOST_OWED_S))

    def _close_turn(self) -> None:
        for event in self._finder.flush():
            self._handle(event)

    def _handle(self, event: Event) -> None:
        match event:
            case SpeechStarted(at):
                self._out.speech_started(round(at * FRAME_S, 3))
            case Progress():
                self._show_progress()
            case SpeechPaused(span):
                self._look_ahead(span)
            case SpeechEnded(span):
                self._end_turn(span)
            case SpeechDiscarded():
                self._forget(self._interim, self._ahead)

    @property
    def _behind(self) -> bool:
        return self._intake.seconds + self._unheard > _BEHIND_S

    def _show_progress(self) -> None:
        """Have the open turn decoded for an interim, unless nobody wants it or there is more urgent work."""
        waiting = self._interim is not None and not self._interim.is_done
        if self._options.interims and not waiting and not self._behind and self._scheduler.has_room:
            self._finder.progress_made()
            self._interim = self._job(self._finder.so_far(), thorough=False)
            self._scheduler.submit(self._interim, Urgency.INTERIM)

    def _look_ahead(self, span: Span) -> None:
        """Decode what will be the turn if the silence goes on, so that its final is ready when it is sure."""
        if self._behind:
            return
        self._forget(self._interim, self._ahead)
        self._ahead = self._job(span, thorough=True)
        self._ahead.is_submitted = True
        self._scheduler.submit(self._ahead, Urgency.AHEAD)

    def _end_turn(self, span: Span) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead and ahead.span == span:
            job = ahead
            self._scheduler.hasten(job)
            self._forget(self._interim)
        else:
            job = self._job(span, thorough=True)
            self._forget(self._interim, ahead)
        self._interim = None
        with self._lock:
            self._owed.append(job)
            self._turn += 1
            self._deliver()

    def _forget(self, *jobs: DecodeJob | None) -> None:
        for job in jobs:
            if job and self._scheduler.cancel(job):
                job.is_done = True  # it never will be otherwise, and nobody is to wait for it

    def _job(self, span: Span, *, thorough: bool) -> DecodeJob:
        pcm = np.concatenate(self._sound[span.start - self._first : span.end - self._first])
        return DecodeJob(self._turn, span, pcm, thorough, self._transcriber, self._draft, self._decoded)

    # -- the worker threads

    def _draft(self, turn: int) -> tuple[int, ...]:
        with self._lock:
            return self._drafts.get(turn, ())

    def _decoded(self, job: DecodeJob) -> None:
        """A decode has ended: show it as an interim, or deliver it and the finals that waited for it."""
        with self._lock:
            job.is_done = True
            if job.turn == self._turn and job.transcript.tokens:
                self._drafts[job.turn] = job.transcript.tokens
            if job in self._owed:
                self._deliver()
            elif job.turn == self._turn and self._options.interims and job.span.end > self._shown:
                self._shown = job.span.end
                self._tell(job, is_final=False)
        if self._intake or self.over:
            self._wake(self)

    def _deliver(self) -> None:
        """Tell the finals that are ready, in order, and have the next one decoded: one at a time, so that others get their turn."""
        while self._owed and self._owed[0].is_done:
            job = self._owed.popleft()
            self._tell(job, is_final=True)
            self._drafts.pop(job.turn, None)
        if self._owed and not self._owed[0].is_submitted:
            self._owed[0].is_submitted = True
            self._scheduler.submit(self._owed[0], Urgency.FINAL)
        self._out.water(self.backlog)
        if self._all_heard and not self._owed:
            self._out.finished()

    def _tell(self, job: DecodeJob, *, is_final: bool) -> None:
        transcript = job.transcript
        words = place_words(transcript.words, job.span.speech)
        if not words or not is_believable(transcript, job.span.voiced_s):
            return
        text = " ".join(word.text for word in words)
        start, end = round(words[0].start, 3), round(words[-1].end, 3)
        self._out.hypothesis(Hypothesis(text, words, transcript.confidence, is_final, start, end, job.turn))
