"""A speaker whose words cannot be stored: warned in time, once, with the socket open; and nothing is lost."""

import asyncio
import resource
import time

from tests.servers import Server
from tests.streaming.transports.client import connected

WARNING_S = 20.0
"""Four times the limit of five seconds: tests share their machine."""


def may_write(server: Server, allowed: bool) -> None:
    """Let the server write files, or none, as where the disk is full."""
    assert server.process is not None
    soft = resource.RLIM_INFINITY if allowed else 0
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))


async def test_a_speaker_is_warned_and_nothing_is_lost(server: Server) -> None:
    """The disk is full for a while, in which two sentences are said."""
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
