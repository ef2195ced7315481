"""A speaker whose speech cannot be stored gets one warning in time, keeps the socket, and loses nothing."""

import asyncio
import resource
import time

from tests.servers import Server
from tests.streaming.transports.client import connected

WARNING_S = 20.0
"""Four times the limit of five seconds: tests share their machine."""


def may_write(server: Server, allowed: bool) -> None:
    """Allow or forbid the server to write files, as with a full disk."""
    assert server.process is not None
    soft = resource.RLIM_INFINITY if allowed else 0
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))


async def test_a_speaker_is_warned_and_nothing_is_lost(server: Server) -> None:
    """The disk is full during two sentences."""
    async with connected(server, await asyncio.to_thread(server.token)) as client:
        await client.start()
        await client.speak(2.1)
        await client.wait("message_response")
        may_write(server, False)
        began = time.monotonic()
        try:
            await client.speak(2.1)
            warning = (await client.wait("warning"))["message"]
            assert time.monotonic() - began < WARNING_S
            assert warning["field"] == "storage"
            assert "tried again" in warning["message"]
            await client.speak(2.1)
        finally:
            may_write(server, True)
        before = len(client.said())
        await client.wait("message_response", before + 2)
        await client.stop()
        assert client.kinds().count("warning") == 1
        assert client.kinds().count("error") == 0
    assert "Traceback" not in "".join(server.output)
