"""Inbound audio and video: decoded in our threads, in order, with losses concealed, and bounded."""

import asyncio
import threading
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpCodecParameters
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RemoteStreamTrack
from aiortc.rtp import RtpPacket
from av import AudioFrame, VideoFrame

from streaming.aio import executors
from streaming.aio.executors import Threads
from streaming.transports.webrtc import rtp_in
from streaming.transports.webrtc.rtp_in import (
    PICTURES_AHEAD,
    PICTURES_TO_DECODE,
    AudioDecoder,
    TrackDecoder,
    VideoDecoder,
    discard,
    mono,
    receive_audio,
    receive_video,
)
from streaming.transports.webrtc.rtp_out import OpusEncoder
from tests.streaming.transports.rtc import until

OPUS = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48000, channels=2, payloadType=96)
PCMU = RTCRtpCodecParameters(mimeType="audio/PCMU", clockRate=8000, channels=1, payloadType=0)
VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=97)


def ignore(*found: Any) -> None:
    """Accept what is received."""


class Numbers:
    """A decoder of frames whose data are numbers. It waits until it may go on, and cannot decode the number 13."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.waiting: list[int] = []

    def decode(self, codec: RTCRtpCodecParameters, frame: JitterFrame, waiting: int) -> list[tuple[int]]:
        """Return the number of a frame."""
        assert self.go_on.wait(60)
        self.waiting.append(waiting)
        if frame.data == b"13":
            raise ValueError("an unlucky number")
        return [(int(frame.data),)]


@pytest.fixture
def threads() -> Any:
    """An executor with two threads."""
    few = Threads("tested", 2)
    yield few
    few.close()
    executors._all.remove(few)


def frame(number: int) -> tuple[RTCRtpCodecParameters, JitterFrame]:
    """Return what aiortc's receiver puts into the queue of its decoder."""
    return OPUS, JitterFrame(str(number).encode(), number)


async def test_frames_are_passed_on_in_order(threads: Threads) -> None:
    """Whatever thread decodes them; one that cannot be decoded is reported and left out."""
    decoder, found, lost = Numbers(), [], []
    decoder.go_on.set()
    track = TrackDecoder(threads, decoder, found.append, 100, lambda: lost.append(None))
    for number in range(50):
        track.put(frame(number))
    await until(lambda: len(found) == 49, "not all frames were decoded")
    assert found == [number for number in range(50) if number != 13]
    assert len(lost) == 1


async def test_frames_above_the_limit_are_dropped(threads: Threads) -> None:
    """A slow decoder keeps the oldest ones, since the later ones need them, and each dropped one is reported."""
    decoder, found, lost = Numbers(), [], []
    track = TrackDecoder(threads, decoder, found.append, 3, lambda: lost.append(None))
    track.put(frame(0))
    await until(lambda: track.waiting == 0, "the first frame was not taken")
    for number in range(1, 10):
        track.put(frame(number))
    assert (track.waiting, len(lost)) == (3, 6)
    decoder.go_on.set()
    await until(lambda: len(found) == 4, "the frames were not decoded")
    assert found == [0, 1, 2, 3]
    assert decoder.waiting == [0, 2, 1, 0]


async def test_nothing_is_passed_on_after_the_end(threads: Threads) -> None:
    """The end reaches aiortc's thread at once, and later frames are dropped."""
    decoder, found = Numbers(), []
    track = TrackDecoder(threads, decoder, found.append, 100)
    track.put(frame(0))
    track.put(frame(1))
    track.put(None)
    track.put(frame(2))
    assert track.get(timeout=60) is None
    decoder.go_on.set()
    await until(lambda: not track._working, "the thread did not end")
    await asyncio.sleep(0)
    assert (found, track.waiting) == ([], 0)


async def test_an_error_of_the_receiver_stops_nothing(threads: Threads) -> None:
    """The next frame is passed on."""
    decoder, found = Numbers(), []
    decoder.go_on.set()

    def received(number: int) -> None:
        if number == 0:
            raise ValueError("no such number")
        found.append(number)

    track = TrackDecoder(threads, decoder, received, 100)
    track.put(frame(0))
    track.put(frame(1))
    await until(lambda: found == [1], "the next frame did not come")


async def receiving(kind: str) -> tuple[RTCPeerConnection, Any]:
    """Return a connection and its receiver, which is not started."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    return pc, pc.addTransceiver(kind).receiver


async def begun(receiver: Any, codec: RTCRtpCodecParameters) -> None:
    """Start a receiver."""
    receiver._track = RemoteStreamTrack(kind=receiver.track.kind if receiver.track else codec.mimeType.split("/")[0])
    await receiver.receive(RTCRtpReceiveParameters(codecs=[codec]))


def audio_packet(number: int, data: bytes) -> RtpPacket:
    """Return a packet of 20 ms whose timestamps wrap around."""
    packet = RtpPacket(payload_type=96, sequence_number=number, timestamp=0xFFFFFFFF - 2000 + number * 960 & 0xFFFFFFFF, ssrc=7)
    packet.payload = data
    return packet


@pytest.mark.usefixtures("busy_handlers")
async def test_audio_is_received_with_losses_as_silence() -> None:
    """Packets after a gap are decoded once it is skipped, each in its place; also when handlers block asyncio's threads."""
    pc, receiver = await receiving("audio")
    heard: list[tuple[np.ndarray, int]] = []
    receive_audio(receiver, lambda block, rate: heard.append((block, rate)))
    await begun(receiver, OPUS)
    voice = OpusEncoder(48000)
    tone = (12000 * np.sin(np.arange(960) * 2 * np.pi * 500 / 48000)).astype(np.int16)
    for number in (1, 2, 4, 5, 6):
        await receiver._handle_rtp_packet(audio_packet(number, voice.encode(tone)), arrival_time_ms=number * 20)
    await until(lambda: len(heard) == 6, "not all audio was received")
    assert [(len(block), rate) for block, rate in heard] == [(960, 48000)] * 6
    assert not heard[2][0].any()
    assert heard[1][0].any()
    await receiver.stop()
    await pc.close()


async def test_a_flood_of_video_does_not_wait_for_a_slow_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames above the limit are dropped and a keyframe is requested."""
    pc, receiver = await receiving("video")
    receive_video(receiver, ignore, ignore)
    decoder = Numbers()
    waiting, asked = receiver._RTCRtpReceiver__decoder_queue, receiver._RTCRtpReceiver__decoder_error
    monkeypatch.setattr(waiting, "_decoder", decoder)
    waiting.put(frame(0))
    await until(lambda: waiting.waiting == 0, "the first frame was not taken")
    for number in range(PICTURES_TO_DECODE):
        waiting.put(frame(number))
    assert not asked.is_set()
    for number in range(1000):
        waiting.put(frame(number))
    assert waiting.waiting == PICTURES_TO_DECODE
    assert asked.is_set()
    decoder.go_on.set()
    await until(lambda: waiting.waiting == 0, "the frames were not decoded")
    await pc.close()


@pytest.mark.usefixtures("busy_handlers")
async def test_video_frames_are_arrays() -> None:
    """The arrays have height, width, and blue, green, red; a frame is there with its last packet."""
    pc, receiver = await receiving("video")
    seen: list[np.ndarray] = []
    receive_video(receiver, seen.append, ignore)
    await begun(receiver, VP8)
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[..., 0] = 255
    shown = VideoFrame.from_ndarray(picture, format="bgr24")
    shown.pts, shown.time_base = 0, Fraction(1, 90000)
    payloads, _ = Vp8Encoder().encode(shown)
    for number, payload in enumerate(payloads):
        last = number == len(payloads) - 1
        packet = RtpPacket(payload_type=97, sequence_number=number, timestamp=0, ssrc=7, payload=payload, marker=int(last))
        await receiver._handle_rtp_packet(packet, arrival_time_ms=0)
    await until(lambda: bool(seen), "no picture was seen")
    assert seen[0].shape == (48, 64, 3)
    assert np.abs(seen[0][24, 32].astype(int) - [255, 0, 0]).max() < 10
    await receiver.stop()
    await pc.close()


async def test_an_unused_receiver_decodes_nothing() -> None:
    """Its packets are dropped: an unread track would fill the memory."""
    pc, receiver = await receiving("audio")
    discard(receiver)
    await begun(receiver, OPUS)
    for number in range(20):
        await receiver._handle_rtp_packet(audio_packet(number, b"\x00\x01"), arrival_time_ms=number * 20)
    assert receiver._RTCRtpReceiver__decoder_queue.waiting == 0
    assert receiver.track._queue.empty()
    await receiver.stop()
    await pc.close()


def encoded(number: int) -> JitterFrame:
    """Return 20 ms of Opus that begin at so many packets."""
    return JitterFrame(OpusEncoder(48000).encode(np.full(960, 1000, np.int16)), number * 960)


def test_a_long_gap_is_cut_to_a_second() -> None:
    """Later audio keeps its time after a short gap."""
    decoder = AudioDecoder()
    lengths = [[len(block) for block, _ in decoder.decode(OPUS, encoded(number), 0)] for number in (0, 3, 4, 5000)]
    assert lengths == [[960], [1920, 960], [960], [48000, 960]]


def test_another_codec() -> None:
    """Audio of a telephone is decoded by aiortc; its clock counts at its own rate."""
    decoder = AudioDecoder()
    found = [decoder.decode(PCMU, JitterFrame(b"\xff" * 160, at), 0) for at in (0, 160, 480)]
    assert [[(len(block), rate) for block, rate in blocks] for blocks in found] == [[(160, 8000)], [(160, 8000)], [(160, 8000)] * 2]


def test_stereo_becomes_mono() -> None:
    """Both channels are mixed."""
    both = np.tile(np.array([100, 300], np.int16), 960).reshape(1, -1)
    assert (mono(AudioFrame.from_ndarray(both, format="s16", layout="stereo")) == 200).all()
    assert mono(AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")).shape == (960,)


class Pictures:
    """A decoder that returns these frames."""

    def __init__(self, *frames: Any) -> None:
        self.frames = list(frames)

    def decode(self, encoded_frame: JitterFrame) -> list[Any]:
        """Return the next frame."""
        return [self.frames.pop(0)]


async def test_frames_are_not_converted_while_newer_ones_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are decoded, because the newer ones need them."""
    shown = [VideoFrame(32, 32, "yuv420p") for _ in range(2)]
    inner = Pictures(*shown)
    monkeypatch.setattr(rtp_in, "get_decoder", lambda codec: inner)
    decoder = VideoDecoder(ignore)
    assert decoder.decode(VP8, JitterFrame(b"a", 0), PICTURES_AHEAD + 1) == []
    assert [picture.shape for (picture,) in decoder.decode(VP8, JitterFrame(b"b", 0), PICTURES_AHEAD)] == [(32, 32, 3)]
    assert inner.frames == []


async def test_invalid_video_frames_are_reported_and_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large frames and conversion errors are reported, and the next frame is delivered."""
    monkeypatch.setattr(rtp_in, "MOST_PIXELS", 64 * 64)

    class Broken:
        width = height = 16

    inner = Pictures(VideoFrame(128, 64, "yuv420p"), Broken(), VideoFrame(16, 16, "yuv420p"))
    monkeypatch.setattr(rtp_in, "get_decoder", lambda codec: inner)
    complaints: list[str] = []
    decoder = VideoDecoder(complaints.append)
    found = [decoder.decode(VP8, JitterFrame(b"a", 0), 0) for _ in range(3)]
    assert [[picture.shape for (picture,) in pictures] for pictures in found] == [[], [], [(16, 16, 3)]]
    await until(lambda: len(complaints) == 2, "the errors were not reported")
    assert complaints == ["pictures of more than 4096 pixels are left out", "a picture could not be read"]
