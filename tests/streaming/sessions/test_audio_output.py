"""Audio output: frames of 20 ms, bounded, cleared at once, with a count of what was played."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.sessions import audio_io as playback_module
from streaming.sessions.audio_io import AHEAD_S, AudioOutput
from streaming.types.client_connection import Pcm

RATE = 1000
"""Frames of 20 samples, so that tests can count them."""


def ramp(length: int, start: int = 0) -> Pcm:
    """Return recognisable samples."""
    return np.arange(start, start + length, dtype=np.int16)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=90), min_size=1, max_size=12))
def test_samples_are_neither_lost_nor_repeated(lengths: list[int]) -> None:
    """The client gets every sample once, in order, in frames of at most 20 ms, whatever the size of the pieces."""

    async def run() -> None:
        playback = AudioOutput(RATE)
        whole = ramp(sum(lengths))
        for part in np.split(whole, np.cumsum(lengths)[:-1]):
            await playback.put(part, RATE)
        playback.close(discard=False)
        blocks = []
        while (audio := await playback.get()) is not None:
            blocks.append(audio.samples)
            assert len(audio.samples) <= 20
        assert np.concatenate(blocks).tolist() == whole.tolist()

    asyncio.run(run())


async def test_a_handler_that_is_too_far_ahead_waits() -> None:
    """A handler that is faster than playback waits; played audio makes room."""
    playback = AudioOutput(RATE)
    await playback.put(ramp(int(AHEAD_S) * RATE), RATE)
    more = asyncio.create_task(playback.put(ramp(10), RATE))
    await asyncio.sleep(0.01)
    assert not more.done()
    await playback.get()
    await asyncio.wait_for(more, 30)


async def test_clear_releases_a_waiting_handler() -> None:
    """Clear drops the queued audio and the audio that a waiting handler puts."""
    playback = AudioOutput(RATE)
    await playback.put(ramp(int(AHEAD_S) * RATE), RATE)
    more = asyncio.create_task(playback.put(ramp(10), RATE))
    await asyncio.sleep(0)
    playback.clear()
    await asyncio.wait_for(more, 30)
    assert not playback.playing
    await playback.put(ramp(3, 7), RATE)
    audio = await playback.get()
    assert audio is not None
    assert audio.samples.tolist() == [7, 8, 9]


async def test_playing_until_the_transport_has_played_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audio counts as playing while it is queued or was sent and is not yet played."""
    monkeypatch.setattr(playback_module, "_FAR_END_S", 3600.0)
    playback = AudioOutput(RATE)
    assert not playback.playing
    await playback.put(ramp(30), RATE)
    assert playback.playing
    for _ in range(2):
        assert await playback.get() is not None
    assert playback.playing
    playback.played(0.02)
    assert playback.playing
    playback.played(0.01)
    assert not playback.playing


async def test_a_transport_without_playback_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without playback reports the clock decides: audio counts as played a little after its duration."""
    monkeypatch.setattr(playback_module, "_FAR_END_S", 3600.0)
    playback = AudioOutput(RATE)
    await playback.put(ramp(20), RATE)
    assert await playback.get() is not None
    assert playback.playing
    monkeypatch.setattr(playback_module, "_FAR_END_S", 0.03)
    async with asyncio.timeout(30):
        await playback.wait_until_played(60)
    assert not playback.playing


async def test_the_wait_for_the_end_of_playback_is_bounded() -> None:
    """A client that reads nothing does not keep a session open for ever."""
    playback = AudioOutput(RATE)
    await playback.put(ramp(20), RATE)
    async with asyncio.timeout(30):
        await playback.wait_until_played(0.05)
    assert playback.playing


async def test_audio_is_converted_to_the_rate_of_the_session() -> None:
    """Every frame has the session's rate, and the duration of the output equals that of the input."""
    playback = AudioOutput(24_000)
    for rate in (16_000, 48_000, 24_000):
        for _ in range(5):
            await playback.put(np.zeros(rate // 50, dtype=np.int16), rate)
    playback.flush()
    playback.close(discard=False)
    seconds = 0.0
    while (audio := await playback.get()) is not None:
        assert audio.rate == 24_000
        seconds += audio.seconds
    assert seconds == pytest.approx(0.3, abs=0.004)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(min_value=1, max_value=50), st.integers(0, 2)), min_size=1, max_size=25))
def test_samples_keep_their_order(portions: list[tuple[int, int]]) -> None:
    """The reader gets every sample once and in order, in frames of at most 20 ms, whatever the order of writer and reader."""

    async def run() -> None:
        playback = AudioOutput(RATE)
        out: list[int] = []

        async def fetch() -> None:
            while (audio := await playback.get()) is not None:
                assert len(audio.samples) <= 20
                out.extend(audio.samples.tolist())
                await asyncio.sleep(0)

        fetching = asyncio.create_task(fetch())
        at = 0
        for length, turns in portions:
            for _ in range(turns):
                await asyncio.sleep(0)
            await playback.put(ramp(length, at), RATE)
            at += length
        playback.close(discard=False)
        await fetching
        assert out == list(range(at))

    asyncio.run(run())


async def test_a_pause_holds_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pause one block fades out and nothing else is returned; then the audio continues, without a sample lost."""
    monkeypatch.setattr(playback_module, "_FAR_END_S", 3600.0)
    playback = AudioOutput(RATE)
    playback.pausable = True
    await playback.put(np.full(100, 1000, np.int16), RATE)
    assert await playback.get() is not None
    playback.pause(0.0)
    fading = await playback.get()
    assert fading is not None
    assert fading.samples[0] == 1000
    assert fading.samples[-1] == 0
    waiting = asyncio.create_task(playback.get())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    assert playback.playing
    assert playback.left_s == pytest.approx(0.12)
    playback.resume()
    first = await waiting
    assert first is not None
    assert first.after_pause
    assert first.samples[0] == 0
    assert first.samples[5:].tolist() == [1000] * 15
    rest = [frame for _ in range(3) if (frame := await playback.get()) is not None]
    assert not any(frame.after_pause for frame in rest)
    assert sum(len(frame.samples) for frame in rest) == 60


async def test_audio_that_was_not_played_is_returned_again() -> None:
    """What the transport gives back comes first after the pause, also a part of a block."""
    playback = AudioOutput(RATE)
    playback.pausable = True
    await playback.put(ramp(80, 1), RATE)
    for _ in range(3):
        assert await playback.get() is not None
    playback.pause(0.03)
    playback.resume()
    assert playback.played_s == pytest.approx(0)
    playback.played(0.03)
    assert playback.played_s == pytest.approx(0.03)
    again = [frame for _ in range(3) if (frame := await playback.get()) is not None]
    assert np.concatenate([frame.samples for frame in again])[5:].tolist() == ramp(45, 36).tolist()


async def test_a_pause_before_the_first_audio() -> None:
    """Audio that is put during a pause waits for its end, and nothing fades."""
    playback = AudioOutput(RATE)
    playback.pausable = True
    waiting = asyncio.create_task(playback.get())
    await asyncio.sleep(0)
    playback.pause(0.0)
    await playback.put(ramp(20, 5), RATE)
    await asyncio.sleep(0.02)
    assert not waiting.done()
    playback.resume()
    frame = await waiting
    assert frame is not None
    assert frame.samples[5:].tolist() == ramp(15, 10).tolist()


@pytest.mark.parametrize("end", ["clear", "close"])
async def test_the_end_of_a_reply_ends_its_pause(end: str) -> None:
    """Neither an interruption nor the end of the session leaves a reader waiting."""
    playback = AudioOutput(RATE)
    playback.pausable = True
    await playback.put(ramp(80), RATE)
    assert await playback.get() is not None
    playback.pause(0.0)
    assert await playback.get() is not None
    waiting = asyncio.create_task(playback.get())
    await asyncio.sleep(0)
    if end == "clear":
        playback.clear()
        await playback.put(ramp(20, 7), RATE)
        frame = await asyncio.wait_for(waiting, 30)
        assert frame is not None
        assert frame.samples.tolist() == ramp(20, 7).tolist()
        assert not frame.after_pause
    else:
        playback.close(discard=True)
        assert await asyncio.wait_for(waiting, 30) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 60)), min_size=1, max_size=8))
def test_no_pause_loses_a_sample(pauses: list[tuple[int, int]]) -> None:
    """Whatever is taken back at any number of pauses: every sample is played once, in order."""

    async def run() -> None:
        playback = AudioOutput(RATE)
        playback.pausable = True
        await playback.put(ramp(900, 1), RATE)
        heard: list[int] = []
        for blocks, back in pauses:
            before = len(heard)
            for _ in range(blocks):
                frame = await playback.get()
                assert frame is not None
                heard += frame.samples.tolist()
            back = min(back, len(heard) - before)
            playback.pause(back / RATE)
            del heard[len(heard) - back :]
            playback.resume()
        playback.close(discard=False)
        while (frame := await playback.get()) is not None:
            heard += frame.samples.tolist()
        assert len(heard) == 900
        wrong = [at for at, sample in enumerate(heard) if sample != at + 1]
        assert len(wrong) <= 5 * (len(pauses) + 1)  # the first samples after a pause are softer

    asyncio.run(run())
