"""The recognition of one speaker, turn by turn: chunks in, hypotheses out.

The methods of the `Recognition` interface may be called from any thread. The VAD thread calls `pull`, `frame`, `process`, `stall` and
`settle`; the thread of the decode executor, which decodes FLAC and Opus, calls `decode_portion`; decode jobs end in worker threads. The
lock guards what the VAD thread and the workers share: the pending finals and the newest tokens of each turn.
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

_PORTION_S = 0.25  # approximate limit of audio decoded per tick and speaker
_BEHIND_S = 0.5  # with more unprocessed audio than this, only finals are decoded
_MAX_PENDING_S = 30.0  # of finals; beyond it audio stays encoded, which takes less memory
_STALL_S = 2.0  # an open turn ends if the speaker sends nothing for this long


class TurnRecognition(Recognition):
    """A recognition for any engine that decodes blocks of audio (`Transcriber`)."""

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
        self.slot: int | None = None  # of the VAD model, assigned by the VAD thread
        self._options, self._transcriber, self._scheduler = options, transcriber, scheduler
        self._executor, self._wake = executor, wake
        self._out = RecognitionCallbacks(listener)
        self._queue = DecodeQueue(decoder, self._out.trouble)
        self._endpointer = Endpointer(options.end_of_turn_ms, options.longest_turn_s)
        self._rest: Samples = EMPTY  # decoded samples
        self._at = 0  # how many of them the VAD has processed
        self._frames: list[Samples] = []  # frames that a turn may still need
        self._first = 0  # number of the first of them
        self._last_fed = time.monotonic()
        self._interim: DecodeJob | None = None
        self._speculative: DecodeJob | None = None
        self._lock = self._out.lock
        self._turn = 1  # number of the open turn, or the next
        self._pending: deque[DecodeJob] = deque()  # finals that were not delivered yet, in order
        self._drafts: dict[int, tuple[int, ...]] = {}
        self._interim_end = 0  # last frame of the newest interim
        self._all_processed = False

    # -- any thread

    def feed(self, chunk: bytes) -> None:
        if self._queue.feed(chunk):
            self._last_fed = time.monotonic()
            self._out.update_backlog(self.backlog)
            self._wake_decoder()

    def switch(self, decoder: Decoder) -> None:
        if self._queue.switch(decoder):
            self._wake_decoder()

    def stop(self) -> None:
        if self._queue.close():
            self._wake_decoder()

    def _wake_decoder(self) -> None:
        """Wake the thread that decodes. If the decoder kind changes meanwhile, that thread wakes the other one."""
        if self._queue.in_place:
            self._wake(self)
        else:
            self._executor.submit(self)

    def abandon(self) -> None:
        self._out.disable()
        self._queue.clear()
        with self._lock:
            for job in (*self._pending, self._interim, self._speculative):
                if job:
                    self._scheduler.cancel(job)
            self._pending.clear()
        self._wake(self)

    @property
    def backlog(self) -> float:
        return self._queue.seconds + self._unprocessed_s + self._pending_s

    @property
    def full(self) -> bool:
        return self._queue.full

    @property
    def fed(self) -> float:
        return self._queue.fed

    @property
    def over(self) -> bool:
        """Whether the listener will not be called any more."""
        return self._out.over

    @property
    def _unprocessed_s(self) -> float:
        return (len(self._rest) - self._at) / RATE

    @property
    def _pending_s(self) -> float:
        with self._lock:
            return sum(job.span.seconds for job in self._pending)

    # -- the decode executor's thread

    def decode_portion(self) -> float | None:
        """Decode a portion of the waiting bytes; see `DecodeTask`."""
        wait_s = self._queue.decode_portion()
        if self._queue.can_take:
            self._wake(self)
        return wait_s

    # -- the VAD thread

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""
        return self._endpointer.speaking

    def pull(self) -> None:
        """Take a portion of decoded audio, unless enough of it or of finals already waits."""
        if not self._queue or self._unprocessed_s > _PORTION_S or self._pending_s > _MAX_PENDING_S:
            return
        samples = self._queue.take(_PORTION_S)
        if self._queue.wants_executor:
            self._executor.submit(self)
        rest = self._rest[self._at :]
        padding = np.zeros(-(len(rest) + len(samples)) % FRAME if self._queue.ended else 0, dtype=np.float32)
        self._rest, self._at = np.concatenate((rest, samples, padding)), 0

    def frame(self) -> Samples | None:
        """Return the next frame for the VAD, or None if not enough audio is there."""
        if len(self._rest) - self._at < FRAME:
            return None
        self._at += FRAME
        return self._rest[self._at - FRAME : self._at]

    def process(self, frame: Samples, probability: float) -> None:
        """Process the speech probability, in [0, 1], of a frame."""
        self._frames.append(frame)
        for event in self._endpointer.push(probability, float(frame @ frame) ** 0.5):
            self._handle(event)
        outdated = self._endpointer.keep_from - self._first
        if outdated > 0:
            del self._frames[:outdated]
            self._first += outdated

    def stall(self, now: float) -> None:
        """End the open turn if all audio was processed and nothing was fed for `_STALL_S`; `now` is a monotonic time."""
        if not self._queue and self._unprocessed_s * RATE < FRAME and now - self._last_fed > _STALL_S:
            self._close_turn()

    def settle(self) -> bool:
        """End a tick: deliver the results that are ready; return whether there is more audio to process."""
        if self._queue.ended and not self._queue and self._unprocessed_s * RATE < FRAME and not self._all_processed:
            self._close_turn()
            with self._lock:
                self._all_processed = True
                self._deliver()
        self._out.update_backlog(self.backlog)
        return not self.over and (self._unprocessed_s * RATE >= FRAME or (self._queue.can_take and self._pending_s <= _MAX_PENDING_S))

    def _close_turn(self) -> None:
        for event in self._endpointer.flush():
            self._handle(event)

    def _handle(self, event: Event) -> None:
        match event:
            case SpeechStarted(at):
                self._out.speech_started(round(at * FRAME_S, 3))
            case Progress():
                self._start_interim()
            case SpeechPaused(span):
                self._decode_speculatively(span)
            case SpeechEnded(span):
                self._end_turn(span)
            case SpeechDiscarded():
                self._cancel(self._interim, self._speculative)

    @property
    def _behind(self) -> bool:
        return self._queue.seconds + self._unprocessed_s > _BEHIND_S

    def _start_interim(self) -> None:
        """Start decoding the open turn for an interim, if interims are wanted and there is no more urgent work."""
        waiting = self._interim is not None and not self._interim.is_done
        if self._options.interims and not waiting and not self._behind and self._scheduler.has_room:
            self._endpointer.progress_made()
            self._interim = self._job(self._endpointer.so_far(), thorough=False)
            self._scheduler.submit(self._interim, Urgency.INTERIM)

    def _decode_speculatively(self, span: Span) -> None:
        """Decode the turn as it is if the silence goes on, so that its final is ready when the turn ends."""
        if self._behind:
            return
        self._cancel(self._interim, self._speculative)
        self._speculative = self._job(span, thorough=True)
        self._speculative.is_submitted = True
        self._scheduler.submit(self._speculative, Urgency.SPECULATIVE)

    def _end_turn(self, span: Span) -> None:
        speculative, self._speculative = self._speculative, None
        if speculative and speculative.span == span:
            job = speculative
            self._scheduler.promote(job)
            self._cancel(self._interim)
        else:
            job = self._job(span, thorough=True)
            self._cancel(self._interim, speculative)
        self._interim = None
        with self._lock:
            self._pending.append(job)
            self._turn += 1
            self._deliver()

    def _cancel(self, *jobs: DecodeJob | None) -> None:
        for job in jobs:
            if job and self._scheduler.cancel(job):
                job.is_done = True  # it never runs, so nothing may wait for it

    def _job(self, span: Span, *, thorough: bool) -> DecodeJob:
        pcm = np.concatenate(self._frames[span.start - self._first : span.end - self._first])
        return DecodeJob(self._turn, span, pcm, thorough, self._transcriber, self._draft, self._decoded)

    # -- the worker threads

    def _draft(self, turn: int) -> tuple[int, ...]:
        with self._lock:
            return self._drafts.get(turn, ())

    def _decoded(self, job: DecodeJob) -> None:
        """Publish the result of a job as an interim, or deliver it together with the finals that waited for it."""
        with self._lock:
            job.is_done = True
            if job.turn == self._turn and job.transcript.tokens:
                self._drafts[job.turn] = job.transcript.tokens
            if job in self._pending:
                self._deliver()
            elif job.turn == self._turn and self._options.interims and job.span.end > self._interim_end:
                self._interim_end = job.span.end
                self._publish(job, is_final=False)
        if self._queue or self.over:
            self._wake(self)

    def _deliver(self) -> None:
        """Publish the finals that are ready, in order, and submit the next one: one at a time, so that other speakers are served too."""
        while self._pending and self._pending[0].is_done:
            job = self._pending.popleft()
            self._publish(job, is_final=True)
            self._drafts.pop(job.turn, None)
        if self._pending and not self._pending[0].is_submitted:
            self._pending[0].is_submitted = True
            self._scheduler.submit(self._pending[0], Urgency.FINAL)
        self._out.update_backlog(self.backlog)
        if self._all_processed and not self._pending:
            self._out.finished()

    def _publish(self, job: DecodeJob, *, is_final: bool) -> None:
        transcript = job.transcript
        words = place_words(transcript.words, job.span.speech)
        if not words or not is_believable(transcript, job.span.voiced_s):
            return
        text = " ".join(word.text for word in words)
        start, end = round(words[0].start, 3), round(words[-1].end, 3)
        self._out.hypothesis(Hypothesis(text, words, transcript.confidence, is_final, start, end, job.turn))
