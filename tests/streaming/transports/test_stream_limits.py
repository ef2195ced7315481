"""Limits of number, on sockets and over all transports of a stream, on both servers."""

import asyncio
from collections.abc import Callable

from tests.servers import Server
from tests.streaming.transports.client import WAIT_S
from tests.streaming.transports.conftest import SITE
from tests.streaming.transports.stream_client import FRAME, frame, streaming

REACHED = {"status": "failed", "meta": {"error": "concurrency_limit_reached", "limit": 1}}


async def test_one_session_too_many(site: Server, site_token: str) -> None:
    """The client gets the limit in FastRTC's envelope and is closed; the earlier session continues and then frees its slot."""
    async with streaming(site, site_token, "single") as first:
        await first.start()
        async with streaming(site, site_token, "single") as second:
            await second.send({"event": "start", "websocket_id": second.id})
            assert await second.wait(status="failed") == REACHED
            assert await second.wait_closed() == 1000
            assert second.messages[0] == REACHED
        async with streaming(site, site_token, "single") as binary:
            await binary.send({"event": "start", "websocket_id": binary.id, "format": "pcm16"})
            assert await binary.wait(status="failed") == REACHED
            assert await binary.wait_closed() == 1000
            assert binary.messages == [REACHED]  # and never "started"
        await first.speak(frame(1))
        assert await first.wait_audio(FRAME) == frame(1)
        await first.stop()
    async with streaming(site, site_token, "single") as third:
        await third.start()
        await third.speak(frame(1))
        await third.wait_audio(FRAME)
        await third.stop()


async def test_a_socket_that_did_not_start_takes_no_slot(site: Server, site_token: str) -> None:
    """Sessions take slots, sockets do not."""
    async with streaming(site, site_token, "single"), streaming(site, site_token, "single") as second:
        await second.start()
        await second.speak(frame(1))
        await second.wait_audio(FRAME)
        await second.stop()


async def test_the_default_limit_is_a_setting(make_server: Callable[..., Server]) -> None:
    """STREAM_CONCURRENCY_LIMIT applies to streams without a limit, and SESSION_LIMIT to all sessions of the process."""
    server = await asyncio.to_thread(make_server, "uvicorn", **SITE, STREAM_CONCURRENCY_LIMIT="1", SESSION_LIMIT="2")
    token = await asyncio.to_thread(server.token)
    async with streaming(server, token, "usual") as first, streaming(server, token, "plain") as other:
        await first.start()
        async with streaming(server, token, "usual") as second:
            await second.send({"event": "start", "websocket_id": second.id})
            assert await second.wait(status="failed") == REACHED
        await other.start()
        async with streaming(server, token, "plain") as third:
            await third.send({"event": "start", "websocket_id": third.id})
            assert (await third.wait(status="failed"))["meta"] == {"error": "concurrency_limit_reached", "limit": 2}
            await third.wait_closed()


async def test_a_silent_session_is_ended(make_server: Callable[..., Server]) -> None:
    """A client without messages for SILENCE_TIMEOUT_S gets an error and is closed; pings count as messages."""
    server = await asyncio.to_thread(make_server, "uvicorn", **SITE, SILENCE_TIMEOUT_S="7")
    token = await asyncio.to_thread(server.token)
    async with streaming(server, token) as talker, streaming(server, token) as client:
        await talker.start()
        await client.start()
        async with asyncio.timeout(WAIT_S):
            while client.closed is None:
                await asyncio.sleep(0.8)
                await talker.ping()
        assert "nothing came for 7 s" in (await client.wait(type="error"))["message"]
        assert await client.wait_closed() == 1000
        await talker.stop()


async def test_a_shutdown_ends_all_sessions(make_server: Callable[..., Server]) -> None:
    """On SIGTERM the sockets are closed with a code, on both servers, and the row of the process is removed."""
    for kind in ("daphne", "uvicorn"):
        server = await asyncio.to_thread(make_server, kind, **SITE)
        token = await asyncio.to_thread(server.token)
        async with streaming(server, token) as client:
            await client.start()
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            assert await client.wait_closed() == 1012
            await stopping
        count = "from insights.models import ServerProcess; print(ServerProcess.objects.count())"
        assert (await asyncio.to_thread(server.manage, "shell", "-v0", "-c", count)).strip() == "0", "its row is left"
