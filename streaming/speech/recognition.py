"""The recognition of one speaker, turn by turn: chunks in, results out.

The methods of the `Recognition` interface may be called from any thread. The VAD thread calls `pull`, `frame`, `process`, `stall` and
`settle`; the thread of the decode executor, which decodes FLAC and Opus, calls `decode_portion`; decode jobs end in worker threads. The
lock guards what the VAD thread and the workers share: the pending finals and the newest tokens of each turn.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, ParamSpec, assert_never

import numpy as np

from streaming.audio.codecs import RATE, Decoder
from streaming.audio.pcm import Samples
from streaming.audio.resample import EMPTY
from streaming.speech.audio_source import PORTION_S, AudioHistory, AudioSource
from streaming.speech.decode_executor import DecodeExecutor
from streaming.speech.decode_queue import DecodeQueue
from streaming.speech.decoder_pool import DecoderPool, Urgency
from streaming.speech.end_of_turn import EndOfTurnModel, Pause
from streaming.speech.endpointing import (
    FRAME_S,
    UNSTABLE_PART,
    Endpointer,
    Event,
    Progress,
    SpeechDiscarded,
    SpeechEnded,
    SpeechImprobable,
    SpeechPaused,
    SpeechPossible,
    SpeechStarted,
    TurnSpan,
)
from streaming.speech.engines.base import LOW_BACKLOG_S, Listener, Recognition, RecognitionOptions, RecognitionResult, Word
from streaming.speech.stable_words import StableWords
from streaming.speech.transcript import Transcriber, Transcript, is_plausible, timed_words
from streaming.speech.vad import FRAME

log = logging.getLogger(__name__)

_BEHIND_S = 0.5  # with more unprocessed audio than this, only finals are decoded
_MAX_PENDING_S = 30.0  # of finals; beyond it audio stays encoded, which takes less memory
UNDECIDED_MS = 650
"""Silence, in milliseconds, that ends a turn whose words are not decoded by then: finals stay on time on a busy machine."""

Arguments = ParamSpec("Arguments")


class RecognitionCallbacks:
    """Calls the listener of one recognition: one call at a time, none after `disable`. May be called from any thread.

    Exceptions of the listener are caught and logged. `lock` is held during each call; the recognition uses the same lock for its own
    state, so two locks cannot deadlock.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.lock = threading.RLock()
        self.over = False
        """Whether no more calls will be made."""
        self._backlog_is_high = False

    def call(self, method: Callable[Arguments, None], *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        """Call a method of the listener."""
        with self.lock:
            if self.over:
                return
            try:
                method(*args, **kwargs)
            except Exception as error:  # the message may contain spoken words: only its type is logged
                log.error("a recognition listener failed in %s (%s)", method.__name__, type(error).__name__)

    def finished(self) -> None:
        """Call `finished` once; nothing is called after it."""
        with self.lock:
            self.call(self._listener.finished)
            self.over = True

    def disable(self) -> None:
        """Make no more calls; a call in progress in another thread has ended when this returns."""
        with self.lock:
            self.over = True

    def update_backlog(self, backlog: float) -> None:
        """Record the backlog in seconds; call `backlog_low` when it has fallen to `LOW_BACKLOG_S` or less."""
        if backlog > LOW_BACKLOG_S:
            self._backlog_is_high = True
        elif self._backlog_is_high:
            self._backlog_is_high = False
            self.call(self._listener.backlog_low)


class QueuedRecognition(Recognition):
    """The input of a recognition: chunks wait in a queue until they are decoded to samples, which a thread of the engine takes.

    `wake` wakes that thread. It decodes itself if that is cheap (`Decoder.in_place`); otherwise the decode executor does.
    """

    def __init__(self, decoder: Decoder, listener: Listener, executor: DecodeExecutor, wake: Callable[[Any], None]) -> None:
        self._callbacks = callbacks = RecognitionCallbacks(listener)
        self._listener = listener
        self._queue = DecodeQueue(decoder, lambda error: callbacks.call(listener.audio_error, error))
        self._executor, self._wake = executor, wake
        self._last_fed = time.monotonic()

    def feed(self, chunk: bytes) -> None:
        if self._queue.feed(chunk):
            self._last_fed = time.monotonic()
            self._callbacks.update_backlog(self.backlog)
            self._wake_decoder()

    def switch(self, decoder: Decoder) -> None:
        if self._queue.switch(decoder):
            self._wake_decoder()

    def stop(self) -> None:
        if self._queue.close():
            self._wake_decoder()

    def abandon(self) -> None:
        self._callbacks.disable()
        self._queue.clear()

    def _wake_decoder(self) -> None:
        """Wake the thread that decodes. If the decoder kind changes meanwhile, that thread wakes the other one."""
        if self._queue.in_place:
            self._wake(self)
        else:
            self._executor.submit(self)

    @property
    def backlog(self) -> float:
        return self._queue.seconds

    @property
    def full(self) -> bool:
        return self._queue.full

    @property
    def fed(self) -> float:
        return self._queue.fed

    @property
    def over(self) -> bool:
        """Whether the listener will not be called any more."""
        return self._callbacks.over

    def decode_portion(self) -> float | None:
        """Decode a portion of the waiting bytes, in the thread of the decode executor; see `DecodeTask`."""
        wait_s = self._queue.decode_portion()
        if self._queue.can_take:
            self._wake(self)
        return wait_s

    def _take(self, seconds: float) -> Samples:
        """Return about so many seconds of decoded audio, or what there is; called in the thread of the engine."""
        samples = self._queue.take(seconds)
        if self._queue.wants_executor:
            self._executor.submit(self)
        return samples


@dataclass(slots=True, eq=False)
class DecodeJob:
    """The decoding of `span` of turn number `turn` in a worker thread; `is_part`: the turn begins before the span."""

    turn: int
    stable: StableWords
    span: TurnSpan
    pcm: Samples
    decode: Callable[[Samples, Sequence[int]], Transcript]
    draft: Callable[["DecodeJob"], Sequence[int]]  # returns the tokens that it probably repeats; called just before decoding
    done: Callable[["DecodeJob"], None]
    end_of_turn: EndOfTurnModel | None = None  # is asked which silence ends the turn after these words
    is_part: bool = False
    transcript: Transcript = field(default_factory=Transcript)
    is_done: bool = False
    is_submitted: bool = False

    def run(self) -> None:
        """Decode, then call `done`. After an exception the transcript is empty."""
        try:
            self.transcript = self.decode(self.pcm, self.draft(self))
        finally:
            self.done(self)


class TurnRecognition(QueuedRecognition, AudioSource[Samples]):
    """A recognition for any engine that decodes whole turns (`Transcriber`)."""

    def __init__(
        self,
        options: RecognitionOptions,
        decoder: Decoder,
        listener: Listener,
        transcriber: Transcriber,
        pool: DecoderPool,
        executor: DecodeExecutor,
        wake: Callable[["TurnRecognition"], None],
    ) -> None:
        QueuedRecognition.__init__(self, decoder, listener, executor, wake)
        self._end_of_turn = options.end_of_turn if options.live else None
        early = self._end_of_turn is not None
        pace = replace(UNSTABLE_PART, least=max(UNSTABLE_PART.early, round(options.interim_ms / 1000 / FRAME_S)))
        endpointer = Endpointer(options.end_of_turn_ms, options.longest_turn_s, asks_early=early, pace=pace)
        AudioSource.__init__(self, endpointer, AudioHistory(RATE, EMPTY))
        self._options, self._transcriber, self._pool = options, transcriber, pool
        self._interim: DecodeJob | None = None
        self._speculative: DecodeJob | None = None
        self._lock = self._callbacks.lock
        self._turn = 1  # number of the open turn, or the next
        self._pending: deque[DecodeJob] = deque()  # finals that were not delivered yet, in order
        self._stable = StableWords()  # of the open turn
        self._interim_end = 0  # last frame of the newest interim
        self._at_once = 1 if options.live else pool.threads  # finals that are submitted at the same time
        self._most_pending_s = max(_MAX_PENDING_S, 0 if options.live else 2 * pool.threads * options.longest_turn_s)
        self._settled_frame = 0  # no turn that was not seen yet starts before this frame
        self._at_end = False  # all audio was processed after `stop`

    # -- any thread

    def abandon(self) -> None:
        super().abandon()
        with self._lock:
            for job in (*self._pending, self._interim, self._speculative):
                if job:
                    self._pool.cancel(job)
            self._pending.clear()
        self._wake(self)

    @property
    def backlog(self) -> float:
        return self._queue.seconds + self._unprocessed_s + self._pending_s

    @property
    def settled(self) -> float:
        with self._lock:
            if self._at_end and not self._pending:
                return float("inf")
            return (self._pending[0].span.start if self._pending else self._settled_frame) * FRAME_S

    @property
    def _pending_s(self) -> float:
        with self._lock:
            return sum(job.span.seconds for job in self._pending) if self._pending else 0.0

    # -- the VAD thread

    def pull(self) -> None:
        """Take a portion of decoded audio, unless enough of it or of finals already waits."""
        if not self._queue or self._unprocessed_s > PORTION_S or self._pending_s > self._most_pending_s:
            return
        samples = self._take(PORTION_S)
        if self._queue.ended:
            rest = len(self._samples) - self._at + len(samples)
            samples = np.concatenate((samples, np.zeros(-rest % FRAME, dtype=np.float32)))
        self._append(samples, samples)

    @property
    def _is_queued(self) -> bool:
        return bool(self._queue)

    def settle(self) -> bool:
        """End a tick: deliver the results that are ready; return whether there is more audio to process."""
        if self._queue.ended and self._is_processed and not self._at_end:
            self._close_turn()
            with self._lock:
                self._at_end = True
                self._deliver()
        with self._lock:
            self._settled_frame = self._endpointer.keep_from
        self._callbacks.update_backlog(self.backlog)
        has_frame = len(self._samples) - self._at >= FRAME
        return not self.over and (has_frame or (self._queue.can_take and self._pending_s <= self._most_pending_s))

    def stall(self, now: float) -> None:
        """End the open turn of a live speaker who sends nothing; the audio of a file may come late without a pause in it."""
        if self._options.live:
            super().stall(now)

    def _handle(self, event: Event) -> None:
        match event:
            case SpeechPossible() | SpeechImprobable():  # not requested
                pass
            case SpeechStarted(at):
                self._callbacks.call(self._listener.speech_started, round(at * FRAME_S, 3))
            case Progress():
                self._start_interim()
            case SpeechPaused(span):
                self._decode_speculatively(span)
            case SpeechEnded(span):
                self._end_turn(span)
            case SpeechDiscarded():
                self._cancel(self._interim, self._speculative)
                with self._lock:
                    self._stable = StableWords()
            case _ as never:
                assert_never(never)

    @property
    def _behind(self) -> bool:
        return self._queue.seconds + self._unprocessed_s > _BEHIND_S

    def _start_interim(self) -> None:
        """Start decoding the open turn for an interim, if interims are wanted and there is no more urgent work."""
        waiting = self._interim is not None and not self._interim.is_done
        if self._options.interims and not waiting and not self._behind and self._pool.has_room:
            self._endpointer.progress_made()
            with self._lock:
                part = self._stable.unstable(self._endpointer.so_far())
            self._interim = self._job(part, self._transcriber.interim, is_part=True)
            self._pool.submit(self._interim, Urgency.INTERIM)

    def _decode_speculatively(self, span: TurnSpan) -> None:
        """Decode the turn as it is if the silence continues, so that its final is ready when the turn ends."""
        if self._behind or not self._options.live:
            return
        self._cancel(self._interim, self._speculative)
        self._speculative = self._job(span, self._transcriber.final)
        self._speculative.is_submitted = True
        self._speculative.end_of_turn = self._end_of_turn
        self._pool.submit(self._speculative, Urgency.SPECULATIVE)
        if self._end_of_turn is not None:  # waiting a little for the answer costs nothing: the final needs this decode too
            patience_ms = max(min(UNDECIDED_MS, self._options.longest_pause_ms), self._options.end_of_turn_ms)
            for event in self._endpointer.end_after(span, patience_ms):
                self._handle(event)

    def _end_turn(self, span: TurnSpan) -> None:
        speculative, self._speculative = self._speculative, None
        if speculative and speculative.span == span:
            job = speculative
            self._pool.promote(job)
            self._cancel(self._interim)
        else:
            job = self._job(span, self._transcriber.final)
            job.is_done = span.end * FRAME_S <= self._options.known_s  # without words, so that nothing is published
            self._cancel(self._interim, speculative)
        self._interim = None
        with self._lock:
            self._pending.append(job)
            self._turn += 1
            self._stable = StableWords()
            self._deliver()

    def _cancel(self, *jobs: DecodeJob | None) -> None:
        for job in jobs:
            if job and self._pool.cancel(job):
                job.is_done = True  # it never runs, so nothing may wait for it

    def _job(self, span: TurnSpan, decode: Callable[[Samples, Sequence[int]], Transcript], *, is_part: bool = False) -> DecodeJob:
        return DecodeJob(self._turn, self._stable, span, self._history.cut(span), decode, self._draft, self._decoded, is_part=is_part)

    # -- the worker threads

    def _draft(self, job: DecodeJob) -> tuple[int, ...]:
        with self._lock:
            return job.stable.draft if job.is_part else job.stable.whole_draft

    def _decoded(self, job: DecodeJob) -> None:
        """Publish the result of a job as an interim, or deliver it together with the finals that waited for it."""
        with self._lock:
            job.is_done = True
            if job in self._pending:
                self._deliver()
            elif job.stable is self._stable and job.span.end > self._interim_end:
                self._take_interim(job)
        if job.end_of_turn is not None and job.turn == self._turn:
            self.end_after(job.span, self._silence_ms(job, job.end_of_turn))
            self._wake(self)
        elif self._queue or self.over:
            self._wake(self)

    def _silence_ms(self, job: DecodeJob, model: EndOfTurnModel) -> int:
        """Return the silence that ends the turn of a job: that of the model, or the usual one if it cannot be asked."""
        if not is_plausible(job.transcript, job.span.voiced_s):
            return self._options.end_of_turn_ms
        try:
            silence_ms = model.silence_ms(Pause(tuple(word.text for word in job.transcript.words), job.pcm))
        except Exception as error:  # of a model outside of Parley: its text may contain spoken words
            log.error("the model of the end of a turn failed (%s)", type(error).__name__)
            return self._options.end_of_turn_ms
        return min(silence_ms, self._options.longest_pause_ms)

    def _take_interim(self, job: DecodeJob) -> None:
        """Add the words of a decode to those of the open turn, and publish them."""
        span, transcript = job.span, job.transcript
        if not is_plausible(transcript, span.voiced_s):
            return
        words = job.stable.add(span, job.pcm, transcript) if job.is_part else job.stable.replace(span, transcript)
        if words and self._options.interims and not self._pending:  # they would replace the displayed words of the turn before
            self._interim_end = span.end
            confidence = round(sum(word.confidence for word in words) / len(words), 4)
            self._publish(job, words, confidence, is_final=False)

    def _deliver(self) -> None:
        """Publish the finals that are ready, in order, and submit the next one: one at a time, so that other speakers are served too.

        Of a file, as many as there are threads are submitted at the same time: no thread waits for an earlier turn that takes longer.
        """
        while self._pending and self._pending[0].is_done:
            job = self._pending.popleft()
            words = timed_words(job.transcript, job.span.speech, job.span.start * FRAME_S)
            if words and is_plausible(job.transcript, job.span.voiced_s):
                self._publish(job, words, job.transcript.confidence, is_final=True)
        for job in islice((job for job in self._pending if not job.is_done), self._at_once):
            if not job.is_submitted:
                job.is_submitted = True
                self._pool.submit(job, Urgency.FINAL)
        self._callbacks.update_backlog(self.backlog)
        if self._at_end and not self._pending:
            self._callbacks.finished()

    def _publish(self, job: DecodeJob, words: tuple[Word, ...], confidence: float, *, is_final: bool) -> None:
        turn, transcript = job.turn, job.transcript
        if transcript.punctuation is not None:
            words = transcript.punctuation.of(words, is_final=is_final)
        text = " ".join(word.text for word in words)
        start, end = round(words[0].start, 3), round(words[-1].end, 3)
        result = RecognitionResult(
            text, words, confidence, is_final, start, end, turn, transcript.language, transcript.translation if is_final else ""
        )
        self._callbacks.call(self._listener.recognised, result)
