"""A second process on the data folder of a server, with SQLite and without Redis: a management command, a shell, a task worker.

Links: recorder or `Stream.set_input` in the second process, broadcast or RPC, the local channel layer, session or subscription of the
server, the client's socket. The servers of these tests do not poll for lost notifications, so nothing but the notification is left.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from tests.paths.conftest import SITE, WAIT_S, eventually
from tests.servers import ROOT, Server
from tests.streaming.transports.client import SymblClient, connected
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import frame, streaming
from tests.streaming.transports.test_input_hook import hook

WITHIN_S = 1.0
TRIES = 5
"""A busy machine may take longer than WITHIN_S now and then."""
NO_POLL = {**SITE, "SITE_POLL_S": "3600"}

COMMAND = """
import sys
{imports}
print("ready", flush=True)
for line in sys.stdin:
    try:
        exec(line)
        print("done", flush=True)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
"""


class Shell:
    """A `manage.py shell` that stays open."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        """Return what it prints next."""
        assert self.process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            return (await self.process.stdout.readline()).decode().strip()

    async def run(self, code: str) -> str:
        """Run one line of Python and return "done", or the error."""
        assert self.process.stdin is not None
        self.process.stdin.write(code.encode() + b"\n")
        return await self.line()


@asynccontextmanager
async def shell(server: Server, imports: str = "") -> AsyncIterator[Shell]:
    """Open a shell on a server's data."""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-v0", "-c", COMMAND.format(imports=imports)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=server.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        opened = Shell(process)
        assert await opened.line() == "ready"
        yield opened
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


IMPORTS = """
from uuid import UUID
from django.contrib.auth.models import User
from insights import recorder
from tests.streaming.site import streams
user = User.objects.get().id
"""


async def correct(second: Shell, subscriber: SymblClient, message_id: str, text: str) -> float:
    """Correct a message in the second process, wait until the subscriber has it, and return how many seconds that took."""
    since = time.monotonic()
    assert await second.run(f"recorder.correct_message(UUID({message_id!r}), {text!r}, user)") == "done"
    await subscriber.wait(lambda got: got["type"] == "message_response" and text in json.dumps(got))
    return time.monotonic() - since


async def test_corrections_of_a_second_process(make_server: Callable[..., Server]) -> None:
    """A subscriber of the server gets them within a second. A shell that is killed disturbs nobody; another one can do the same."""
    server = await asyncio.to_thread(lambda: make_server(**NO_POLL))
    token, room = await asyncio.to_thread(server.token), uuid4().hex
    async with connected(server, token, room) as speaker, connected(server, token, room, "/v1/subscribe/") as subscriber:
        await speaker.start("Anna")
        await speaker.speak(2.1)
        message_id = (await subscriber.wait("message_response"))["messages"][0]["id"]
        for which in range(2):
            async with shell(server, IMPORTS) as second:
                took = [await correct(second, subscriber, message_id, f"Corrected {which} {number}") for number in range(TRIES)]
                assert min(took) < WITHIN_S
        await speaker.speak(2.1)  # the server goes on after both were killed
        await subscriber.wait("message_response", 2 + 2 * TRIES)


async def test_a_server_that_is_killed(make_server: Callable[..., Server]) -> None:
    """The second process goes on without the server, and reaches it again when it has been started anew."""
    server = await asyncio.to_thread(lambda: make_server(**NO_POLL))
    token, room = await asyncio.to_thread(server.token), uuid4().hex
    async with connected(server, token, room) as speaker:
        await speaker.start("Anna", noConnectionTimeout=600)  # a busy machine takes longer than the default to start a server
        await speaker.speak(2.1)
        message_id = (await speaker.wait("message_response"))["messages"][0]["id"]
        async with shell(server, IMPORTS) as second:
            await correct(second, speaker, message_id, "Corrected before")
            server.kill()
            assert await second.run(f"recorder.correct_message(UUID({message_id!r}), 'Corrected meanwhile', user)") == "done"
            await asyncio.to_thread(server.start)
            async with connected(server, token, room, "/v1/subscribe/") as subscriber:
                await correct(second, subscriber, message_id, "Corrected after")


async def test_inputs_from_a_second_process(make_server: Callable[..., Server]) -> None:
    """`Stream.set_input` in a shell reaches a session of the server, and says so where there is no session with the id."""
    server = await asyncio.to_thread(lambda: make_server(**NO_POLL))
    token = await asyncio.to_thread(server.token)
    async with streaming(server, token, "inputs") as client, shell(server, IMPORTS) as second:
        await client.start()

        async def put() -> str:
            return await second.run(f"streams.inputs.set_input({client.id!r}, 0.75, 'cat')")

        await eventually(put, lambda printed: printed == "done")
        await client.speak(frame(1))
        async with subscribed(server, token, "inputs", client.id) as reader:
            assert json.loads((await reader.wait(1))[0].data) == [0.75, "cat"]
        assert "has no session with this webrtc_id" in await second.run(f"streams.inputs.set_input({uuid4().hex!r}, 1)")


async def test_two_servers(make_server: Callable[..., Server]) -> None:
    """Two servers on one data folder serve one conversation: what is said at one is heard at the other, and a hook finds its session."""
    one = await asyncio.to_thread(lambda: make_server(**NO_POLL))
    two = await asyncio.to_thread(Server(one.data, NO_POLL | {"RECOGNISER": "scripted"}, "uvicorn").start)
    try:
        token, room = await asyncio.to_thread(one.token), uuid4().hex
        async with connected(one, token, room) as speaker, connected(two, token, room, "/v1/subscribe/") as subscriber:
            await speaker.start("Anna")
            await speaker.speak(2.1)
            await subscriber.wait("message_response")
        async with streaming(one, token, "inputs") as client:
            await client.start()

            async def put() -> int:
                return (await hook(two, token, {"webrtc_id": client.id, "conf_threshold": 0.5})).status_code

            await eventually(put, lambda status: status == 200)
        two.kill()
        async with connected(one, token, uuid4().hex) as speaker:
            await speaker.start("Anna")
            await speaker.speak(2.1)
            await speaker.wait("message_response")
    finally:
        two.kill()
