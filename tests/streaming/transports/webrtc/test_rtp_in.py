"""Inbound audio and video: in order, without delay, with losses concealed, and always read."""

import asyncio
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpCodecParameters
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RemoteStreamTrack
from aiortc.rtp import RtpPacket
from av import AudioFrame, VideoFrame

from streaming.transports.webrtc import rtp_in
from streaming.transports.webrtc.rtp_in import (
    PICTURES_TO_DECODE,
    PromptBuffer,
    bound_video_queue,
    discard,
    mono,
    read_audio,
    read_video,
    use_prompt_buffer,
)
from streaming.transports.webrtc.rtp_out import OpusEncoder
from tests.streaming.transports.rtc import until


def given(numbers: list[int]) -> list[list[int]]:
    """Return the packets that a prompt buffer emits for packets of these numbers, one list for each."""
    buffer, found = PromptBuffer(), []
    for number in numbers:
        packet = RtpPacket(sequence_number=number & 0xFFFF, timestamp=number * 960)
        packet._data = b""
        _, frame = buffer.add(packet)
        if frame is not None:
            found.append([one.timestamp // 960 for one in (frame, *frame.later)])
    return found


def test_packets_in_order_are_emitted_at_once() -> None:
    """No packet waits for the next one, also where the numbers restart."""
    numbers = list(range(65530, 65550))
    assert given(numbers) == [[number] for number in numbers]


def test_packets_out_of_order_are_reordered() -> None:
    """The buffer waits for a packet that is late by one or two."""
    assert given([1, 2, 4, 3, 5, 6, 7]) == [[1], [2], [3, 4], [5], [6], [7]]
    assert given([1, 4, 3, 2, 5, 6, 7]) == [[1], [2, 3, 4], [5], [6], [7]]


def test_a_lost_packet_delays_by_two_packets() -> None:
    """aiortc's own buffer waits for sixteen."""
    assert given([1, 2, 4, 5, 6, 7, 8]) == [[1], [2], [4, 5, 6], [7], [8]]


def test_late_and_repeated_packets_are_dropped() -> None:
    """Skipped and emitted packets are not emitted again."""
    assert given([1, 2, 4, 5, 6, 3, 7, 2, 8, 9]) == [[1], [2], [4, 5, 6], [7], [8], [9]]


def test_a_new_numbering_restarts_the_buffer() -> None:
    """Packets of a restarted sender are emitted."""
    assert given([100, 101, 40000, 40001]) == [[100], [101], [40000], [40001]]
    assert given([40000, 40001, 100, 101]) == [[40000], [40001], [100], [101]]


async def test_a_flood_of_video_does_not_wait_for_a_slow_decoder() -> None:
    """Packets above the limit are dropped and a key frame is requested; the end of the track arrives."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = pc.addTransceiver("video").receiver
    bound_video_queue(receiver)
    waiting, asked = receiver._RTCRtpReceiver__decoder_queue, receiver._RTCRtpReceiver__decoder_error
    for number in range(PICTURES_TO_DECODE):
        waiting.put(("VP8", number))
    assert not asked.is_set()
    for number in range(1000):
        waiting.put(("VP8", number))
    assert waiting.qsize() == PICTURES_TO_DECODE
    assert asked.is_set()
    waiting.put(None)
    assert waiting.qsize() == PICTURES_TO_DECODE + 1
    await pc.close()


async def test_packets_after_a_gap_are_decoded_at_once() -> None:
    """They are decoded once the gap is skipped, each in its place, and no delay stays."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = pc.addTransceiver("audio").receiver
    use_prompt_buffer(receiver)
    opus = RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48000, channels=2, payloadType=96)
    receiver._track = RemoteStreamTrack(kind="audio")
    await receiver.receive(RTCRtpReceiveParameters(codecs=[opus]))
    voice = OpusEncoder(48000)
    for number in (1, 2, 4, 5, 6):
        packet = RtpPacket(payload_type=96, sequence_number=number, timestamp=0xFFFFFFFF - 2000 + number * 960 & 0xFFFFFFFF, ssrc=7)
        packet.payload = voice.encode(np.zeros(960, np.int16))
        await receiver._handle_rtp_packet(packet, arrival_time_ms=number * 20)
    async with asyncio.timeout(30):
        frames = [await receiver.track.recv() for _ in range(5)]
    assert [frame.pts for frame in frames] == [0, 960, 2880, 3840, 4800]
    await receiver.stop()
    await pc.close()


def ignore(complaint: str) -> None:
    """Accept a report."""


class Track:
    """A track with these frames that then ends, or waits for ever."""

    def __init__(self, frames: list[Any], ends: bool = True) -> None:
        self.frames = frames
        self.ends = ends

    async def recv(self) -> Any:
        """Return the next frame."""
        if self.frames:
            await asyncio.sleep(0)
            return self.frames.pop(0)
        if self.ends:
            raise MediaStreamError
        return await asyncio.Event().wait()


def sound(pts: int, value: int = 100, layout: str = "mono") -> AudioFrame:
    """Return 20 ms of a constant, 48 kHz."""
    channels = 2 if layout == "stereo" else 1
    frame = AudioFrame.from_ndarray(np.full((1, 960 * channels), value, np.int16), format="s16", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = 48000, pts, Fraction(1, 48000)
    return frame


async def test_audio_is_read_with_its_rate_until_the_track_ends() -> None:
    """The audio frames are int16, mono."""
    heard: list[tuple[int, int]] = []
    await read_audio(Track([sound(0), sound(960)]), lambda block, rate: heard.append((len(block), rate)))
    assert heard == [(960, 48000), (960, 48000)]


async def test_lost_audio_becomes_silence() -> None:
    """Later audio keeps its time; a long gap is cut to a second."""
    heard: list[np.ndarray] = []
    frames = [sound(0), sound(3 * 960), sound(4 * 960), sound(48000 * 60)]
    await read_audio(Track(frames), lambda block, rate: heard.append(block))
    assert [len(block) for block in heard] == [960, 1920, 960, 960, 48000, 960]
    assert not heard[1].any()


def test_stereo_becomes_mono() -> None:
    """Both channels are mixed."""
    frame = sound(0, layout="stereo")
    assert mono(frame).shape == (960,)
    both = np.tile(np.array([100, 300], np.int16), 960).reshape(1, -1)
    assert (mono(AudioFrame.from_ndarray(both, format="s16", layout="stereo")) == 200).all()


@pytest.mark.usefixtures("busy_handlers")
async def test_video_frames_are_arrays() -> None:
    """The arrays have height, width, and blue, green, red, also when handlers block asyncio's threads."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[..., 0] = 255
    seen: list[np.ndarray] = []
    reading = asyncio.create_task(read_video(Track([VideoFrame.from_ndarray(picture, format="bgr24")], ends=False), seen.append, ignore))
    await until(lambda: bool(seen), "no picture was seen")
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert seen[0].shape == (48, 64, 3)
    assert seen[0][0, 0].tolist() == [255, 0, 0]


async def test_the_newest_video_frames_are_kept() -> None:
    """A slow reader keeps a few frames."""
    frames = [VideoFrame.from_ndarray(np.full((48, 64, 3), shade, np.uint8), format="bgr24") for shade in range(0, 250, 5)]
    seen: list[np.ndarray] = []
    reading = asyncio.create_task(read_video(Track(frames, ends=False), seen.append, ignore))
    await until(lambda: len(seen) > 1 and int(seen[-1][0, 0, 0]) == 245, "the newest picture was not seen")
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    shades = [int(picture[0, 0, 0]) for picture in seen]
    assert shades == sorted(shades)
    assert rtp_in.PICTURES_AHEAD <= len(shades) <= 50


async def test_an_unused_track_is_read_to_its_end() -> None:
    """An unread track would fill the memory."""
    track = Track([sound(0), sound(960)])
    await discard(track)
    assert track.frames == []


async def test_invalid_video_frames_are_reported_and_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large frames and conversion errors are reported, and the next frame is delivered."""
    monkeypatch.setattr(rtp_in, "MOST_PIXELS", 64 * 64)

    class Broken:
        width = height = 16

        def to_ndarray(self, format: str) -> np.ndarray:
            """Fail."""
            raise ValueError("the secret words")

    seen: list[np.ndarray] = []
    complaints: list[str] = []
    frames: list[Any] = [VideoFrame(128, 64, "yuv420p"), VideoFrame(32, 32, "yuv420p")]
    reading = asyncio.create_task(read_video(Track(frames, ends=False), seen.append, complaints.append))
    await until(lambda: len(seen) == 1, "the small one was not seen")
    reading.cancel()
    broken = asyncio.create_task(read_video(Track([Broken(), VideoFrame(16, 16, "yuv420p")], ends=False), seen.append, complaints.append))
    await until(lambda: len(seen) == 2, "the whole one was not seen")
    broken.cancel()
    await asyncio.gather(reading, broken, return_exceptions=True)
    assert [picture.shape for picture in seen] == [(32, 32, 3), (16, 16, 3)]
    assert complaints == ["pictures of more than 4096 pixels are left out", "a picture could not be read"]
