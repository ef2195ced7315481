"""`python -m tests.bench.callers.visitors`: clients that come to a stream, hear something of it, and go, so many times."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp

from tests.bench.callers.noise import Noise
from tests.bench.callers.peers import Peer
from tests.bench.callers.sockets import Socket
from tests.bench.callers.window import Answer, Question, answer, http_client, in_time

FIRST_S = 60.0
"""How long a visitor waits for the first sound: only one for whom none comes waits so long."""
_FRAMES = 3
_FRAME_S = 0.02


async def come_and_go(question: Question) -> Answer:
    """A few visitors at a time; `failures` tells why a visit was none."""
    visit = {"sockets": _by_socket, "peers": _by_peer}[question["transport"]]
    failures: list[str] = []
    left = iter(range(question["cycles"]))
    began = time.perf_counter()

    async def visitor(http: aiohttp.ClientSession) -> None:
        for number in left:
            failures.extend(await visit(question["url"], http, number))

    async with http_client() as http:
        await asyncio.gather(*(visitor(http) for _ in range(question["at_once"])))
    return {"failures": failures, "seconds": time.perf_counter() - began}


async def _by_socket(url: str, http: aiohttp.ClientSession, number: int) -> list[str]:
    """Say three frames, hear them again, and leave: by a stop, or every other time without a word."""
    socket = Socket(url, Noise(_FRAMES))
    try:
        await socket.open(http)
    except (aiohttp.ClientError, OSError) as error:
        return [type(error).__name__]
    await socket.speak(time.perf_counter(), _FRAME_S)
    came = await in_time(lambda: bool(socket.delays), FIRST_S)
    await socket.close(stop=number % 2 == 0)
    return [*socket.errors, *([] if came else ["nothing came back"])]


async def _by_peer(url: str, http: aiohttp.ClientSession, number: int) -> list[str]:
    """Call, hear the first sound, and hang up."""
    peer = Peer(url)
    try:
        await peer.call(http)
        came = await in_time(lambda: bool(peer.frames) or bool(peer.errors), FIRST_S)
    finally:
        await peer.close()
    return [*peer.errors, *([] if came else ["no sound came"])]


Visit = Callable[[str, aiohttp.ClientSession, int], Awaitable[list[str]]]

if __name__ == "__main__":
    answer({"come_and_go": come_and_go}, asyncio.new_event_loop)
