"""Sessions over WebRTC with a real client: what flows, in both directions and in either; and that every one of them ends."""

import asyncio
import time
from collections.abc import AsyncIterator

import aioice.ice
import numpy as np
import pytest
from pytest_django import Settings

from streaming.cluster.runtime import runtime
from streaming.handlers.stream import Stream
from streaming.transports.webrtc.peer import Peers
from streaming.transports.webrtc.rtp_out import LEAD_S
from tests.streaming.transports.handlers import Echo, Mirror, Monologue, echo, negative, shades
from tests.streaming.transports.rtc import Caller, here, nothing_is_left, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """After each test nothing of its sessions is left."""
    yield
    await nothing_is_left()


async def gone(stream: Stream) -> None:
    """Wait until the stream has no session."""
    await until(lambda: not stream.participants, "the session did not end")


async def as_many_come(caller: Caller) -> bool:
    """Send a hundred packets, and tell whether no more came meanwhile; after a moment that a busy machine missed, more may come."""
    count, sent = len(caller.arrivals), caller.microphone._count
    await until(lambda: caller.microphone._count > sent + 100, "the microphone stopped")
    await until(lambda: len(caller.arrivals) - count > 0.9 * (caller.microphone._count - sent), "packets are missing")
    return len(caller.arrivals) - count < 1.1 * (caller.microphone._count - sent) + 20


async def test_sound_goes_both_ways() -> None:
    """A tone comes back as the same tone, a packet for each that was sent, and the handler was started and shut down once."""
    begun, ended = Echo.begun, Echo.ended
    stream = echo()
    caller = await Caller(here(stream), "sendrecv", microphone=700).call()
    await caller.hears(700)
    for _ in range(5):
        if await as_many_come(caller):
            break
    else:
        pytest.fail("too many packets came")
    await caller.close()
    await gone(stream)
    assert (Echo.begun - begun, Echo.ended - ended) == (1, 1)


async def test_sound_only_to_the_stream() -> None:
    """Mode send: it is heard, and nothing comes back."""
    stream = Stream(Echo(), modality="audio", mode="send", name="ear")
    caller = await Caller(here(stream), "sendrecv").call()
    handler = stream.participants[caller.id].runner.handler
    await until(lambda: handler.heard > 20, "nothing was heard")
    assert not caller.blocks
    await caller.close()


async def test_sound_only_from_the_stream() -> None:
    """Mode receive: a client without a microphone hears it, as fast as it is spoken and no faster."""
    stream = Stream(Monologue(), modality="audio", mode="receive", name="mouth")
    since = time.monotonic()
    caller = await Caller(here(stream), "recvonly").call()
    await caller.hears(600)
    await until(lambda: len(caller.sound) > 2 * 48_000, "it stopped")
    assert len(caller.sound) / 48_000 < time.monotonic() - since + LEAD_S + 0.1
    await caller.close()


async def test_pictures_go_both_ways() -> None:
    """A function of a picture is asked for each, also when no input was ever set."""
    stream = Stream(negative, modality="video", mode="send-receive", name="negative")
    caller = await Caller(here(stream), video="sendrecv").call()
    await caller.sees((55, 215, 215))
    await caller.close()


async def test_pictures_only_from_the_stream() -> None:
    """Mode receive: a generator is looked at."""
    stream = Stream(shades, modality="video", mode="receive", name="shades")
    caller = await Caller(here(stream), video="recvonly").call()
    await caller.sees((180, 180, 180))
    await caller.close()


async def test_pictures_only_to_the_stream() -> None:
    """Mode send: they are seen, and none comes back."""
    seen: list[tuple[int, ...]] = []

    def look(picture: np.ndarray) -> np.ndarray:
        seen.append(picture.shape)
        return picture

    stream = Stream(look, modality="video", mode="send", name="eye")
    caller = await Caller(here(stream), video="sendrecv").call()
    await until(lambda: len(seen) > 2, "nothing was seen")
    assert seen[0] == (96, 128, 3)
    assert not caller.pictures
    await caller.close()


async def test_sound_and_pictures_together() -> None:
    """Over one connection."""
    stream = Stream(Mirror(), modality="audio-video", mode="send-receive", name="mirror")
    caller = await Caller(here(stream), "sendrecv", "sendrecv", microphone=500).call()
    await caller.hears(500)
    await caller.sees((200, 40, 40))
    await caller.close()


async def test_a_session_without_a_data_channel_works() -> None:
    """FastRTC waits for one for ever."""
    caller = await Caller(here(echo()), "sendrecv", channel=False).call()
    await caller.hears(440)
    await caller.close()


async def test_a_session_with_nothing_but_a_data_channel_works() -> None:
    """It hears messages."""
    stream = echo()
    caller = await Caller(here(stream)).call()
    stream.participants[caller.id].send_message({"type": "log", "data": "hello"})
    await caller.message("log", "hello")
    caller.channel.send("handshake")
    await caller.message("log", "Server received: handshake")
    await caller.close()


async def test_messages_of_the_first_moment_arrive() -> None:
    """They were said before there was a channel."""
    stream = echo()
    caller = Caller(here(stream), "sendrecv")
    status, answer = await caller.post(await caller.offer())
    stream.participants[caller.id].send_message({"type": "send_input", "data": []})
    assert status == 200
    await caller.accept(answer)
    await caller.message("send_input")
    await caller.close()


async def test_an_interruption_silences_within_a_moment() -> None:
    """Of ten seconds of speech nothing is heard any more soon after the handler clears its sound."""
    stream = Stream(Monologue(), modality="audio", mode="send-receive", name="mouth")
    caller = await Caller(here(stream), "sendrecv", microphone=0).call()
    await caller.hears(600)
    heard = len(caller.sound)
    stream.participants[caller.id].runner.clear_audio()
    await until(lambda: time.monotonic() - caller.arrivals[-1] > 1.0, "it speaks on")
    assert len(caller.sound) - heard < 48_000
    await caller.close()


async def test_a_server_that_hangs_up_says_why_first() -> None:
    """The time limit holds on WebRTC too, and the reason reaches the client before the connection goes."""
    stream = echo(time_limit=8)  # from the offer on, and it may be long until they are connected
    caller = await Caller(here(stream), "sendrecv").call()
    await caller.message("end_stream")
    await until(lambda: caller.pc.connectionState == "closed", "the connection was not closed")
    await caller.close()


async def test_a_peer_that_never_connects_is_let_go(settings: Settings) -> None:
    """It has its slot until the limit for connecting, and no longer."""
    stream = echo(concurrency_limit=1)
    caller = Caller(here(stream), "sendrecv")
    offer = await caller.offer()
    assert (await caller.post(offer))[0] == 200
    assert (await caller.post(offer | {"webrtc_id": "other"}))[0] == 429
    await stream.participants[caller.id].close("test")
    settings.RTC_CONNECT_S = 0.3
    assert (await caller.post(offer | {"webrtc_id": "another"}))[0] == 200
    await gone(stream)
    await caller.close()


async def test_a_peer_that_falls_silent_is_let_go(settings: Settings) -> None:
    """It is connected and answers, but sends nothing."""
    settings.RTC_SILENCE_S = 6.0
    stream = echo()
    caller = await Caller(here(stream), "sendrecv").call()
    await caller.hears(440)
    caller.microphone.muffled = True
    await gone(stream)
    await caller.close()


async def test_whoever_only_listens_may_be_silent(settings: Settings) -> None:
    """The limit is for those who said that they would send."""
    settings.RTC_SILENCE_S = 0.3
    stream = Stream(Monologue(), modality="audio", mode="receive", name="mouth")
    caller = await Caller(here(stream), "recvonly").call()
    await asyncio.sleep(0.8)
    assert stream.participants
    await caller.close()


async def test_a_lost_peer_makes_room_for_a_newcomer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its slot is kept for it only as long as nobody else needs it."""
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    stream = echo(concurrency_limit=1)
    lost = await Caller(here(stream), "sendrecv").call()
    lost.vanish()
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    await until(lambda: runtime().part(Peers).find(stream, lost.id, 1).lost, "the loss was not noticed")
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 6)  # the newcomer may be held up for a moment
    newcomer = await Caller(here(stream), "sendrecv").call()
    assert set(stream.participants) == {newcomer.id}
    await newcomer.close()
    await lost.close()


async def test_a_peer_that_vanished_is_missed_and_may_come_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers any more: the session waits a while for a new offer, then ends."""
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    stream = echo()
    lost = await Caller(here(stream), "sendrecv", resume=True).call()
    handler = stream.participants[lost.id].runner.handler
    lost.vanish()
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    await until(lambda: runtime().part(Peers).find(stream, lost.id, 1).lost, "the loss was not noticed")
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 6)  # who is back may be held up for a moment
    settings.RTC_RENEW_S = 1.5
    back = await Caller(here(stream), "sendrecv", webrtc_id=lost.id, microphone=900, resume=lost.resume).call()
    await back.hears(900)
    assert stream.participants[lost.id].runner.handler is handler
    back.vanish()
    began = time.monotonic()
    await gone(stream)
    assert time.monotonic() - began > settings.RTC_RENEW_S
    await lost.close()
    await back.close()
