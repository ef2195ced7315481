"""Audio output: frames of 20 ms, bounded, cleared at once, with a count of what was played."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.sessions import audio as playback_module
from streaming.sessions.audio import AHEAD_S, AudioOutput
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
    playback.pause()
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
