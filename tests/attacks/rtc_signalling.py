"""WebRTC signalling attacks: big session descriptions, candidates for unknown ids, candidates for one session, and offer floods.

    python -m tests.attacks.rtc_signalling --server daphne|uvicorn [--redis]

Everything is sent by an anonymous client of a public stream. A second process measures `GET /healthz` during each attack. The last case,
small bodies that are refused at once, is the control: what the same number of requests costs without any signalling.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.servers import Server, migrated
from tests.services import running_redis

SITE = {"DJANGO_SETTINGS_MODULE": "tests.streaming.site.settings", "RECOGNISER": "scripted"}
PATH = "/streams/open-to-all/webrtc/offer"
CONNECTIONS = 48
FLOOD_S = 6.0
CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.77 {port} typ host"
FINGERPRINT = ":".join(["AB"] * 32)
HEAD = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n"
    f"a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 {FINGERPRINT}\r\na=setup:actpass\r\na=rtpmap:111 opus/48000/2\r\n"
)
Body = dict[str, object]
Attack = Callable[[int], Awaitable[Counter[str]]]


def poll_health(port: int, reports: Connection) -> None:
    """Measure GET /healthz every 20 ms and report the first one; on a message in the pipe send the seconds."""
    took: list[float] = []
    while not took or not reports.poll(0.02):
        began = time.perf_counter()
        client = HTTPConnection("127.0.0.1", port, timeout=60)
        client.request("GET", "/healthz")
        client.getresponse().read()
        client.close()
        took.append(time.perf_counter() - began)
        if len(took) == 1:
            reports.send(None)
    reports.send(took)


class Client:
    """One keep-alive HTTP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def post(self, body: Body) -> str:
        """Post JSON and return the status and FastRTC's error, if any."""
        status, answer = await self.ask(body)
        return f"{status} {answer.get('meta', {}).get('error', answer.get('status', answer.get('type', 'refused')))}"[:60]

    async def ask(self, body: Body) -> tuple[str, dict[str, Any]]:
        """Post JSON and return the status and the JSON of the response."""
        data = json.dumps(body).encode()
        head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        self.writer.write(head.encode() + data)
        status = (await self._reader.readline()).split()[1].decode()
        length = 0
        while line := (await self._reader.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, json.loads(await self._reader.readexactly(length))


async def post_all(port: int, bodies: Iterator[Body], connections: int = CONNECTIONS) -> Counter[str]:
    """Post bodies over several connections at once and count the responses."""
    answers: Counter[str] = Counter()

    async def one() -> None:
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        for body in bodies:
            answers[await client.post(body)] += 1
        client.writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return answers


def offer(webrtc_id: str, more: str = "") -> Body:
    """Return the body of an offer that never connects."""
    return {"type": "offer", "webrtc_id": webrtc_id, "sdp": HEAD + AUDIO + more}


def candidate(webrtc_id: str, port: int = 50_000) -> Body:
    """Return the body of a candidate."""
    return {"type": "ice-candidate", "webrtc_id": webrtc_id, "candidate": {"candidate": CANDIDATE.format(port=port), "sdpMid": "0"}}


def filled(line: Callable[[int], str], size: int) -> str:
    """Return lines that make an offer of about `size` characters."""
    text, count = "", 0
    while len(HEAD) + len(AUDIO) + len(text) < size - 80:
        text += line(count) + "\r\n"
        count += 1
    return text


async def big_candidates(port: int) -> Counter[str]:
    """Post five offers of 99,000 characters of candidates."""
    more = filled(lambda i: f"a=candidate:{i} 1 udp 1 10.{i >> 8 & 255}.{i & 255}.1 {i % 60_000 + 1} typ host", 99_000)
    return await post_all(port, (offer(f"big{i}", more) for i in range(5)), 1)


async def feedback_product(port: int) -> Counter[str]:
    """Post three offers of 32,000 characters whose codecs and feedback lines multiply."""
    more = filled(lambda i: "a=rtpmap:96 a/1", 16_000)
    more += filled(lambda i: "a=rtcp-fb:* a", 32_000 - len(more))
    return await post_all(port, (offer(f"product{i}", more) for i in range(3)), 1)


async def unknown_ids(port: int) -> Counter[str]:
    """Post 1,500 candidates for as many unknown ids."""
    return await post_all(port, (candidate(f"unknown{i}") for i in range(1500)))


async def one_session(port: int) -> Counter[str]:
    """Post 500 candidates for one session that waits for its client."""
    await post_all(port, iter([offer("one")]), 1)
    return await post_all(port, (candidate("one", 1024 + i) for i in range(500)))


def for_a_while(make: Callable[[int], Body]) -> Iterator[Body]:
    """Yield bodies for FLOOD_S seconds."""
    began, count = time.monotonic(), 0
    while time.monotonic() < began + FLOOD_S:
        yield make(count)
        count += 1


async def offer_flood(port: int) -> Counter[str]:
    """Post offers with new ids, each after the response to the one before."""
    return await post_all(port, for_a_while(lambda i: offer(f"flood{i}")))


async def renewal_flood(port: int) -> Counter[str]:
    """Post offers for one id with its resume value, one after another: each gets a new peer connection."""
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    _, answer = await client.ask(offer("renewed") | {"resume": True})
    client.writer.close()
    return await post_all(port, for_a_while(lambda i: offer("renewed") | {"resume": answer["resume"]}))


async def taken_id(port: int) -> Counter[str]:
    """Post offers for an id in use without its resume value, one after another: all of them are refused."""
    await post_all(port, iter([offer("taken")]), 1)
    return await post_all(port, for_a_while(lambda i: offer("taken") | {"resume": f"guess{i}"}))


async def control(port: int) -> Counter[str]:
    """Post 1,500 bodies that are refused at once."""
    bodies: Iterator[Body] = ({"type": "nothing", "webrtc_id": str(i)} for i in range(1500))
    return await post_all(port, bodies)


ATTACKS: tuple[Attack, ...] = (control, big_candidates, feedback_product, unknown_ids, one_session, taken_id, renewal_flood, offer_flood)


def measure(server: Server, attack: Attack) -> str:
    """Run one attack and return a line with its result."""
    ours, theirs = multiprocessing.Pipe()
    poller = multiprocessing.get_context("spawn").Process(target=poll_health, args=(server.port, theirs))
    poller.start()
    ours.recv()
    began = time.perf_counter()
    answers = asyncio.run(attack(server.port))
    took = time.perf_counter() - began
    ours.send(None)
    health = ours.recv()
    poller.join()
    latency = f"/healthz max {1e3 * max(health):7.0f} ms, p50 {1e3 * statistics.median(health):5.0f} ms"
    return f"{attack.__name__:17}{sum(answers.values()):6} answers in {took:6.2f} s  {latency}  {dict(answers.most_common(4))}"


def main() -> None:
    """Start a server, attack it, and print a line for each attack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=["daphne", "uvicorn"], default="daphne")
    parser.add_argument("--redis", action="store_true", help="with a Redis of its own, as if there were other processes")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        env = dict(SITE)
        if arguments.redis:
            env["REDIS_URL"] = stack.enter_context(running_redis(folder))
        server = Server(migrated(folder / "data", env), env, arguments.server)
        stack.callback(server.kill)
        server.start()
        for attack in ATTACKS:
            print(arguments.server, measure(server, attack), flush=True)


if __name__ == "__main__":
    main()
