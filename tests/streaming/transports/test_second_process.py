"""A second process beside a server with the embedded defaults: the same DATA_DIR, SQLite, no Redis."""

import asyncio
import json
from collections.abc import Callable
from uuid import uuid4

from tests.servers import Server
from tests.streaming.transports.conftest import SITE
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import frame, streaming

SET_INPUT = """
import time
from tests.streaming.site.streams import nameless_inputs
begun = time.monotonic()
try:
    nameless_inputs.set_input({webrtc_id!r}, 0.7, ["two"])
    print("set")
except LookupError as error:
    print(error)
print(time.monotonic() - begun)
"""


def set_input(server: Server, webrtc_id: str) -> tuple[str, float]:
    """Set inputs in `manage.py shell`; return its output and the duration of the call."""
    said, seconds = server.manage("shell", "-v0", "-c", SET_INPUT.format(webrtc_id=webrtc_id)).splitlines()
    return said, float(seconds)


async def test_a_shell_sets_the_inputs_of_a_session(make_server: Callable[..., Server]) -> None:
    """A stream without `name=` has the name of its variable; an unknown id raises an error at once."""
    server = make_server(**SITE)
    token = await asyncio.to_thread(server.token)
    async with streaming(server, token, "nameless-inputs") as client:
        await client.start()
        assert (await asyncio.to_thread(set_input, server, client.id))[0] == "set"
        await client.speak(frame(1))
        async with subscribed(server, token, "nameless-inputs", client.id) as reader:
            assert json.loads((await reader.wait(1))[0].data) == [0.7, ["two"]]
        said, _ = await asyncio.to_thread(set_input, server, uuid4().hex)
        assert said == "stream 'nameless-inputs' has no session with this webrtc_id"
        await client.stop()
    said, _ = await asyncio.to_thread(set_input, server, client.id)
    assert said == "stream 'nameless-inputs' has no session with this webrtc_id"
