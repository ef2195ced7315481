"""A handler that blocks asyncio's threads, on both servers: nobody else waits for it (design law 4)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from tests.servers import Server
from tests.streaming.transports.client import connected
from tests.streaming.transports.conftest import SITE
from tests.streaming.transports.rtc import Caller, nothing_is_left, to
from tests.streaming.transports.stream_client import frame, streaming

TRACKERS = {"trackers": {"interimResults": True}}


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """After each test nothing of its clients is left."""
    yield
    await nothing_is_left()


@asynccontextmanager
async def blocked(server: Server, token: str) -> AsyncIterator[None]:
    """Hold a session whose handler blocks sixty threads."""
    async with streaming(server, token, "blocking") as client:
        await client.start()
        await client.speak(frame(1))
        await client.wait_sound(160)
        yield


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_voices_and_conversations_go_on(make_server: Callable[..., Server], kind: str) -> None:
    """Though all threads are blocked: sound is encoded every 20 ms, and who wants trackers in interim results is heard, stored and told."""
    server = await asyncio.to_thread(make_server, kind, **SITE, SESSION_LIMIT="20")
    token = await asyncio.to_thread(server.token)
    async with blocked(server, token):
        async with to(server, token, "/streams/usual/webrtc/offer") as post:
            caller = await Caller(post, "sendrecv", microphone=700).call()
            await caller.hears(700)
            await caller.close()
        async with connected(server, token, uuid4().hex) as speaker:
            await speaker.start(config=TRACKERS, trackers=[{"name": "Nothing", "vocabulary": ["zebra"]}])
            await speaker.speak(2.5)
            await speaker.wait("message_response")
            await speaker.stop()


async def test_requests_that_fail_are_answered(site: Server, site_token: str) -> None:
    """Django makes and notes its errors in asyncio's threads, of which there are more than one handler may block in passing."""
    async with blocked(site, site_token):
        for path, status in (("/nothing", 404), ("/v1/conversations/0", 404), ("/streams/usual/webrtc/offer", 405)):
            assert (await asyncio.to_thread(site.get, path, site_token))[0] == status
