"""Sound and pictures on their way out: real time without drift, nothing after an interruption, an end."""

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
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def tone(seconds: float, rate: int, hz: float = 440.0) -> AudioFrame:
    """Return a tone."""
    wave = 12000 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)
    return AudioFrame(wave.astype(np.int16), rate)


def source(*sounds: AudioFrame | None) -> Callable[[], Awaitable[AudioFrame | None]]:
    """Return a source that gives these, then nothing more for ever."""
    waiting = list(sounds)

    async def give() -> AudioFrame | None:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("an event that nobody sets was set")

    return give


def decoded(packets: list[Packet]) -> np.ndarray:
    """Return what a browser would hear, 48 kHz mono."""
    codec = CodecContext.create("libopus", "r")
    codec.sample_rate, codec.layout, codec.format = 48000, "mono", "s16"
    return np.concatenate([frame.to_ndarray().reshape(-1) for packet in packets for frame in codec.decode(Packet(bytes(packet)))])


def pitch(samples: np.ndarray) -> float:
    """Return the loudest frequency of 48 kHz sound, in Hz."""
    return float(np.abs(np.fft.rfft(samples)).argmax() * 48000 / len(samples))


async def test_a_pause_is_seen_in_the_timestamps(monkeypatch: pytest.MonkeyPatch) -> None:
    """After three silent seconds the count of samples has gone on for three seconds, so that nobody takes them for delay."""
    clock = Clock()
    monkeypatch.setattr(rtp_out.time, "monotonic", clock)
    track = AudioTrack(source(tone(0.04, 24000), tone(0.02, 24000)), lambda seconds: None)
    assert [(await track.recv()).pts for _ in range(2)] == [0, 960]
    clock.now += 3.0
    place = (await track.recv()).pts
    assert place == pytest.approx(3.0 * 48000, abs=2 * 960)
    assert place % 960 == 0


async def test_a_stall_is_not_seen_in_the_timestamps(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was held up for a third of a second leaves at once, as if it were on time: nothing stays late."""
    clock = Clock()
    monkeypatch.setattr(rtp_out.time, "monotonic", clock)
    track = AudioTrack(source(tone(0.02, 24000), tone(0.34, 24000)), lambda seconds: None)
    assert (await track.recv()).pts == 0
    clock.now += 0.34
    assert [(await track.recv()).pts for _ in range(17)] == [960 * number for number in range(1, 18)]


async def test_a_process_that_stood_still_catches_up_with_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds that a busy machine held up leave at once, as if they were on time; the clock that tells is let go with the track."""
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
async def test_sound_of_any_rate_arrives_at_its_pitch(rate: int) -> None:
    """It is encoded at its own rate where Opus knows that, otherwise at the next higher one."""
    track = AudioTrack(source(*(tone(0.02, rate, 0) for _ in range(3)), tone(0.5, rate)), lambda seconds: None)
    packets = [await track.recv() for _ in range(24)]
    assert all(isinstance(packet, Packet) for packet in packets)
    assert pitch(decoded(packets)[12000:]) == pytest.approx(440, abs=10)
    assert OpusEncoder(rate).rate in OPUS_RATES


async def test_what_was_heard_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine protects a reply until its last sample was played, which is a little after its last packet left."""
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


async def test_a_packet_that_is_not_full_waits_shortly_then_leaves() -> None:
    """The last ten milliseconds of a reply are sent, with silence behind them."""
    track = AudioTrack(source(tone(0.03, 24000)), lambda seconds: None)
    packets = [await track.recv(), await track.recv()]
    assert len(decoded(packets)) == 2 * 960


async def test_nothing_is_sent_after_an_interruption() -> None:
    """What was handed over and has not left is dropped; then the track waits for new sound."""
    track = AudioTrack(source(tone(1.0, 24000)), lambda seconds: None)
    await track.recv()
    track.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.15):
            await track.recv()


async def test_the_track_ends_with_its_source() -> None:
    """Nobody waits for a handler that has closed its stream."""
    track = AudioTrack(source(tone(0.02, 24000), None), lambda seconds: None)
    await track.recv()
    with pytest.raises(MediaStreamError):
        await track.recv()
    assert track.readyState == "ended"


async def test_stopping_ends_the_question_for_more_sound() -> None:
    """A stopped track leaves no task behind, and takes no sound that another one is to send."""
    before = asyncio.all_tasks()
    track = AudioTrack(source(), lambda seconds: None)
    receiving = asyncio.create_task(track.recv())
    await asyncio.sleep(0.01)
    track.stop()
    with pytest.raises(MediaStreamError):
        await receiving
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_where_opus_was_not_agreed_on_frames_leave() -> None:
    """aiortc encodes those itself, in whatever was."""
    track = AudioTrack(source(tone(0.04, 24000)), lambda seconds: None)
    track.opus = False
    frames = [await track.recv(), await track.recv()]
    assert [frame.pts for frame in frames] == [0, 480]
    assert frames[0].sample_rate == 24000


@pytest.mark.usefixtures("busy_handlers")
async def test_sound_and_pictures_leave_beside_busy_handlers() -> None:
    """They are encoded in threads of our own, by us and by aiortc."""

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


async def test_pictures_are_made_even_and_keep_time() -> None:
    """Video codecs want even sizes; timestamps grow."""
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
