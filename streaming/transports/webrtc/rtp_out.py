"""What a peer sends: sound in packets of 20 ms at real time, pictures as they come. One track of each kind per connection.

Sound is encoded here, as mono at the handler's own rate, and not by aiortc, which would make every voice 48 kHz stereo:
that costs twice the processor time for nothing (docs/adr/0059-opus-of-our-own.md).
"""

import asyncio
import fractions
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soxr
from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.mediastreams import MediaStreamError
from av import CodecContext, Packet, VideoFrame

from streaming.aio.executors import PICTURES, SOUND, Threads
from streaming.transports.loop_lag import lag
from streaming.transports.pacing import Pace
from streaming.types.client_connection import AudioFrame

Block = npt.NDArray[np.int16]

PACKET_S = 0.02
LEAD_S = 0.06
"""How far ahead of real time sound may leave: it hides the jitter of a handler, and a barge-in cannot take it back."""
STALL_S = 0.34
"""Being late by so much is caught up with at once; what leaves ahead of time then, a barge-in cannot take back."""
HEARD_AFTER_S = 0.15
"""How long after a packet left its sound is taken as heard: the lead, the way, and what a browser holds back to play smoothly."""
CLOCK = 48_000
"""Opus counts in 48 kHz whatever it holds (RFC 7587 section 4.1)."""
CLOCK_BASE = fractions.Fraction(1, CLOCK)
PICTURE_CLOCK = 90_000
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
VOICE_BITS = 48_000

_LOOP = "_RTCRtpSender__loop"


class OpusVoice:
    """An Opus encoder for mono sound; `rate` is the first rate it is given, brought up to one that Opus knows."""

    def __init__(self, rate: int) -> None:
        self.rate = next((known for known in OPUS_RATES if known >= rate), CLOCK)
        self.samples = int(self.rate * PACKET_S)
        codec: Any = CodecContext.create("libopus", "w")
        codec.sample_rate = self.rate
        codec.layout = "mono"
        codec.format = "s16"
        codec.bit_rate = VOICE_BITS
        codec.options = {"application": "voip"}
        codec.time_base = fractions.Fraction(1, self.rate)
        self._codec = codec

    def encode(self, block: Block) -> bytes:
        """Return the packet of one block of `samples` samples. Takes a fraction of a millisecond: not for the event loop."""
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self.rate
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


class SoundTrack(MediaStreamTrack):
    """Sound on its way to a client.

    Args:
        source: waits for the next block; None when there will be none any more.
        played: told the seconds of sound that should have been heard by now.
    """

    kind = "audio"
    opus = True
    """Whether Opus was negotiated; otherwise aiortc encodes what we give it as plain frames."""

    def __init__(self, source: Callable[[], Awaitable[AudioFrame | None]], played: Callable[[float], None]) -> None:
        super().__init__()
        self._source = source
        self._played = played
        self._lag = lag()
        self._pace = Pace(LEAD_S, self._lag.stalled, STALL_S)
        self._packets = 0
        self._voice: OpusVoice | None = None
        self._resampler: tuple[int, soxr.ResampleStream] | None = None
        self._blocks: deque[Block] = deque()
        self._held = 0
        self._cleared = 0
        self._asking: asyncio.Future[AudioFrame | None] | None = None

    def clear(self) -> None:
        """Forget what was handed over and has not left."""
        self._cleared += 1
        self._blocks.clear()
        self._held = 0

    def stop(self) -> None:
        """End the track; nobody is asked for sound any more. Any number of calls."""
        if self._voice is not None and self.readyState == "live":
            self._lag.release()
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        self.clear()
        super().stop()

    async def recv(self) -> "Packet[Any] | av.AudioFrame":
        """Wait until the next 20 ms may leave and return them; called by aiortc's sender, one call at a time."""
        while True:
            if self.readyState != "live":
                raise MediaStreamError
            if not await self._enough():
                continue
            wait = self._pace.wait(time.monotonic())
            if wait > 0:
                await asyncio.sleep(wait)
            if self._held and self._voice is not None:  # a barge-in may have taken all of it meanwhile
                break
        block = self._take(self._voice.samples)
        packet = await self._packed(self._voice, block)
        asyncio.get_running_loop().call_later(HEARD_AFTER_S, self._heard, self._cleared)
        return packet

    def _heard(self, cleared: int) -> None:
        if cleared == self._cleared:
            self._played(PACKET_S)

    async def _packed(self, voice: OpusVoice, block: Block) -> "Packet[Any] | av.AudioFrame":
        place = self._place()
        if self.opus:
            packet = Packet(await SOUND.run(voice.encode, block))
            packet.pts = place
            packet.time_base = CLOCK_BASE
            return packet
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = voice.rate
        frame.pts = place * voice.rate // CLOCK
        frame.time_base = fractions.Fraction(1, voice.rate)
        return frame

    def _place(self) -> int:
        """Count a packet, and return its place in time.

        It runs on through pauses, so that a browser knows a pause from a late packet.
        """
        self._packets += round(self._pace.sent(PACKET_S, time.monotonic()) / PACKET_S)
        place = self._packets * round(CLOCK * PACKET_S)
        self._packets += 1
        return place

    async def _enough(self) -> bool:
        """Wait for the next block, or, with the beginning of a packet in hand, no longer than that packet may wait."""
        if self._voice is not None and self._held >= self._voice.samples:
            return True
        asking = self._asking = self._asking or asyncio.ensure_future(self._source())
        patience = self._pace.wait(time.monotonic()) + PACKET_S if self._held else None
        done, _ = await asyncio.wait({asking}, timeout=patience)
        if not done:
            return True
        self._asking = None
        if asking.cancelled():
            return False
        sound = asking.result()
        if sound is None:
            self.stop()
            return False
        self._add(sound)
        return self._voice is not None and self._held >= self._voice.samples

    def _add(self, sound: AudioFrame) -> None:
        if self._voice is None:
            self._voice = OpusVoice(sound.rate)
            self._pace.begin(time.monotonic())
            self._lag.need()
        block: Block = np.asarray(sound.samples, dtype=np.int16).reshape(-1)
        if sound.rate != self._voice.rate:
            if self._resampler is None or self._resampler[0] != sound.rate:
                self._resampler = (sound.rate, soxr.ResampleStream(sound.rate, self._voice.rate, 1, dtype="int16", quality="HQ"))
            block = self._resampler[1].resample_chunk(block)
        self._blocks.append(block)
        self._held += len(block)

    def _take(self, count: int) -> Block:
        """Return the next `count` samples, with silence after the last ones."""
        parts: list[Block] = []
        missing = count
        while missing and self._blocks:
            block = self._blocks.popleft()
            parts.append(block[:missing])
            if len(block) > missing:
                self._blocks.appendleft(block[missing:])
            missing -= len(parts[-1])
        self._held = max(0, self._held - (count - missing))
        if missing:
            parts.append(np.zeros(missing, dtype=np.int16))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


class PictureTrack(MediaStreamTrack):
    """Pictures on their way to a client: arrays (height, width, 3), BGR, as fast as their source gives them."""

    kind = "video"

    def __init__(self, source: Callable[[], Awaitable[Any]]) -> None:
        super().__init__()
        self._source = source
        self._began: float | None = None
        self._last = -1

    async def recv(self) -> VideoFrame:
        """Wait for the next picture; called by aiortc's sender."""
        if self.readyState != "live":
            raise MediaStreamError
        picture = await self._source()
        if picture is None:
            self.stop()
            raise MediaStreamError
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        frame = await PICTURES.run(_to_frame, picture)
        self._last = max(self._last + 1, int((now - self._began) * PICTURE_CLOCK))
        frame.pts = self._last
        frame.time_base = fractions.Fraction(1, PICTURE_CLOCK)
        return frame


class _OwnThreads:
    """What a sender of aiortc's takes for its event loop: it wants nothing of that but threads in which to encode."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    def run_in_executor(self, _: None, encode: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Encode a frame."""
        return self._threads.run(encode, *args)


def encode_apart(sender: RTCRtpSender) -> None:
    """Have a sender encode in threads of ours, and not in asyncio's. aiortc has no public way; a test holds the name."""
    if not hasattr(sender, _LOOP):
        raise AttributeError(f"RTCRtpSender has no {_LOOP} any more")
    setattr(sender, _LOOP, _OwnThreads(SOUND if sender.kind == "audio" else PICTURES))


def _to_frame(picture: npt.NDArray[np.uint8]) -> VideoFrame:
    """Make a frame of even width and height, as the video codecs want it."""
    height, width = picture.shape[:2]
    even = np.ascontiguousarray(picture[: height - height % 2, : width - width % 2], dtype=np.uint8)
    return VideoFrame.from_ndarray(even, format="bgr24")
