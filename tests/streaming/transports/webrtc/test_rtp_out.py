"""Outbound audio and video: real time without drift, nothing after an interruption, an end."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCRtpCodecParameters
from aiortc.mediastreams import MediaStreamError
from av import CodecContext, Packet

from streaming.cluster.runtime import runtime
from streaming.transports.loop_lag import Lag
from streaming.transports.webrtc import rtp_out
from streaming.transports.webrtc.rtp_out import OPUS_RATES, AudioTrack, OpusEncoder, VideoTrack, encode_apart
from streaming.types.client_connection import AudioFrame
from tests.streaming.transports.rtc import until


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def tone(seconds: float, rate: int, hz: float = 440.0) -> AudioFrame:
    """Return a tone."""
    wave = 12000 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)
    return AudioFrame(wave.astype(np.int16), rate)


def source(*sounds: AudioFrame | None) -> Callable[[], Awaitable[AudioFrame | None]]:
    """Return a source of these items that then waits for ever."""
    waiting = list(sounds)

    async def give() -> AudioFrame | None:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("an event that nobody sets was set")

    return give


def decoded(packets: list[Packet]) -> np.ndarray:
    """Return the audio that a browser would play, 48 kHz mono."""
    codec = CodecContext.create("libopus", "r")
    codec.sample_rate, codec.layout, codec.format = 48000, "mono", "s16"
    return np.concatenate([frame.to_ndarray().reshape(-1) for packet in packets for frame in codec.decode(Packet(bytes(packet)))])


def pitch(samples: np.ndarray) -> float:
    """Return the loudest frequency of 48 kHz audio, in Hz."""
    return float(np.abs(np.fft.rfft(samples)).argmax() * 48000 / len(samples))


async def test_timestamps_include_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """After three silent seconds the timestamps have advanced by three seconds, so that receivers see no delay."""
    clock = Clock()
    monkeypatch.setattr(rtp_out.time, "monotonic", clock)
    track = AudioTrack(source(tone(0.04, 24000), tone(0.02, 24000)), lambda seconds: None)
    assert [(await track.recv()).pts for _ in range(2)] == [0, 960]
    clock.now += 3.0
    place = (await track.recv()).pts
    assert place == pytest.approx(3.0 * 48000, abs=2 * 960)
    assert place % 960 == 0


async def test_timestamps_exclude_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audio that was delayed by a third of a second is sent at once with its original timestamps."""
    clock = Clock()
    monkeypatch.setattr(rtp_out.time, "monotonic", clock)
    track = AudioTrack(source(tone(0.02, 24000), tone(0.34, 24000)), lambda seconds: None)
    assert (await track.recv()).pts == 0
    clock.now += 0.34
    assert [(await track.recv()).pts for _ in range(17)] == [960 * number for number in range(1, 18)]


async def test_timestamps_include_pauses_of_a_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short the pause is, it is no stall: the audio after it is not sent at once, and has later timestamps."""
    clock = Clock()
    monkeypatch.setattr(rtp_out.time, "monotonic", clock)
    before, after = tone(0.02, 24000), tone(0.02, 24000)
    track = AudioTrack(source(before, AudioFrame(after.samples, after.rate, after_pause=True)), lambda seconds: None)
    assert (await track.recv()).pts == 0
    clock.now += 0.3
    assert (await track.recv()).pts == pytest.approx(0.3 * 48000, abs=960)


async def test_a_track_gives_back_what_it_did_not_send() -> None:
    """A pause takes the samples that wait in the track."""
    track = AudioTrack(source(tone(0.05, 24000)), lambda seconds: None)
    await track.recv()
    assert track.take_back() == pytest.approx(0.03)
    assert track.take_back() == 0


async def test_a_blocked_process_catches_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds of delayed audio are sent at once, and the lag timer is released with the track."""
    clock = Clock()
    monkeypatch.setattr(rtp_out.time, "monotonic", clock)
    monkeypatch.setattr(Lag, "stalled", lambda self, now: 2.0)
    track = AudioTrack(source(tone(0.02, 24000), tone(2.0, 24000)), lambda seconds: None)
    assert (await track.recv()).pts == 0
    clock.now += 2.0
    assert [(await track.recv()).pts for _ in range(100)] == [960 * number for number in range(1, 101)]
    assert runtime().part(Lag)._users == 1
    track.stop()
    track.stop()
    assert runtime().part(Lag)._users == 0


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
async def test_audio_of_any_rate_keeps_its_pitch(rate: int) -> None:
    """It is encoded at its own rate if Opus supports it, else at the next higher one."""
    track = AudioTrack(source(*(tone(0.02, rate, 0) for _ in range(3)), tone(0.5, rate)), lambda seconds: None)
    packets = [await track.recv() for _ in range(24)]
    assert all(isinstance(packet, Packet) for packet in packets)
    assert pitch(decoded(packets)[12000:]) == pytest.approx(440, abs=10)
    assert OpusEncoder(rate).rate in OPUS_RATES


async def test_played_audio_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reply is protected until its last sample was played, a little after its last packet was sent."""
    played: list[float] = []
    track = AudioTrack(source(tone(0.1, 24000)), played.append)
    for _ in range(4):
        await track.recv()
    monkeypatch.setattr(rtp_out, "HEARD_AFTER_S", 1.0)
    left = time.monotonic()
    await track.recv()
    assert sum(played) < 0.1
    await until(lambda: sum(played) > 0.09, "it was not told")
    assert time.monotonic() - left > 0.99
    assert sum(played) == pytest.approx(0.1)


async def test_an_incomplete_packet_is_sent_after_a_short_wait() -> None:
    """The last ten milliseconds of a reply are padded with silence and sent."""
    track = AudioTrack(source(tone(0.03, 24000)), lambda seconds: None)
    packets = [await track.recv(), await track.recv()]
    assert len(decoded(packets)) == 2 * 960


async def test_nothing_is_sent_after_an_interruption() -> None:
    """Queued audio is dropped, and the track waits for new audio."""
    track = AudioTrack(source(tone(1.0, 24000)), lambda seconds: None)
    await track.recv()
    track.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.15):
            await track.recv()


async def test_the_track_ends_with_its_source() -> None:
    """The track ends when the handler closes its stream."""
    track = AudioTrack(source(tone(0.02, 24000), None), lambda seconds: None)
    await track.recv()
    with pytest.raises(MediaStreamError):
        await track.recv()
    assert track.readyState == "ended"


async def test_stopping_cancels_the_wait_for_audio() -> None:
    """A stopped track leaves no task, and takes no audio of the next one."""
    before = asyncio.all_tasks()
    track = AudioTrack(source(), lambda seconds: None)
    receiving = asyncio.create_task(track.recv())
    await asyncio.sleep(0.01)
    track.stop()
    with pytest.raises(MediaStreamError):
        await receiving
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_without_opus_frames_are_sent() -> None:
    """aiortc encodes the frames itself with the negotiated codec."""
    track = AudioTrack(source(tone(0.04, 24000)), lambda seconds: None)
    track.opus = False
    frames = [await track.recv(), await track.recv()]
    assert [frame.pts for frame in frames] == [0, 480]
    assert frames[0].sample_rate == 24000


@pytest.mark.usefixtures("busy_handlers")
async def test_audio_and_video_are_sent_beside_busy_handlers() -> None:
    """Audio and video are encoded in threads of our own and of aiortc."""

    async def picture() -> np.ndarray:
        return np.zeros((48, 64, 3), np.uint8)

    plain = AudioTrack(source(tone(0.5, 24000)), lambda seconds: None)
    plain.opus = False
    pc = RTCPeerConnection()
    try:
        async with asyncio.timeout(30):
            assert isinstance(await AudioTrack(source(tone(0.02, 24000)), lambda seconds: None).recv(), Packet)
            for track, mime in ((plain, "audio/PCMU"), (VideoTrack(picture), "video/VP8")):
                sender = pc.addTrack(track)
                encode_apart(sender)
                codec = RTCRtpCodecParameters(mimeType=mime, clockRate=8000 if track is plain else 90000, payloadType=0)
                while await sender._next_encoded_frame(codec) is None:
                    continue  # its resampler begins
    finally:
        await pc.close()


async def test_video_frames_get_even_sizes_and_timestamps() -> None:
    """Video codecs need even sizes, and timestamps grow."""
    picture = np.zeros((101, 51, 3), np.uint8)
    pictures = [picture, picture, None]

    async def give() -> np.ndarray | None:
        return pictures.pop(0)

    track = VideoTrack(give)
    first, second = await track.recv(), await track.recv()
    assert (first.width, first.height) == (50, 100)
    assert second.pts > first.pts
    with pytest.raises(MediaStreamError):
        await track.recv()
