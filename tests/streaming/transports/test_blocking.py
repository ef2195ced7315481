"""A handler that blocks asyncio's threads, on both servers, delays no other session (design law 4)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from tests.servers import Server
from tests.streaming.transports.client import connected
from tests.streaming.transports.conftest import SITE
from tests.streaming.transports.rtc import nothing_is_left
from tests.streaming.transports.stream_client import frame, streaming
from tests.streaming.transports.talking import echoes

TRACKERS = {"trackers": {"interimResults": True}}


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its clients is left."""
    yield
    await nothing_is_left()


@asynccontextmanager
async def blocked(server: Server, token: str) -> AsyncIterator[None]:
    """Hold a session whose handler blocks sixty threads."""
    async with streaming(server, token, "blocking") as client:
        await client.start()
        await client.speak(frame(1))
        await client.wait_audio(160)
        yield


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_audio_and_conversations_continue(make_server: Callable[..., Server], kind: str) -> None:
    """With all threads blocked, audio is encoded every 20 ms, and a speaker with interim trackers gets stored results."""
    server = await asyncio.to_thread(make_server, kind, **SITE, SESSION_LIMIT="20")
    token = await asyncio.to_thread(server.token)
    async with blocked(server, token):
        await echoes(f"{server.url}/streams/usual", token, 700)
        async with connected(server, token, uuid4().hex) as speaker:
            await speaker.start(config=TRACKERS, trackers=[{"name": "Nothing", "vocabulary": ["zebra"]}])
            await speaker.speak(2.5)
            await speaker.wait("message_response")
            await speaker.stop()


async def test_requests_that_fail_are_answered(site: Server, site_token: str) -> None:
    """Django makes and logs its errors in asyncio's threads, of which one handler cannot block all."""
    async with blocked(site, site_token):
        for path, status in (("/nothing", 404), ("/v1/conversations/0", 404), ("/streams/usual/webrtc/offer", 405)):
            assert (await asyncio.to_thread(site.get, path, site_token))[0] == status
