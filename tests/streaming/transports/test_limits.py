"""Limits of time and number, each told to the client that meets them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.servers import Server
from tests.streaming.transports.client import SymblClient, connected


async def test_a_silent_session_is_ended(make_server: Callable[..., Server]) -> None:
    """A session that sends no audio is told so and ended; what was said is kept and its conversation completed."""
    server = make_server(SILENCE_TIMEOUT_S="3")
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        conversation_id = await client.start()
        await client.speak(1.5)
        assert "no audio came for 3 s" in (await client.wait("error"))["message"]
        await client.wait_closed()
    assert len(client.said()) == 1
    status, answer = server.get(f"/v1/conversations/{conversation_id}", token)
    assert status == 200
    assert answer["endTime"]


async def test_idle_talk_holds_no_socket(make_server: Callable[..., Server]) -> None:
    """Pings, refused messages and empty audio do not keep a socket open that never starts, nor one that sends no audio."""
    server = make_server(START_TIMEOUT_S="3", SILENCE_TIMEOUT_S="3")
    token = await asyncio.to_thread(server.token)
    for start, told in ((False, "no start_request came within 3 s"), (True, "no audio came for 3 s")):
        async with connected(server, token) as client:
            if start:
                await client.start()
            talking = asyncio.create_task(_talk_idly(client))
            await client.wait(lambda m, told=told: told in m.get("message", ""))  # type: ignore[misc]
            assert await client.wait_closed() == 1008
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)


async def _talk_idly(client: SymblClient) -> None:
    """Say what gets nobody on, all the time."""
    while True:
        await client.send("__PING__")
        await client.send({"type": "modify_request", "speechRecognition": {"sampleRateHertz": 16000}})
        await client.socket.send(b"")
        await asyncio.sleep(0.1)


async def test_one_session_too_many(make_server: Callable[..., Server]) -> None:
    """The session after the last allowed one is told to try later; the others go on."""
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


async def test_those_who_wait_for_a_conversation_count(make_server: Callable[..., Server]) -> None:
    """A listener under an id that nobody uses holds a place; once the conversation goes on, it holds none."""
    server = make_server(SESSION_LIMIT="2")
    token = await asyncio.to_thread(server.token)
    async with connected(server, token, "room", "/v1/subscribe/") as listener, connected(server, token, "room") as speaker:
        for client in (listener, speaker):  # both have their places
            await client.send("__PING__")
            await client.wait_text("__PONG__")
        async with connected(server, token, "nobody", "/v1/subscribe/") as second:
            assert "as many sessions" in (await second.wait("error"))["message"]
            assert await second.wait_closed() == 1013
        await speaker.start()
        await listener.wait("conversation_created")
        async with connected(server, token, "tom") as another:
            await another.start()
            await another.stop()
        await speaker.stop()
        await listener.wait("conversation_completed")


async def test_a_stopped_socket_waits_as_long_as_it_asked(make_server: Callable[..., Server]) -> None:
    """disconnectOnStopRequestTimeout: a stopped socket that does not start again is closed, its conversation completed."""
    server = make_server()
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        conversation_id = await client.start(disconnectOnStopRequest=False, disconnectOnStopRequestTimeout=1)
        await client.send({"type": "stop_request"})
        assert "no start_request came for 1 s" in (await client.wait("error"))["message"]
        await client.wait_closed()
    assert server.get(f"/v1/conversations/{conversation_id}", token)[1]["endTime"]


async def test_custom_vocabulary_mends_what_was_heard(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """A near miss of the recogniser becomes the word that the client announced."""
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
