"""Connections end when their grant is revoked, on every transport and in every process (design law 6)."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

from streaming.types.session_end import TEXTS, End
from tests.servers import Server
from tests.streaming.transports.client import connected
from tests.streaming.transports.rtc import Caller, to, until
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import streaming

REVOKE = """
from django.utils import timezone
from insights.models import App
App.objects.filter(owner__email="jane@example.com").update(revoked_at=timezone.now())
"""


async def test_every_connection_of_a_grant_ends(pair: tuple[Server, Server], pair_token: str) -> None:
    """Speakers, subscribers, sessions of streams over both transports and SSE readers end, and pending speech is stored."""
    one, two = pair
    room, other = uuid4().hex, await asyncio.to_thread(one.token, "tom@example.com")
    async with AsyncExitStack() as stack:
        tom = await stack.enter_async_context(connected(one, other))
        speaker = await stack.enter_async_context(connected(one, pair_token, room))
        listener = await stack.enter_async_context(connected(two, pair_token, room, "/v1/subscribe/"))
        waiter = await stack.enter_async_context(connected(two, pair_token, uuid4().hex, "/v1/subscribe/"))
        stream = await stack.enter_async_context(streaming(one, pair_token, "conversation"))
        post = await stack.enter_async_context(to(two, pair_token))
        await tom.start("Tom")
        conversation_id = await speaker.start()
        await speaker.speak(3.0)
        await listener.wait("message_response")
        await stream.start()
        reader = await stack.enter_async_context(subscribed(two, pair_token, "conversation", stream.id))
        caller = await Caller(post, "sendonly").call()
        await asyncio.to_thread(two.manage, "shell", "-v0", "-c", REVOKE)
        for client in (speaker, listener, waiter):
            assert await client.wait_closed() == 1008
            assert client.messages[-1]["message"] == TEXTS[End.REVOKED]
        assert (await stream.wait(type="error"))["data"] == TEXTS[End.REVOKED]
        await stream.wait_closed()
        await reader.until(lambda: reader.ended)
        await caller.message("error", TEXTS[End.REVOKED])
        await until(lambda: caller.pc.connectionState == "closed", "the peer was not closed")
        await caller.close()
        await tom.speak(2.1)
        await tom.wait("message_response")
        await tom.stop()
    count = f"from insights.models import Message; print(Message.objects.filter(conversation={conversation_id}).count())"
    assert (await asyncio.to_thread(one.manage, "shell", "-v0", "-c", count)).strip() == "2"
