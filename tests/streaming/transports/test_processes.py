"""Any process may serve (design law 7): two servers with one PostgreSQL and one Redis."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest

from tests.servers import ROOT, Server
from tests.streaming.transports.client import WAIT_S, Message, connected, noise
from tests.streaming.transports.stream_client import streaming

SAID = "Shall we start with the budget?"
"""What the scripted recogniser hears first of every speaker."""


async def test_speakers_in_two_processes(pair: tuple[Server, Server], pair_token: str) -> None:
    """Speakers of one connection id in two processes share one conversation; a subscriber gets all of it once."""
    connection_id = uuid4().hex
    one, two = pair
    async with (
        connected(two, pair_token, connection_id, "/v1/subscribe/") as listener,
        connected(one, pair_token, connection_id) as anna,
        connected(two, pair_token, connection_id) as tom,
    ):
        conversation_id = await anna.start("Anna")
        assert await tom.start("Tom") == conversation_id
        await asyncio.gather(anna.speak(10.1), tom.speak(10.1))
        for client in (anna, tom, listener):
            await client.wait("message_response", 10)
        await asyncio.gather(anna.stop(), tom.stop())
        await listener.wait("conversation_completed")
    for client in (anna, tom):
        assert len(client.said()) == 10
    numbers = [m["sequenceNumber"] for m in listener.of("message_response")]
    assert numbers == sorted(set(numbers))
    status, answer = two.get(f"/v1/conversations/{conversation_id}/messages", pair_token)
    assert status == 200
    assert [m["text"] for m in answer["messages"]] == listener.said()


async def test_interims_cross_processes(pair: tuple[Server, Server], pair_token: str) -> None:
    """A subscriber in another process gets interim results."""
    connection_id = uuid4().hex
    async with connected(pair[0], pair_token, connection_id) as anna:
        await anna.start("Anna")
        async with connected(pair[1], pair_token, connection_id, "/v1/subscribe/") as listener:
            interims: list[Message] = []
            async with asyncio.timeout(WAIT_S):
                while not interims:  # earlier ones are not sent to the new subscriber
                    await anna.speak(0.5)
                    await asyncio.sleep(0.1)
                    interims = [m["message"] for m in listener.of("recognition_result") if not m["message"]["isFinal"]]
            await anna.stop()
    assert interims[0]["user"]["name"] == "Anna"


async def test_a_speaker_reconnects_to_the_other_process(pair: tuple[Server, Server], pair_token: str) -> None:
    """A speaker whose process is lost continues the same conversation, without loss or repeat."""
    connection_id = uuid4().hex
    async with connected(pair[0], pair_token, connection_id) as client:
        first = await client.start(noConnectionTimeout=60)
        await client.speak(2.1)
        seen = await client.wait("message_response")
        await client.speak(1.9)
    async with connected(pair[1], pair_token, connection_id, query=f"?after={seen['sequenceNumber']}") as again:
        assert await again.start(noConnectionTimeout=60) == first
        await again.speak(2.1)
        await again.wait("message_response", 2)
        await again.stop()
    ids = [m["id"] for c in (client, again) for r in c.of("message_response") for m in r["messages"]]
    status, answer = pair[0].get(f"/v1/conversations/{first}/messages", pair_token)
    assert sorted(ids) == sorted(m["id"] for m in answer["messages"])


@asynccontextmanager
async def suspended(sleeper: Server, other: Server) -> AsyncIterator[None]:
    """Stop a process, let the other one close its sessions as stale, and continue it at the end."""
    assert sleeper.process is not None
    sleeper.process.send_signal(signal.SIGSTOP)
    try:
        await asyncio.to_thread(other.manage, "shell", "-v0", "-c", AGE)
        async with asyncio.timeout(200):
            while (await asyncio.to_thread(other.manage, "shell", "-v0", "-c", COUNT)).strip() != "0":  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        yield
    finally:
        sleeper.process.send_signal(signal.SIGCONT)


AGE = """
from datetime import timedelta
from django.db.models import F
from insights.models import ServerProcess
ServerProcess.objects.update(seen_at=F("seen_at") - timedelta(hours=1))
"""
COUNT = "from insights.models import LiveSession; print(LiveSession.objects.count())"


@pytest.mark.parametrize(("source", "code"), [("", 1012), ("js_sdk", 3006)])
async def test_a_suspended_process_closes_its_sessions(pair: tuple[Server, Server], pair_token: str, source: str, code: int) -> None:
    """Speakers whose sessions were closed as stale must reconnect; their speech is stored and sent once."""
    one, two = pair
    connection_id = uuid4().hex
    async with connected(one, pair_token, connection_id, query=f"?source={source}") as client:
        first = await client.start(noConnectionTimeout=60)
        await client.speak(2.1)
        seen = await client.wait("message_response")
        await client.speak(1.0)
        await client.send("__PING__")
        await client.wait_text("__PONG__")  # all before it has arrived
        async with suspended(one, two):
            pass
        assert "other processes closed its sessions" in (await client.wait("error"))["message"]
        assert await client.wait_closed() == code
    async with connected(two, pair_token, connection_id, query=f"?after={seen['sequenceNumber']}") as again:
        assert await again.start(noConnectionTimeout=0) == first
        await again.speak(2.1)
        await again.wait(lambda m: m.get("messages", [{}])[0].get("payload", {}).get("content") == SAID)
        await again.stop()
    answer = two.get(f"/v1/conversations/{first}/messages", pair_token)[1]
    assert [m["text"] for m in answer["messages"]][:2] == client.said()
    assert len(client.said()) == 2


async def test_a_stream_of_a_suspended_process(pair: tuple[Server, Server], pair_token: str) -> None:
    """A session of the conversation stream ends with an error, and its speech is stored."""
    one, two = pair
    async with streaming(one, pair_token, "conversation") as client:
        await client.start(format="pcm16", sample_rate=16000)
        for _ in range(21):
            await client.send(noise(0.1))
        await client.until(lambda: any(m.get("type") == "fetch_output" for m in client.messages))
        async with suspended(one, two):
            pass
        assert "other processes closed its sessions" in (await client.wait(type="error"))["data"]
        assert await client.wait_closed() == 1012
    recent = two.get("/v1/conversations?order=desc&limit=1", pair_token)[1]["conversations"][0]
    assert two.get(f"/v1/conversations/{recent['id']}/messages", pair_token)[1]["messages"]


SLEEP_IN_A_TRANSACTION = """
import signal, os
from django.db import connection, transaction
from insights.models import Conversation, LiveSession
try:
    with transaction.atomic():
        list(Conversation.objects.select_for_update().filter(ended_at=None))
        list(LiveSession.objects.select_for_update())
        print("suspended", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        Conversation.objects.count()
except Exception as error:
    print(type(error).__name__)
"""


async def test_a_process_suspended_in_a_transaction_loses_its_locks(pair: tuple[Server, Server], pair_token: str) -> None:
    """The database ends its transaction, and the process gets the error when it continues."""
    one, two = pair
    async with connected(two, pair_token, uuid4().hex) as client:
        await client.start("Anna")
        command = [sys.executable, "manage.py", "shell", "-v0", "-c", SLEEP_IN_A_TRANSACTION]
        sleeper = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=one.environment, stdout=PIPE)
        try:
            assert sleeper.stdout is not None
            assert await sleeper.stdout.readline() == b"suspended\n"
            await client.speak(2.1)
            await client.wait("message_response")
            sleeper.send_signal(signal.SIGCONT)
            assert await sleeper.stdout.read() == b"InternalError\n"
        finally:
            with suppress(ProcessLookupError):
                sleeper.kill()
            await sleeper.wait()
        await client.stop()
