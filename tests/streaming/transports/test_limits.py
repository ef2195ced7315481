"""Limits of time and number, each reported to the client."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.servers import Server
from tests.streaming.transports.client import SymblClient, connected
from tests.streaming.transports.rtc import until


async def test_silent_sockets_get_an_error_and_close(make_server: Callable[..., Server]) -> None:
    """Sockets that do not start, and sessions without audio, end in time."""
    server = make_server(START_TIMEOUT_S="8", SILENCE_TIMEOUT_S="8")
    token = await asyncio.to_thread(server.token)
    await asyncio.gather(_falls_silent(server, token), _is_idle(server, token, started=False), _is_idle(server, token, started=True))


async def _falls_silent(server: Server, token: str) -> None:
    """Its speech is stored, and its conversation ends."""
    async with connected(server, token) as client:
        conversation_id = await client.start()
        await client.speak(1.5)
        assert "no audio came for 8 s" in (await client.wait("error"))["message"]
        await client.wait_closed()
    assert len(client.said()) == 1
    status, answer = await asyncio.to_thread(server.get, f"/v1/conversations/{conversation_id}", token)
    assert status == 200
    assert answer["endTime"]


async def _is_idle(server: Server, token: str, *, started: bool) -> None:
    """Pings, refused messages and empty audio do not keep a socket open."""
    told = "no audio came for 8 s" if started else "no start_request came within 8 s"
    async with connected(server, token) as client:
        if started:
            await client.start()
        talking = asyncio.create_task(_send_idle_messages(client))
        await client.wait(lambda message: told in message.get("message", ""))
        assert await client.wait_closed() == 1008
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def _send_idle_messages(client: SymblClient) -> None:
    """Send messages that do not count as activity."""
    while True:
        await client.send("__PING__")
        await client.send({"type": "modify_request", "speechRecognition": {"sampleRateHertz": 16000}})
        await client.socket.send(b"")
        await asyncio.sleep(0.1)


async def test_one_session_too_many(make_server: Callable[..., Server]) -> None:
    """A session above the limit gets an error to retry later; the others continue."""
    server = make_server(SESSION_LIMIT="1")
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as first:
        await first.start()
        async with connected(server, token) as second:
            assert "as many sessions" in (await second.wait("error"))["message"]
            assert await second.wait_closed() == 1013
        await first.speak(2.1)
        await first.wait("message_response")
        await first.stop()
    async with connected(server, token) as third:
        await third.start()
        await third.stop()


async def test_waiting_subscribers_count(make_server: Callable[..., Server]) -> None:
    """A subscriber to an unused id takes a slot, and releases it once the conversation is live."""
    server = make_server(SESSION_LIMIT="2")
    token = await asyncio.to_thread(server.token)
    listening = partial(connected, server, token, "room", "/v1/subscribe/")
    async with connected(server, token, "room") as speaker, listening() as one, listening() as other:
        await speaker.send("__PING__")
        await speaker.wait_text("__PONG__")
        await until(lambda: one.closed is not None or other.closed is not None, "both had a place")
        refused, listener = (other, one) if one.closed is None else (one, other)  # either may be the later one
        assert "as many sessions" in (await refused.wait("error"))["message"]
        assert await refused.wait_closed() == 1013
        await speaker.start()
        await listener.wait("conversation_created")
        async with connected(server, token, "tom") as another:
            await another.start()
            await another.stop()
        await speaker.stop()
        await listener.wait("conversation_completed")


async def test_a_stopped_socket_waits_for_its_timeout(make_server: Callable[..., Server]) -> None:
    """After disconnectOnStopRequestTimeout the socket is closed and its conversation ends."""
    server = make_server()
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        conversation_id = await client.start(disconnectOnStopRequest=False, disconnectOnStopRequestTimeout=1)
        await client.send({"type": "stop_request"})
        assert "no start_request came for 1 s" in (await client.wait("error"))["message"]
        await client.wait_closed()
    assert server.get(f"/v1/conversations/{conversation_id}", token)[1]["endTime"]


async def test_custom_vocabulary_corrects_the_text(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """A similar recognised word becomes the word of the vocabulary."""
    script = tmp_path / "script.json"
    script.write_text('[{"after": 1.0, "text": "We use par lay for our meetings."}]')
    server = make_server(RECOGNISER_SCRIPT=str(script))
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        await client.start(customVocabulary=["Parley"])
        await client.speak(1.1)
        await client.wait("message_response")
        await client.stop()
    assert client.said() == ["We use Parley for our meetings."]
