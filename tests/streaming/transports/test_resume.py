"""Resume values on real servers: over WebSockets, between two processes, and between transports."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.servers import Server
from tests.streaming.transports.rtc import Caller, nothing_is_left, to
from tests.streaming.transports.stream_client import FRAME, StreamClient, frame, streaming

TAKEN = {"status": "failed", "meta": {"error": "connection_already_exists"}}
OFFER = "/streams/usual/webrtc/offer"


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its clients is left."""
    yield
    await nothing_is_left()


async def value_of(client: StreamClient, **fields: Any) -> str:
    """Start a session and return its resume value."""
    await client.start(**fields)
    return str((await client.wait(type="log", data="started"))["resume"])


async def is_refused(server: Server, token: str, stream: str, **fields: Any) -> bool:
    """Return whether a start is refused, as FastRTC refuses it."""
    async with streaming(server, token, stream) as client:
        await client.send({"event": "start", **fields})
        await client.until(lambda: client.messages)
        return client.messages[0] == TAKEN and await client.wait_closed() == 1000


async def echoes(client: StreamClient, number: int) -> None:
    """Send a frame and wait for its echo."""
    before = len(client.sound)
    await client.speak(frame(number))
    assert (await client.wait_audio(before + FRAME))[before:] == frame(number)


async def test_only_a_client_that_requests_it_gets_a_value(site: Server, site_token: str) -> None:
    """A FastRTC client gets no message before its audio; a pcm16 client without the request gets no value."""
    async with streaming(site, site_token) as plain, streaming(site, site_token) as pcm, streaming(site, site_token) as asks:
        await plain.start()
        await echoes(plain, 1)
        assert [message for message in plain.messages if message.get("type") == "log"] == []
        await pcm.start(format="pcm16", resume=False)
        assert "resume" not in await pcm.wait(type="log", data="started")
        value = await value_of(asks, resume=True)
        assert len(value) == 32
        assert (await asks.wait(type="log", data="started"))["format"] == "mulaw"
        await echoes(asks, 2)


@pytest.mark.parametrize("stream", ["plain", "open-to-all"])
async def test_the_value_ends_the_earlier_socket(site: Server, site_token: str, stream: str) -> None:
    """Only the client with the value can start with its id before the server notices the loss."""
    token = site_token if stream == "plain" else ""
    async with streaming(site, token, stream) as old:
        value = await value_of(old, resume=True)
        for wrong in ({}, {"resume": True}, {"resume": "wrong"}):
            assert await is_refused(site, token, stream, websocket_id=old.id, **wrong)
        await echoes(old, 1)
        async with streaming(site, token, stream) as new:
            again = await value_of(new, websocket_id=old.id, resume=value)
            assert again != value
            assert await old.wait_closed() == 1000
            await echoes(new, 2)
            assert await is_refused(site, token, stream, websocket_id=old.id, resume=value)


async def test_an_invalid_resume_request_is_refused(site: Server, site_token: str) -> None:
    """The error names the field, and the socket stays open for another start."""
    async with streaming(site, site_token) as client:
        for wrong in (1, "", "x" * 65, []):
            await client.send({"event": "start", "websocket_id": "a", "resume": wrong})
        await client.until(lambda: len(client.messages) == 4)
        assert {message["message"] for message in client.messages} == {
            "resume: true, false, or the value of an earlier answer (1 to 64 characters) is needed"
        }
        await client.start()
        await echoes(client, 1)


async def test_ids_are_per_user(site: Server, site_token: str, other_token: str) -> None:
    """Two users and an anonymous client each have a session with one id."""
    identity = uuid4().hex
    async with (
        streaming(site, site_token, "open-to-all") as one,
        streaming(site, other_token, "open-to-all") as two,
        streaming(site, "", "open-to-all") as three,
    ):
        for number, client in enumerate((one, two, three)):
            await client.start(websocket_id=identity)
            await echoes(client, number)
        await two.stop()
        await echoes(one, 7)
        await echoes(three, 8)


@pytest.mark.parametrize("home", [0, 1])
async def test_a_start_in_another_process(pair: tuple[Server, Server], pair_token: str, home: int) -> None:
    """The value ends the earlier socket in any process; other users have their own sessions with the id."""
    here, there = pair[home], pair[1 - home]
    mallory = pair[0].token("mallory@example.com")
    async with streaming(here, pair_token) as old, streaming(there, pair_token) as new, streaming(there, mallory) as strange:
        value = await value_of(old, resume=True)
        await strange.start(websocket_id=old.id, resume=value)
        await echoes(strange, 1)
        for wrong in ({}, {"resume": True}, {"resume": "wrong"}):
            assert await is_refused(there, pair_token, "plain", websocket_id=old.id, **wrong)
        await echoes(old, 2)
        await value_of(new, websocket_id=old.id, resume=value)
        assert await old.wait_closed() == 1000
        await echoes(new, 3)
        await echoes(strange, 4)


@pytest.mark.parametrize("there", [0, 1])
async def test_a_client_that_changes_the_transport(pair: tuple[Server, Server], pair_token: str, there: int) -> None:
    """An offer with a socket's value, and a start with a peer's value, end the earlier session."""
    async with to(pair[there], pair_token, OFFER) as post, streaming(pair[0], pair_token, "usual") as socket:
        value = await value_of(socket, resume=True)
        for wrong in (None, True, "wrong"):
            refused = Caller(post, "sendrecv", webrtc_id=socket.id, resume=wrong)
            assert await refused.post(await refused.offer()) == (200, TAKEN)
            await refused.close()
        caller = await Caller(post, "sendrecv", webrtc_id=socket.id, resume=value, microphone=700).call()
        await caller.wait_for_pitch(700)
        assert await socket.wait_closed() == 1000
        assert await is_refused(pair[1], pair_token, "usual", websocket_id=socket.id, resume=value)
        async with streaming(pair[1], pair_token, "usual") as back:
            await value_of(back, websocket_id=socket.id, resume=caller.resume)
            await echoes(back, 5)
            await back.stop()
        await caller.close()
