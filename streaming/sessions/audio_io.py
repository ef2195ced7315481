"""Audio of a session in both directions: from the client in frames at the handler's rate, to the client in blocks of 20 ms.

Buffering of silence keeps idle sessions cheap. Processing 20 ms of silence costs little; waking all tasks for it costs much. While a
handler is idle, blocks that are no louder than the background noise are therefore held back until the next quarter of a second of the
clock. All sessions release their blocks then, so that the VAD model processes them in one batch. A louder block is released at once,
behind the held ones. No audio is dropped: the loudness decides when a block is processed, never whether.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.audio import mulaw
from streaming.audio.rates import NO_SOUND, Converter
from streaming.handlers.stream_handlers import AudioFrame as InputFrame
from streaming.types.client_connection import AudioFrame, Pcm, TransportKind

AudioBlock = Pcm | bytes
"""A block of a client's audio: int16 of shape (n,), or mu-law bytes."""

LONGEST_S = 0.25
"""Seconds of audio that are held back (`SILENT_S` after inaudible audio); twice as much where audio arrives faster than real time."""
SILENT_S = 1.0
"""Seconds of inaudible audio after which a client counts as silent."""
AWAKE_S = 0.5
"""Seconds after a loud block in which nothing is held back."""

_LOUDER = 1.5  # times the background level: found on recordings, see docs/develop/performance-streams.md
_INAUDIBLE = 3.0  # mean absolute sample of a block, of 32,768, up to which nothing is loud
_SAMPLED = 160  # samples of a block, at least, from which its loudness is computed
_DOWN, _UP = 0.3, 0.05  # how fast the background level follows a softer block, and a louder one

AHEAD_S = 30.0
"""Seconds of audio that may be queued; a handler that produces more waits until some was played."""
REWIND_S = 1.0
"""Seconds of audio that were passed to the transport and can still be taken back."""
FADE_S = 0.02
"""Seconds in which the audio fades out at a pause; the same audio is played in full when it continues."""
FADE_IN_S = 0.005
_FAR_END_S = 1.0
"""For transports that do not report playback: seconds after its due time at which audio counts as played."""


class AudioInput:
    """Converts audio blocks of any length to frames of 20 ms at `rate`; a remainder is kept for the next frame.

    With `is_idle`, silence may be held back, and frames have any length.
    """

    def __init__(self, rate: int, layout: str = "mono", kind: TransportKind = "webrtc", is_idle: Callable[[], bool] | None = None) -> None:
        self.rate = rate
        self._size = max(1, rate // 50)
        self._stereo = layout == "stereo"
        self._flat = kind != "webrtc" and not self._stereo
        self._converter = Converter(rate)
        self._rest: Pcm = NO_SOUND
        self._silence_buffer = SilenceBuffer(is_idle) if is_idle is not None else None

    @property
    def silent(self) -> bool:
        """Whether the audio has been inaudible for a while, and the handler is idle."""
        return self._silence_buffer is not None and self._silence_buffer.silent

    @property
    def received_s(self) -> float:
        """Seconds of audio received so far; counted only with `is_idle`."""
        return self._silence_buffer.received_s if self._silence_buffer is not None else 0.0

    def push(self, block: AudioBlock, rate: int) -> list[InputFrame]:
        """Take a block, int16 of shape (n,) or mu-law bytes, at any rate; return the frames that it completes."""
        if not len(block):  # an empty block would stay in the silence buffer, and so would any number of them
            return []
        if self._silence_buffer is not None:
            due = [self._converter.push(samples_of(held), its_rate) for held, its_rate in self._silence_buffer.push(block, rate)]
            return [(self.rate, self._shaped(due[0] if len(due) == 1 else np.concatenate(due)))] if due else []
        pcm = self._converter.push(samples_of(block), rate)
        if len(self._rest):
            pcm = np.concatenate((self._rest, pcm))
        elif len(pcm) == self._size:  # the usual case
            return [(self.rate, self._shaped(pcm))]
        whole = len(pcm) - len(pcm) % self._size
        self._rest = pcm[whole:]
        return [(self.rate, self._shaped(pcm[at : at + self._size])) for at in range(0, whole, self._size)]

    def _shaped(self, frame: Pcm) -> Pcm:
        if self._flat:
            return frame
        if self._stereo:
            frame = np.repeat(frame, 2)
        return frame.reshape(1, -1)


class SilenceBuffer:
    """Holds back one client's quiet audio while `is_idle` returns True: silence then has no effect on the handler."""

    def __init__(self, is_idle: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._is_idle = is_idle
        self._clock = clock
        self._held: list[tuple[AudioBlock, int]] = []
        self._held_s = 0.0
        self._background: float | None = None
        self._awake_s = AWAKE_S
        self._silent_s = 0.0
        self._period = 0
        self.received_s = 0.0
        """Seconds of audio received so far."""

    @property
    def silent(self) -> bool:
        """Whether the audio has been inaudible for `SILENT_S`, as from a muted microphone, and the handler is idle."""
        return self._silent_s >= SILENT_S and self._is_idle()

    def push(self, block: AudioBlock, rate: int) -> list[tuple[AudioBlock, int]]:
        """Take the next block; return the blocks that are released, each with its rate."""
        seconds = len(block) / rate
        self._held.append((block, rate))
        self._held_s += seconds
        self.received_s += seconds
        self._measure(loudness(block), seconds)
        longest = SILENT_S if self._silent_s >= SILENT_S else LONGEST_S
        before, self._period = self._period, int(self._clock() / longest)
        if self._awake_s <= 0 and self._held_s < 2 * longest and self._period == before and self._is_idle():
            return []
        due, self._held, self._held_s = self._held, [], 0.0
        return due

    def _measure(self, level: float, seconds: float) -> None:
        """Compare a block with the background level."""
        background = level if self._background is None else self._background
        self._silent_s = self._silent_s + seconds if level <= _INAUDIBLE else 0.0
        if level > _INAUDIBLE and level > _LOUDER * background:
            self._awake_s = AWAKE_S
        else:
            self._awake_s -= seconds
        self._background = background + (level - background) * (_UP if level > background else _DOWN)


def loudness(block: AudioBlock) -> float:
    """Return the approximate mean absolute int16 sample of a block; 0 for an empty one."""
    if isinstance(block, bytes):
        return mulaw.loudness(block)
    some: list[int] = block[:: max(1, len(block) // _SAMPLED)].tolist()  # faster than numpy for so few samples
    return sum(map(abs, some)) / len(some) if some else 0.0


def samples_of(block: AudioBlock) -> Pcm:
    """Return a block as int16 samples of shape (n,)."""
    return mulaw.decode(block) if isinstance(block, bytes) else block


class AudioOutput:
    """The output audio of one session, all at `rate`; used in the event loop only."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.pausable = False
        """Whether `pause` may be called, for which the blocks of the last second are kept."""
        self.client_pauses = False
        """Whether the client itself pauses its playback and fades it, so that it has audio to play after a pause."""
        self._loop = asyncio.get_running_loop()
        self._converter = Converter(rate)
        self._waiting: BoundedQueue[Pcm] = BoundedQueue(int(AHEAD_S * rate))
        self._block = rate // 50
        self._current: Pcm | None = None
        self._at = 0
        self._recent: deque[Pcm] = deque(maxlen=round(REWIND_S * 50))
        self._again: deque[Pcm] = deque()  # blocks that were taken back, to be sent first
        self._paused: asyncio.Future[None] | None = None
        self._fade_out: Pcm | None = None
        self._after_pause = False  # the next block is the first one after a pause
        self._cleared = 0
        self._sent_s = 0.0
        self._unplayed_s = 0.0
        self._played_by = 0.0
        self._changed = asyncio.Event()

    async def put(self, pcm: Pcm, rate: int) -> None:
        """Append audio, shape (n,), at any rate; wait while the queue is full."""
        converted = self._converter.push(pcm, rate)
        cleared = self._cleared
        while len(converted) and cleared == self._cleared and not self._waiting.closed:
            if self._waiting.put(converted, len(converted)):
                return
            await self._waiting.room()

    def flush(self) -> None:
        """Flush the samples that the resampling filter holds back, since the audio ends here for now."""
        rest = self._converter.flush()
        if len(rest):
            self._waiting.put(rest, len(rest))

    async def get(self) -> AudioFrame | None:
        """Wait for the next block and return it; None once closed and empty. In a pause, only a last block that fades out is returned."""
        while True:
            if self._fade_out is not None:
                block, self._fade_out = self._fade_out, None
                return self._sent(AudioFrame(block, self.rate))
            if self._paused is not None:
                await asyncio.shield(self._paused)
            elif self._again:
                return self._frame(self._again.popleft())
            elif self._current is not None:
                return self._frame(self._next_block())
            else:
                try:
                    self._current, self._at = await self._waiting.get(), 0
                except QueueClosed:
                    return None

    def pause(self, taken_back_s: float) -> None:
        """Return no more audio until `resume`, but one block that fades out if audio was being played.

        Args:
            taken_back_s: seconds at the end of the returned audio that the client will not play; they are returned again.
        """
        if self._paused is not None or self._waiting.closed:
            return
        was_playing = self._unplayed_s > 0
        self._take_back(round(taken_back_s * self.rate))
        self._paused = self._loop.create_future()
        following = self._again[0] if self._again else NO_SOUND if self._current is None else self._current[self._at :]
        if was_playing and not self.client_pauses and len(following):
            size = min(len(following), round(FADE_S * self.rate))
            self._fade_out = (following[:size] * np.linspace(1, 0, size)).astype(np.int16)
        self._changed.set()

    def resume(self) -> bool:
        """Continue where `pause` stopped; return whether there was a pause."""
        if self._paused is None:
            return False
        self._fade_out = None
        self._after_pause = True
        if self.client_pauses:
            self._played_by = max(self._played_by, self._loop.time() + self._unplayed_s)
        self._unpause()
        return True

    def played(self, seconds: float) -> None:
        """Record that the client has played `seconds` more."""
        self._unplayed_s = max(0.0, self._unplayed_s - seconds)
        self._changed.set()

    def clear(self) -> None:
        """Drop all audio that was not played yet, including that of a waiting `put`, and end a pause."""
        self._cleared += 1
        self._waiting.clear()
        self._converter.flush()
        self._current = self._fade_out = None
        self._after_pause = False
        self._recent.clear()
        self._again.clear()
        self._sent_s -= self._unplayed_s
        self._unplayed_s = 0.0
        self._unpause()
        self._changed.set()

    def close(self, *, discard: bool) -> None:
        """Refuse new audio and end a pause; queued audio is still returned unless discarded."""
        self._waiting.close(discard=discard)
        if discard:
            self._current = self._fade_out = None
            self._again.clear()
        self._unpause()
        self._changed.set()

    @property
    def playing(self) -> bool:
        """Whether audio is queued, or sent and not played yet."""
        if self._queued or (self.client_pauses and self._paused is not None and self._unplayed_s > 0):
            return True
        return self._unplayed_s > 0.005 and self._loop.time() < self._played_by + _FAR_END_S

    @property
    def played_s(self) -> float:
        """Seconds of audio that the client has played since the session began."""
        return self._sent_s - self._unplayed_s

    @property
    def left_s(self) -> float:
        """Seconds of audio that the client has still to play."""
        current = 0 if self._current is None else len(self._current) - self._at
        return (self._waiting.weight + current + sum(map(len, self._again))) / self.rate + self._unplayed_s

    async def wait_until_played(self, at_most_s: float) -> None:
        """Wait until the client has played everything, at most `at_most_s` seconds."""
        loop = self._loop
        until = loop.time() + at_most_s
        while self.playing and loop.time() < until:
            self._changed.clear()
            try:
                async with asyncio.timeout(min(until - loop.time(), max(0.02, self._played_by + _FAR_END_S - loop.time()))):
                    await self._changed.wait()
            except TimeoutError:
                continue

    @property
    def _queued(self) -> bool:
        return bool(len(self._waiting) or self._current is not None or self._again)

    def _next_block(self) -> Pcm:
        """Take the next block of the current audio, of which some is left."""
        assert self._current is not None  # noqa: S101  # checked by the caller
        block = self._current[self._at : self._at + self._block]
        self._at += len(block)
        if self._at >= len(self._current):
            self._current = None
        return block

    def _take_back(self, count: int) -> None:
        """Queue the last `count` samples that were returned once more, as far as they are kept."""
        while count > 0 and self._recent:
            block = self._recent.pop()
            self._again.appendleft(block[-count:])
            seconds = min(count, len(block)) / self.rate
            self._sent_s -= seconds
            self._unplayed_s = max(0.0, self._unplayed_s - seconds)
            count -= len(block)
        self._recent.clear()

    def _unpause(self) -> None:
        paused, self._paused = self._paused, None
        if paused is not None and not paused.done():
            paused.set_result(None)

    def _frame(self, block: Pcm) -> AudioFrame:
        """Return the frame of a block, which may be taken back; the first one after a pause begins softly."""
        if self.pausable:
            self._recent.append(block)
        after_pause, self._after_pause = self._after_pause, False
        fades_in = after_pause and not self.client_pauses
        return self._sent(AudioFrame(_fade_in(block, self.rate) if fades_in else block, self.rate, after_pause))

    def _sent(self, frame: AudioFrame) -> AudioFrame:
        """Record that a frame is sent to the client, and return it."""
        seconds = frame.seconds
        self._sent_s += seconds
        self._unplayed_s += seconds
        self._played_by = max(self._played_by, self._loop.time()) + seconds
        self._changed.set()
        return frame


def _fade_in(block: Pcm, rate: int) -> Pcm:
    """Return a copy of a block that begins softly, so that it does not click."""
    size = min(len(block), round(FADE_IN_S * rate))
    faded = block.copy()
    faded[:size] = (block[:size] * np.linspace(0, 1, size)).astype(np.int16)
    return faded
