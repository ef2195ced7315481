"""kill -9 and SIGTERM lose no message that a client has received (design laws 1, 2 and 5)."""

import asyncio
import random
from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.servers import Server
from tests.streaming.transports.client import connected

KINDS = ["daphne", "uvicorn"]


@pytest.mark.parametrize("kind", KINDS)
async def test_kill_loses_no_received_message(make_server: Callable[..., Server], kind: str) -> None:
    """A killed server has stored every message that a client received, and numbers continue without gap or repeat."""
    server = make_server(kind)
    token = await asyncio.to_thread(server.token)
    connection_id = uuid4().hex
    seen: list[str] = []
    numbers: list[int] = []
    cursor = 0
    for round_number in range(3):
        async with connected(server, token, connection_id, query=f"?after={cursor}") as client:
            conversation_id = await client.start(noConnectionTimeout=600)
            talking = asyncio.create_task(client.speak(60))
            await client.wait("message_response", 2 + round_number)
            await asyncio.sleep(random.Random(round_number).random() / 4)
            server.kill()
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            assert await client.wait_closed() == 1006
        for response in client.of("message_response"):
            seen += [message["id"] for message in response["messages"]]
            numbers.append(response["sequenceNumber"])
        cursor = max([cursor, *(m["sequenceNumber"] for m in client.messages if "sequenceNumber" in m)])
        await asyncio.to_thread(server.start)
    status, events = server.get(f"/v1/conversations/{conversation_id}/events?after=0&limit=500", token)
    assert status == 200
    stored = [event["number"] for event in events["events"]]
    assert stored == list(range(1, len(stored) + 1))
    assert len(numbers) == len(set(numbers))
    status, answer = server.get(f"/v1/conversations/{conversation_id}/messages", token)
    assert set(seen) <= {message["id"] for message in answer["messages"]}
    assert len(seen) == len(set(seen))


async def test_a_conversation_of_a_killed_server_ends(make_server: Callable[..., Server]) -> None:
    """The next process ends the live conversations of a killed one, once their time has passed."""
    server = make_server()
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        conversation_id = await client.start(noConnectionTimeout=0)
        await client.speak(2.1)
        await client.wait("message_response")
        server.kill()
        await client.wait_closed()
    await asyncio.to_thread(_age_sessions, server)
    await asyncio.to_thread(server.start)
    async with asyncio.timeout(60):
        while server.get(f"/v1/conversations/{conversation_id}", token)[1].get("endTime") is None:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert server.get(f"/v1/conversations/{conversation_id}", token)[1]["endTime"]


def _age_sessions(server: Server) -> None:
    """Set the heartbeats of the dead process to an hour ago."""
    server.manage(
        "shell",
        "-v0",
        "-c",
        "from datetime import timedelta\nfrom django.db.models import F\nfrom insights.models import ServerProcess\n"
        "ServerProcess.objects.update(seen_at=F('seen_at') - timedelta(hours=1))",
    )


@pytest.mark.parametrize(("source", "code"), [("", 1012), ("js_sdk", 3006)])
async def test_sigterm_stores_pending_speech(make_server: Callable[..., Server], source: str, code: int) -> None:
    """On SIGTERM pending speech is stored and sent, the socket gets a close frame, and the process ends with 0."""
    server = make_server(DRAIN_S="40")
    token = await asyncio.to_thread(server.token)
    async with connected(server, token, query=f"?source={source}") as client:
        conversation_id = await client.start(noConnectionTimeout=600)
        await client.speak(3.0)  # one sentence and the half of another
        await client.wait("message_response")
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        await client.wait("message_response", 2)
        assert await client.wait_closed() == code
        assert await stopping == 0
    await asyncio.to_thread(server.start)
    status, answer = server.get(f"/v1/conversations/{conversation_id}/messages", token)
    assert status == 200
    assert [message["text"] for message in answer["messages"]] == client.said()


async def test_sigterm_under_uvicorn_stores_pending_speech(make_server: Callable[..., Server]) -> None:
    """uvicorn closes its sockets itself, and pending speech is still stored."""
    server = make_server("uvicorn", DRAIN_S="40")
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        conversation_id = await client.start(noConnectionTimeout=600)
        await client.speak(3.0)
        await client.wait("message_response")
        await asyncio.to_thread(server.stop)
        assert await client.wait_closed() == 1012
    await asyncio.to_thread(server.start)
    status, answer = server.get(f"/v1/conversations/{conversation_id}/messages", token)
    assert status == 200
    assert len(answer["messages"]) == 2
