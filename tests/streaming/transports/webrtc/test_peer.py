"""Sessions over WebRTC with a real client: audio and video in both directions and in one, and the end of every session."""

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
    """Check after each test that nothing of its sessions is left."""
    yield
    await nothing_is_left()


async def gone(stream: Stream) -> None:
    """Wait until the stream has no session."""
    await until(lambda: not stream.sessions, "the session did not end")


async def receives_equally(caller: Caller) -> bool:
    """Send a hundred packets, and return whether no more were received meanwhile; retry once on a busy machine."""
    count, sent = len(caller.arrivals), caller.microphone._count
    await until(lambda: caller.microphone._count > sent + 100, "the microphone stopped")
    await until(lambda: len(caller.arrivals) - count > 0.9 * (caller.microphone._count - sent), "packets are missing")
    return len(caller.arrivals) - count < 1.1 * (caller.microphone._count - sent) + 20


async def test_audio_in_both_directions() -> None:
    """The echo is the same tone with a packet for each sent one, and the handler was started and shut down once."""
    begun, ended = Echo.begun, Echo.ended
    stream = echo()
    caller = await Caller(here(stream), "sendrecv", microphone=700).call()
    await caller.wait_for_pitch(700)
    for _ in range(5):
        if await receives_equally(caller):
            break
    else:
        pytest.fail("too many packets came")
    await caller.close()
    await gone(stream)
    assert (Echo.begun - begun, Echo.ended - ended) == (1, 1)


async def test_the_answer_does_not_wait_for_the_handler() -> None:
    """`start_up` may occupy the event loop, so it begins once the client is reached, and thus has the answer."""
    begun = Echo.begun
    caller = Caller(here(echo()), "sendrecv")
    status, answer = await caller.post(await caller.offer())
    assert status == 200
    for _ in range(100):  # all tasks that could run have run
        await asyncio.sleep(0)
    assert Echo.begun == begun
    await caller.accept(answer)
    await until(lambda: Echo.begun == begun + 1, "the handler was not started")
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_a_renewed_session_is_not_started_again() -> None:
    """The handler continues with the new connection."""
    begun = Echo.begun
    stream = echo()
    first = await Caller(here(stream), "sendrecv", resume=True).call()
    await until(lambda: Echo.begun == begun + 1, "the handler was not started")
    second = await Caller(here(stream), "sendrecv", webrtc_id=first.id, resume=first.resume).call()
    await second.wait_for_pitch(440)
    assert Echo.begun == begun + 1
    await first.close()
    await second.close()


async def test_audio_to_the_stream_only() -> None:
    """Mode send: the handler gets the audio, and the client gets none."""
    stream = Stream(Echo(), modality="audio", mode="send", name="ear")
    caller = await Caller(here(stream), "sendrecv").call()
    handler = stream.sessions[caller.id].runner.handler
    await until(lambda: handler.heard > 20, "nothing was heard")
    assert not caller.blocks
    await caller.close()


async def test_audio_from_the_stream_only() -> None:
    """Mode receive: a client without a microphone gets the audio in real time."""
    stream = Stream(Monologue(), modality="audio", mode="receive", name="mouth")
    since = time.monotonic()
    caller = await Caller(here(stream), "recvonly").call()
    await caller.wait_for_pitch(600)
    await until(lambda: len(caller.sound) > 2 * 48_000, "it stopped")
    assert len(caller.sound) / 48_000 < time.monotonic() - since + LEAD_S + 0.1
    await caller.close()


async def test_video_in_both_directions() -> None:
    """The function is called for each video frame, also without inputs."""
    stream = Stream(negative, modality="video", mode="send-receive", name="negative")
    caller = await Caller(here(stream), video="sendrecv").call()
    await caller.wait_for_colour((55, 215, 215))
    await caller.close()


async def test_video_from_the_stream_only() -> None:
    """Mode receive: the client gets the frames of a generator."""
    stream = Stream(shades, modality="video", mode="receive", name="shades")
    caller = await Caller(here(stream), video="recvonly").call()
    await caller.wait_for_colour((180, 180, 180))
    await caller.close()


async def test_video_to_the_stream_only() -> None:
    """Mode send: the handler gets the frames, and the client gets none."""
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


async def test_audio_and_video_together() -> None:
    """One connection carries both."""
    stream = Stream(Mirror(), modality="audio-video", mode="send-receive", name="mirror")
    caller = await Caller(here(stream), "sendrecv", "sendrecv", microphone=500).call()
    await caller.wait_for_pitch(500)
    await caller.wait_for_colour((200, 40, 40))
    await caller.close()


async def test_a_session_without_a_data_channel_works() -> None:
    """FastRTC waits for a channel for ever."""
    caller = await Caller(here(echo()), "sendrecv", channel=False).call()
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_a_session_with_nothing_but_a_data_channel_works() -> None:
    """The session gets messages."""
    stream = echo()
    caller = await Caller(here(stream)).call()
    stream.sessions[caller.id].send_message({"type": "log", "data": "hello"})
    await caller.message("log", "hello")
    caller.channel.send("handshake")
    await caller.message("log", "Server received: handshake")
    await caller.close()


async def test_messages_before_the_channel_opens_arrive() -> None:
    """Messages that were sent before there was a channel arrive."""
    stream = echo()
    caller = Caller(here(stream), "sendrecv")
    status, answer = await caller.post(await caller.offer())
    stream.sessions[caller.id].send_message({"type": "send_input", "data": []})
    assert status == 200
    await caller.accept(answer)
    await caller.message("send_input")
    await caller.close()


async def test_an_interruption_stops_audio_quickly() -> None:
    """The rest of ten seconds of speech is not received after the handler clears its audio."""
    stream = Stream(Monologue(), modality="audio", mode="send-receive", name="mouth")
    caller = await Caller(here(stream), "sendrecv", microphone=0).call()
    await caller.wait_for_pitch(600)
    heard = len(caller.sound)
    stream.sessions[caller.id].runner.clear_audio()
    await until(lambda: time.monotonic() - caller.arrivals[-1] > 1.0, "it speaks on")
    assert len(caller.sound) - heard < 48_000
    await caller.close()


async def test_the_reason_arrives_before_the_close() -> None:
    """The time limit applies to WebRTC, and the client gets the reason before the connection closes."""
    stream = echo(time_limit=8)  # from the offer on, and it may be long until they are connected
    caller = await Caller(here(stream), "sendrecv").call()
    await caller.message("end_stream")
    await until(lambda: caller.pc.connectionState == "closed", "the connection was not closed")
    await caller.close()


async def test_a_peer_that_never_connects_is_closed(settings: Settings) -> None:
    """It has its slot up to the limit for connecting."""
    stream = echo(concurrency_limit=1)
    caller = Caller(here(stream), "sendrecv")
    offer = await caller.offer()
    assert (await caller.post(offer))[0] == 200
    assert (await caller.post(offer | {"webrtc_id": "other"}))[0] == 429
    await stream.sessions[caller.id].close("test")
    settings.RTC_CONNECT_S = 0.3
    assert (await caller.post(offer | {"webrtc_id": "another"}))[0] == 200
    await gone(stream)
    await caller.close()


async def test_a_silent_peer_is_closed(settings: Settings) -> None:
    """It is connected and answers, but sends no media."""
    settings.RTC_SILENCE_S = 6.0
    stream = echo()
    caller = await Caller(here(stream), "sendrecv").call()
    await caller.wait_for_pitch(440)
    caller.microphone.muffled = True
    await gone(stream)
    await caller.close()


async def test_a_peer_that_only_receives_may_be_silent(settings: Settings) -> None:
    """The limit applies only to peers that offered to send."""
    settings.RTC_SILENCE_S = 0.3
    stream = Stream(Monologue(), modality="audio", mode="receive", name="mouth")
    caller = await Caller(here(stream), "recvonly").call()
    await asyncio.sleep(0.8)
    assert stream.sessions
    await caller.close()


async def test_a_lost_peer_loses_its_slot_to_a_new_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost peer keeps its slot only while no new peer needs it."""
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    stream = echo(concurrency_limit=1)
    lost = await Caller(here(stream), "sendrecv").call()
    lost.lose_network()
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    await until(lambda: runtime().part(Peers).find((1, stream.name, lost.id)).lost, "the loss was not noticed")
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 6)  # the newcomer may be held up for a moment
    newcomer = await Caller(here(stream), "sendrecv").call()
    assert set(stream.sessions) == {newcomer.id}
    await newcomer.close()
    await lost.close()


async def test_a_lost_peer_may_reconnect(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session of a peer without answers waits for a new offer, then ends."""
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    stream = echo()
    lost = await Caller(here(stream), "sendrecv", resume=True).call()
    handler = stream.sessions[lost.id].runner.handler
    lost.lose_network()
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    await until(lambda: runtime().part(Peers).find((1, stream.name, lost.id)).lost, "the loss was not noticed")
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 6)  # who is back may be held up for a moment
    settings.RTC_RENEW_S = 1.5
    back = await Caller(here(stream), "sendrecv", webrtc_id=lost.id, microphone=900, resume=lost.resume).call()
    await back.wait_for_pitch(900)
    assert stream.sessions[lost.id].runner.handler is handler
    back.lose_network()
    began = time.monotonic()
    await gone(stream)
    assert time.monotonic() - began > settings.RTC_RENEW_S
    await lost.close()
    await back.close()
