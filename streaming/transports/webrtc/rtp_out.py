"""Audio and video that a peer sends: audio in packets of 20 ms in real time, video frames as they come. One track per kind and connection.

Audio is encoded here, as mono at the handler's own rate, and not by aiortc, which converts everything to 48 kHz stereo and needs
twice the CPU time (docs/adr/0055-real-time-audio.md).
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

from streaming.aio.executors import AUDIO_THREADS, VIDEO_THREADS, Threads
from streaming.cluster.runtime import runtime
from streaming.transports.loop_lag import Lag
from streaming.transports.pacing import PlaybackPace
from streaming.transports.webrtc import aiortc_patches
from streaming.transports.webrtc.video_encoder import CLOCK as VIDEO_CLOCK
from streaming.transports.webrtc.video_encoder import CLOCK_BASE as VIDEO_CLOCK_BASE
from streaming.transports.webrtc.video_encoder import Vp8Encoder, picture_frame
from streaming.types.client_connection import AudioFrame

Block = npt.NDArray[np.int16]

PACKET_S = 0.02
LEAD_S = 0.06
"""Seconds that audio may be sent ahead of real time. It hides the jitter of a handler, but an interruption cannot take it back."""
PAUSABLE_LEAD_S = 0.04
"""The same where a reply may be paused: then it is silent within 0.2 s of the start of the user's speech."""
STALL_S = 0.34
"""After a delay of up to this many seconds the late packets are sent at once; an interruption cannot take them back."""
HEARD_AFTER_S = 0.15
"""Seconds after sending at which a packet counts as played: the lead, the network delay and the browser's jitter buffer."""
CLOCK = 48_000
"""The RTP clock rate of Opus, at any sample rate (RFC 7587 section 4.1)."""
CLOCK_BASE = fractions.Fraction(1, CLOCK)
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
VOICE_BITS = 48_000


class OpusEncoder:
    """An Opus encoder for mono audio; its rate is the given one, in Hz, rounded up to one that Opus supports."""

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
        """Encode one block of `samples` samples. Takes a fraction of a millisecond, so call it in a thread."""
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self.rate
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


class AudioTrack(MediaStreamTrack):
    """The outgoing audio track of a connection.

    Args:
        source: waits for and returns the next block; None at the end.
        played: called with the seconds of audio that the client should have played by now.
        lead: seconds that audio may be sent ahead of real time.
    """

    kind = "audio"
    opus = True
    """Whether Opus was negotiated; otherwise aiortc encodes the frames that we return."""

    def __init__(self, source: Callable[[], Awaitable[AudioFrame | None]], played: Callable[[float], None], lead: float = LEAD_S) -> None:
        super().__init__()
        self._source = source
        self._played = played
        self._lag = runtime().part(Lag)
        self._pace = PlaybackPace(lead, self._lag.stalled, STALL_S)
        self._packets = 0
        self._encoder: OpusEncoder | None = None
        self._resampler: tuple[int, soxr.ResampleStream] | None = None
        self._blocks: deque[Block] = deque()
        self._held = 0
        self._cleared = 0
        self._next_block: asyncio.Future[AudioFrame | None] | None = None
        """The wait for a block while part of a packet is here."""
        self._waiter: asyncio.Task[Any] | None = None
        """The task that waits for a block in `_whole`."""
        self._stopped = False

    def clear(self) -> None:
        """Drop the audio that is not sent yet."""
        self._cleared += 1
        self._blocks.clear()
        self._held = 0

    def take_back(self) -> float:
        """Drop the audio that is not sent yet and return its duration in seconds, since the reply pauses."""
        seconds = self._held / self._encoder.rate if self._encoder is not None else 0.0
        self._blocks.clear()
        self._held = 0
        return seconds

    def stop(self) -> None:
        """End the track and stop asking the source. Idempotent."""
        if self._encoder is not None and self.readyState == "live":
            self._lag.release()
        if self._next_block is not None:
            self._next_block.cancel()
            self._next_block = None
        if self._waiter is not None:
            self._waiter.cancel()
            self._waiter, self._stopped = None, True
        self.clear()
        super().stop()

    async def recv(self) -> "Packet[Any] | av.AudioFrame":
        """Wait until the next 20 ms are due and return them. Called by aiortc's sender, one call at a time."""
        while True:
            if self.readyState != "live":
                raise MediaStreamError
            if not await self._fill():
                continue
            wait = self._pace.wait(time.monotonic())
            if wait > 0:
                await asyncio.sleep(wait)
            if self._held and self._encoder is not None:  # an interruption may have cleared it meanwhile
                break
        block = self._take(self._encoder.samples)
        packet = await self._encode(self._encoder, block)
        asyncio.get_running_loop().call_later(HEARD_AFTER_S, self._report_played, self._cleared)
        return packet

    def _report_played(self, cleared: int) -> None:
        if cleared == self._cleared:
            self._played(PACKET_S)

    async def _encode(self, voice: OpusEncoder, block: Block) -> "Packet[Any] | av.AudioFrame":
        timestamp = self._next_timestamp()
        if self.opus:
            packet = Packet(await AUDIO_THREADS.run(voice.encode, block))
            packet.pts = timestamp
            packet.time_base = CLOCK_BASE
            return packet
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = voice.rate
        frame.pts = timestamp * voice.rate // CLOCK
        frame.time_base = fractions.Fraction(1, voice.rate)
        return frame

    def _next_timestamp(self) -> int:
        """Count a packet and return its RTP timestamp.

        It runs on through pauses, so that a browser knows a pause from a late packet.
        """
        self._packets += round(self._pace.sent(PACKET_S, time.monotonic()) / PACKET_S)
        timestamp = self._packets * round(CLOCK * PACKET_S)
        self._packets += 1
        return timestamp

    async def _fill(self) -> bool:
        """Wait for the next block; if part of a packet is here already, only until that packet is due. Return whether to send one."""
        if self._encoder is not None and self._held >= self._encoder.samples:
            return True
        if self._next_block is None and not self._held:  # nearly always: a task and a timer for each block would cost too much
            frame = await self._whole()
        else:
            next_block = self._next_block = self._next_block or asyncio.ensure_future(self._source())
            timeout_s = self._pace.wait(time.monotonic()) + PACKET_S if self._held else None
            done, _ = await asyncio.wait({next_block}, timeout=timeout_s)
            if not done:
                return True
            self._next_block = None
            if next_block.cancelled():
                return False
            frame = next_block.result()
        if frame is None:
            self.stop()
            return False
        self._add(frame)
        return self._encoder is not None and self._held >= self._encoder.samples

    async def _whole(self) -> AudioFrame | None:
        """Wait for the next block in the caller's own task; None at the end, or once `stop` has ended the wait."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine of the event loop
        cancelling = task.cancelling()
        self._waiter = task
        try:
            return await self._source()
        except asyncio.CancelledError:
            if self._stopped and task.uncancel() <= cancelling:
                return None
            raise
        finally:
            self._waiter = None

    def _add(self, frame: AudioFrame) -> None:
        if self._encoder is None:
            self._encoder = OpusEncoder(frame.rate)
            self._pace.begin(time.monotonic())
            self._lag.need()
        if frame.after_pause:
            self._pace.resume(time.monotonic())
        block: Block = np.asarray(frame.samples, dtype=np.int16).reshape(-1)
        if frame.rate != self._encoder.rate:
            if self._resampler is None or self._resampler[0] != frame.rate:
                self._resampler = (frame.rate, soxr.ResampleStream(frame.rate, self._encoder.rate, 1, dtype="int16", quality="HQ"))
            block = self._resampler[1].resample_chunk(block)
        self._blocks.append(block)
        self._held += len(block)

    def _take(self, count: int) -> Block:
        """Return the next `count` samples, padded with silence if there are fewer."""
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


class VideoTrack(MediaStreamTrack):
    """The outgoing video track of a connection: BGR arrays (height, width, 3), as fast as the source returns them."""

    kind = "video"
    sender: RTCRtpSender | None = None
    """aiortc's sender, where VP8 was negotiated (`encode_vp8`); otherwise aiortc encodes the frames that we return."""

    def __init__(self, source: Callable[[], Awaitable[Any]]) -> None:
        super().__init__()
        self._source = source
        self._began: float | None = None
        self._last = -1
        self._encoder = Vp8Encoder()
        self._keyframe = False

    def encode_vp8(self, sender: RTCRtpSender) -> None:
        """Encode here, at the bit rate of a sender, and with a keyframe when its receiver asks for one."""
        self.sender = sender
        aiortc_patches.on_keyframe_request(sender, self._request_keyframe)

    async def recv(self) -> "Packet[Any] | VideoFrame":
        """Wait for the next frame. Called by aiortc's sender, one call at a time."""
        if self.readyState != "live":
            raise MediaStreamError
        picture = await self._source()
        if picture is None:
            self.stop()
            raise MediaStreamError
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self._last = max(self._last + 1, int((now - self._began) * VIDEO_CLOCK))
        encoded: Packet[Any] | VideoFrame
        if self.sender is None:
            encoded = await VIDEO_THREADS.run(picture_frame, picture)
        else:
            keyframe, self._keyframe = self._keyframe, False
            bit_rate = aiortc_patches.bit_rate(self.sender)
            encoded = Packet(await VIDEO_THREADS.run(self._encoder.encode, picture, self._last, bit_rate, keyframe))
        encoded.pts, encoded.time_base = self._last, VIDEO_CLOCK_BASE
        return encoded

    def _request_keyframe(self) -> None:
        self._keyframe = True


class _OwnThreads:
    """Replaces the event loop in aiortc's sender, which uses it only for `run_in_executor`."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    def run_in_executor(self, _: None, encode: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Run an encoder in our threads."""
        return self._threads.run(encode, *args)


def encode_apart(sender: RTCRtpSender) -> None:
    """Make a sender encode in our threads, not in asyncio's."""
    aiortc_patches.replace_encoder_loop(sender, _OwnThreads(AUDIO_THREADS if sender.kind == "audio" else VIDEO_THREADS))
