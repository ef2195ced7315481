"""The recording of one session: samples come from the thread that decodes, one thread for all recordings writes them to files.

The file follows the clock of the audio (`streaming/audio/clock.py`): where the microphone was paused, it has silence. So a time in the
file is a time of speech. Samples wait for HOLD_S before they are written, because an anchor of the clock may still be corrected.

At MOST_WAITING_S seconds of waiting audio, further audio is dropped and becomes silence. The speaker is slowed down long before that
(`full`), unless the disk writes nothing at all.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from insights.recorder import AudioFacts
from streaming.audio.clock import Clock
from streaming.audio.codecs import Decoder
from streaming.audio.opus_file import OpusWriter
from streaming.audio.pcm import RATE, Samples
from streaming.recordings import files
from streaming.recordings.files import STARTED_AT, UnfinishedFile

logger = logging.getLogger(__name__)

HOLD_S = 1.0
TICK_S = 0.5
"""Seconds between two writes. A crash loses HOLD_S, TICK_S and one packet, and what was not decoded yet."""
FULL_S = 10.0
"""Seconds of waiting audio above which the speaker has to wait."""
STALLED_S = 5.0
"""Seconds without a write after which the disk counts as stalled: the speaker does not wait for it, and transcription continues."""
MOST_WAITING_S = 60.0
JITTER_S = 0.05
"""A shorter difference between the file and the clock is not corrected."""


class AudioNotStored(Exception):
    """The audio of a session cannot be stored, or part of it; transcription continues. Reported once."""

    def __init__(self) -> None:
        super().__init__("the audio cannot be stored at present; transcription continues")


class _Block(NamedTuple):
    """Samples, their position in the audio, and when they came."""

    position: int
    samples: Samples
    came: float


class Recording:
    """The audio of one session on its way to a file.

    Args:
        on_error: called at most once, from any thread.
    """

    def __init__(self, audio_id: UUID, conversation_id: int, clock: Clock, on_error: Callable[[Exception], None]) -> None:
        self.audio_id, self.conversation_id = audio_id, conversation_id
        self._clock, self._on_error = clock, on_error
        self._lock = threading.Lock()
        self._blocks: deque[_Block] = deque()
        self._added = self._waiting = 0  # samples
        self._wrote_at = time.monotonic()
        self._closing = False
        self._reported = False
        self._writer: OpusWriter | None = None
        self._file: UnfinishedFile | None = None
        self._started_at: datetime | None = None
        self._failed = False
        self.closed: Future[UnfinishedFile | None] = Future()
        """The complete file once the recording is closed; None without audio."""

    # -- any thread

    def add(self, samples: Samples) -> None:
        """Append decoded samples; call it in the order of the audio."""
        if not len(samples):
            return
        with self._lock:
            fits = self._waiting < MOST_WAITING_S * RATE and not self._failed and not self._closing
            if fits:
                if not self._blocks:
                    self._wrote_at = time.monotonic()  # the writer had nothing to do until now
                self._blocks.append(_Block(self._added, samples, time.monotonic()))
                self._waiting += len(samples)
            self._added += len(samples)
        if not fits and not self._closing:
            self._report()

    @property
    def full(self) -> bool:
        """Whether the speaker must wait until audio was written."""
        return self._waiting > FULL_S * RATE and time.monotonic() - self._wrote_at < STALLED_S

    @property
    def has_failed(self) -> bool:
        """Whether the file could not be written to its end."""
        return self._failed

    def close(self) -> None:
        """Take no more audio; the rest is written at once, then `closed` has the file."""
        self._closing = True
        WRITER.wake()

    # -- the writer's thread

    def write(self) -> bool:
        """Write what is due; return whether the recording is complete. Never raises."""
        closing = self._closing
        try:
            self._write_due(time.monotonic() if closing else time.monotonic() - HOLD_S)
            if closing:
                self._finish()
        except Exception as error:
            self._fail(error)
        if closing and not self.closed.done():
            self.closed.set_result(self._file if self._file and self._file.facts else None)
        return closing

    def _write_due(self, until: float) -> None:
        made = b"".join(self._encoded(until))
        if self._writer is not None and self._file is not None:
            made += self._writer.flush()
            files.write_all(self._file, made)
            self._wrote_at = time.monotonic()

    def _encoded(self, until: float) -> Iterator[bytes]:
        while (block := self._next(until)) is not None:
            at = self._clock.at(block.position / RATE)
            if self._writer is None or self._started_at is None:
                self._started_at = at
                self._writer = OpusWriter({STARTED_AT: at.isoformat()})
                self._file = files.create(self.conversation_id, self.audio_id)
                yield self._writer.head()
            behind = round((at - self._started_at).total_seconds() * RATE) - self._writer.samples
            if behind > JITTER_S * RATE:
                yield self._writer.silence(behind)
            yield self._writer.write(block.samples)

    def _next(self, until: float) -> _Block | None:
        with self._lock:
            if not self._blocks or self._blocks[0].came > until:
                return None
            block = self._blocks.popleft()
            self._waiting -= len(block.samples)
            return block

    def _finish(self) -> None:
        if self._writer is None or self._file is None or self._started_at is None:
            return
        if not self._failed:
            files.write_all(self._file, self._writer.finish())
            size = os.fstat(self._file.file.fileno()).st_size  # its path is gone if the conversation was deleted meanwhile
            self._file.facts = AudioFacts(self._started_at, self._writer.samples / RATE, size)

    def _fail(self, error: Exception) -> None:
        """Give up: the file is left as it is, without its lock, so that what is in it is stored later."""
        logger.error("the audio of conversation %d cannot be written (%s)", self.conversation_id, type(error).__name__)
        with self._lock:
            self._failed = True
            self._blocks.clear()
            self._waiting = 0
        if self._file is not None:
            self._file.close()
            self._file = None
        self._report()

    def _report(self) -> None:
        if not self._reported:
            self._reported = True
            self._on_error(AudioNotStored())


class RecordedDecoder(Decoder):
    """A decoder whose samples are recorded, too."""

    def __init__(self, decoder: Decoder, recording: Recording) -> None:
        self._decoder, self._recording = decoder, recording
        self.in_place, self.seconds_per_byte = decoder.in_place, decoder.seconds_per_byte

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        for block in self._decoder.blocks(chunk):
            self._recording.add(block)
            yield block

    def flush(self) -> Samples:
        rest = self._decoder.flush()
        self._recording.add(rest)
        return rest


class AudioWriter:
    """The thread that writes all recordings of this process, started by the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._recordings: list[Recording] = []
        self._thread: threading.Thread | None = None

    def add(self, recording: Recording) -> None:
        """Write a recording until it is closed."""
        with self._lock:
            self._recordings.append(recording)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audio-writer", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Write at once."""
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(TICK_S)
            self._wake.clear()
            with self._lock:
                waiting = list(self._recordings)
            done = {recording for recording in waiting if recording.write()}
            with self._lock:
                self._recordings = [one for one in self._recordings if one not in done]
                if not self._recordings:
                    self._thread = None
                    return


WRITER = AudioWriter()
