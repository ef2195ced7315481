"""`python -m tests.bench.clients.connecting_clients`: clients that connect, receive some audio or start a conversation, and disconnect."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp

from tests.bench.client import Speaker
from tests.bench.clients.measurement_window import Answer, Question, Window, answer, http_client, in_time, percentiles, some
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


async def call_often(question: Question) -> Answer:
    """Call at a fixed interval; each peer sets an input once it receives audio, and hangs up. The delays are those of the answers."""
    every_s, warm_s, seconds = question["every_s"], question["warm_s"], question["seconds"]
    async with http_client() as http:
        begin = time.perf_counter()
        count = max(1, round((warm_s + seconds) / every_s))
        calls = [asyncio.create_task(_call_at(begin + every_s * number, question["url"], http)) for number in range(count)]
        await asyncio.sleep(warm_s)
        window = Window(question["pid"])
        await asyncio.sleep(seconds)
        used = window.seen()
        found = await asyncio.gather(*calls)
    answered = [peer.answer_s for peer in found if peer.answer_s is not None]
    return {**used, **percentiles(answered), "errors": some([peer.errors for peer in found])}


async def _call_at(when: float, url: str, http: aiohttp.ClientSession) -> Peer:
    await asyncio.sleep(when - time.perf_counter())
    peer = Peer(url)
    try:
        await peer.call(http)
        if not await in_time(lambda: bool(peer.frames) or bool(peer.errors), FIRST_S):
            peer.errors.append("no sound came")
        async with http.post(f"{url}/input_hook", json={"webrtc_id": peer.id, "volume": 1}) as response:
            if response.status != 200:
                peer.errors.append(f"input: status {response.status}")
    finally:
        await peer.close()
    return peer


async def start_often(question: Question) -> Answer:
    """Start and stop a conversation at a fixed interval, each over a socket of its own. The delays are those of whole visits."""
    every_s, warm_s, seconds = question["every_s"], question["warm_s"], question["seconds"]
    begin = time.perf_counter()
    count = max(1, round((warm_s + seconds) / every_s))
    visits = [asyncio.create_task(_start_at(begin + every_s * number, question["site"], question["token"])) for number in range(count)]
    await asyncio.sleep(warm_s)
    window = Window(question["pid"])
    await asyncio.sleep(seconds)
    used = window.seen()
    found = await asyncio.gather(*visits, return_exceptions=True)
    errors = [[type(one).__name__] for one in found if isinstance(one, BaseException)]
    return {**used, **percentiles([one for one in found if isinstance(one, float)]), "errors": some(errors)}


async def _start_at(when: float, url: str, token: str) -> float:
    """Wait, start and stop; return the seconds that this took."""
    await asyncio.sleep(when - time.perf_counter())
    began = time.perf_counter()
    await Speaker(url, token).come_and_go()
    return time.perf_counter() - began


Visit = Callable[[str, aiohttp.ClientSession, int], Awaitable[list[str]]]

if __name__ == "__main__":
    answer({"come_and_go": come_and_go, "call_often": call_often, "start_often": start_often}, asyncio.new_event_loop)
