"""`python -m tests.bench.clients.connecting_clients`: clients that connect to a stream, receive some audio, and disconnect, repeatedly."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp

from tests.bench.clients.measurement_window import Answer, Question, answer, http_client, in_time
from tests.bench.clients.noise import Noise
from tests.bench.clients.peers import Peer
from tests.bench.clients.sockets import Socket

FIRST_S = 60.0
"""Maximum wait for the first audio; reached only if none arrives."""
_FRAMES = 3
_FRAME_S = 0.02


async def come_and_go(question: Question) -> Answer:
    """Run a few concurrent clients; `failures` says why a visit failed."""
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
    """Send three frames, receive their echo, and leave: with a stop message, or every other time without one."""
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
    """Call, receive the first audio, and disconnect."""
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
