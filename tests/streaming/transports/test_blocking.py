"""A handler that blocks asyncio's threads, on both servers: nobody else waits for it (design law 4)."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.servers import Server
from tests.streaming.transports.client import connected
from tests.streaming.transports.rtc import Caller, nothing_is_left, to
from tests.streaming.transports.stream_client import frame, streaming

TRACKERS = {"trackers": {"interimResults": True}}


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """After each test nothing of its clients is left."""
    yield
    await nothing_is_left()


@pytest.fixture
async def blocked(site: Server, site_token: str) -> AsyncIterator[None]:
    """A session whose handler blocks."""
    async with streaming(site, site_token, "blocking") as client:
        await client.start()
        await client.speak(frame(1))
        await client.wait_sound(160)
        yield


@pytest.mark.usefixtures("blocked")
async def test_a_voice_over_webrtc_goes_on(site: Server, site_token: str) -> None:
    """Its sound is encoded every 20 ms."""
    async with to(site, site_token, "/streams/usual/webrtc/offer") as post:
        caller = await Caller(post, "sendrecv", microphone=700).call()
        await caller.hears(700)
        await caller.close()


@pytest.mark.usefixtures("blocked")
async def test_a_conversation_goes_on(site: Server, site_token: str) -> None:
    """Whoever speaks there with trackers in interim results is heard, and what is final is stored and told."""
    async with connected(site, site_token, uuid4().hex) as speaker:
        await speaker.start(config=TRACKERS, trackers=[{"name": "Nothing", "vocabulary": ["zebra"]}])
        await speaker.speak(2.5)
        await speaker.wait("message_response")
        await speaker.stop()
