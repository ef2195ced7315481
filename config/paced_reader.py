"""Reads one WebSocket at a bounded rate: back-pressure below the application, the same for Daphne and uvicorn.

Both servers parse everything that one read of a socket returns in one callback of the event loop: 64 to 256 KiB, which is tens of
thousands of small frames and blocks other connections for up to a second. A `PacedReader` sits between the transport and the parser. It
parses in slices, lets the event loop run between them, and pauses the transport while the application is behind or the frame rate is too
high (docs/adr/0070-paced-reading-of-websockets.md).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

SLICE_BYTES = 2048
"""Bytes passed to the parser at once: at most 341 frames, a few milliseconds of work."""
FRAMES_AT_ONCE = 64
"""Frames after which the event loop runs before the next slice."""
BYTES_AT_ONCE = 64 * 1024
"""The same for large frames, in bytes."""
FRAMES_PER_S = 1000.0
"""Sustained limit of frames per second and socket; audio comes at 10 to 100 frames per second."""
FRAME_BURST = 500.0
"""Frames that may exceed that rate in a burst: five seconds of the fastest usual audio."""
MAX_FRAGMENTS = 4096
"""Limit of fragments per message; each costs memory even if it is empty."""


@dataclass(frozen=True, slots=True)
class ReadControl:
    """The functions of a connection that a reader uses.

    Attributes:
        parse: parses bytes and returns the number of frames found.
        blocked: returns whether the application's message queue is full.
        pause, resume: pause and resume reading from the transport; may be called repeatedly.
        call_later: calls a function in the event loop after a delay in seconds; returns a function that cancels the call.
        take_message: passes on the whole message that the bytes begin with, and returns the bytes of its frame; 0 if they begin with
            anything else, which is then parsed.
    """

    parse: Callable[[bytes], int]
    blocked: Callable[[], bool]
    pause: Callable[[], None]
    resume: Callable[[], None]
    call_later: Callable[[float, Callable[[], None]], Callable[[], None]]
    take_message: Callable[[bytearray], int] = lambda data: 0


class PacedReader:
    """Buffers the bytes of one socket and passes them to the parser at a bounded rate."""

    def __init__(self, control: ReadControl, clock: Callable[[], float] = time.monotonic) -> None:
        self._control = control
        self._clock = clock
        self._unparsed = bytearray()
        self._tokens = FRAME_BURST
        self._counted_at = clock()
        self._cancel_timer: Callable[[], None] | None = None
        self._parsing = False
        self._paused = False
        self._resumed_at = float("-inf")
        self._closed = False

    def held_back(self, seconds: float) -> bool:
        """Return whether reading was paused within the last `seconds`: data sent then, such as a pong, may still be unread."""
        return self._paused or self._clock() - self._resumed_at < seconds

    def feed(self, data: bytes) -> None:
        """Receive bytes from the transport."""
        if not self._closed:
            self._unparsed += data
            self.advance()

    def advance(self) -> None:
        """Parse as much as is allowed now. Call this when `blocked` becomes false; extra calls have no effect."""
        if self._closed or self._parsing:
            return
        if self._cancel_timer is None and not self._control.blocked():
            self._parsing = True
            try:
                wait = self._spend(self._parse_some())
            finally:
                self._parsing = False
            if wait or (self._unparsed and not self._control.blocked()):
                self._cancel_timer = self._control.call_later(wait, self._on_timer)
        self._pause_or_resume()

    def close(self) -> None:
        """Drop unparsed bytes and stop parsing."""
        self._closed = True
        self._unparsed.clear()
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    def _on_timer(self) -> None:
        self._cancel_timer = None
        self.advance()

    def _parse_some(self) -> int:
        frames = size = 0
        while self._unparsed and frames < FRAMES_AT_ONCE and size < BYTES_AT_ONCE and not self._closed:
            if taken := self._control.take_message(self._unparsed):
                del self._unparsed[:taken]
                size += taken
                frames += 1
                continue
            piece = bytes(self._unparsed[:SLICE_BYTES])
            del self._unparsed[:SLICE_BYTES]
            size += len(piece)
            frames += self._control.parse(piece)
        return frames

    def _spend(self, frames: int) -> float:
        """Take `frames` tokens from the bucket; return the seconds until it is no longer overdrawn."""
        now = self._clock()
        self._tokens = min(FRAME_BURST, self._tokens + (now - self._counted_at) * FRAMES_PER_S) - frames
        self._counted_at = now
        return -self._tokens / FRAMES_PER_S if self._tokens <= -1 else 0.0  # do not wait for less than one frame

    def _pause_or_resume(self) -> None:
        if self._closed:
            return
        if self._cancel_timer is not None or self._unparsed or self._control.blocked():
            self._paused = True
            self._control.pause()
        elif self._paused:
            self._paused = False
            self._resumed_at = self._clock()
            self._control.resume()


def call_later(loop: asyncio.AbstractEventLoop) -> Callable[[float, Callable[[], None]], Callable[[], None]]:
    """Return the `call_later` of a `ReadControl` for an asyncio event loop."""

    def later(seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        return (loop.call_later(seconds, call) if seconds else loop.call_soon(call)).cancel

    return later
