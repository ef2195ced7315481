"""Ten clients ask for long answers and never read them; live speakers and ordinary requests run beside them.

    python -m tests.attacks.big_reads --server daphne|uvicorn [--messages 20000] [--readers 10] [--accounts 3]

Prints, for one server process: the time to the first byte and in all of one reader, the growth of its memory (RSS), and, with and
without the unread requests, the time from the end of speech to its message (p50, p95) and that of an ordinary API call. The
requests are spread over several accounts, so that a limit per account does not turn them away.
"""

import argparse
import asyncio
import json
import socket
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import numpy as np
import websockets

from tests.servers import Server, migrated

RATE = 16_000
CHUNK_S = 0.1
TURN_CHUNKS = 20
"""The scripted recogniser makes a message of every two seconds of sound."""
PHASE_S = 15.0
SPEAKERS = 4

SEED = """
import sys
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from insights.models import Conversation, Member, Message, Speaker
owner, count, start = User.objects.get(username={email!r}), {count}, timezone.now() - timedelta(hours=3)
talk = Conversation.objects.create(owner=owner, connection_id={email!r}, name="long", started_at=start, ended_at=timezone.now(),
    message_count=count, last_event=1)
people = [Member.objects.create(conversation=talk, user_id=f"u{{n}}@example.com", name=f"Speaker {{n}}") for n in range(4)]
voices = [Speaker.objects.create(conversation=talk, number=n, member=member) for n, member in enumerate(people, 1)]
text = "We will send the report about the budget to them on Friday morning then"
def words(at):
    stamp = lambda place: (at + timedelta(milliseconds=40 * place)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [dict(word=word, startTime=stamp(n), endTime=stamp(n + 1), score=0.9) for n, word in enumerate(text.split())]
def row(number):
    at = start + timedelta(seconds=number / 2)
    return Message(conversation=talk, number=number, speaker=voices[number % 4], text=text, words=words(at), confidence=0.9, started_at=at,
        ended_at=at + timedelta(milliseconds=500), offset_s=number / 2, duration_s=0.5, sentiment=0.1)
for first in range(1, count + 1, 1000):
    Message.objects.bulk_create([row(number) for number in range(first, min(first + 1000, count + 1))])
print(talk.id)
"""


@dataclass
class Figures:
    """Seconds that were measured in one phase."""

    final: list[float] = field(default_factory=list)
    call: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"message after speech {_spread(self.final)}; ordinary call {_spread(self.call)}"


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "none at all"
    ordered = sorted(seconds)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
    return f"p50 {p50 * 1000:.0f} p95 {p95 * 1000:.0f} max {ordered[-1] * 1000:.0f} ms (n={len(ordered)})"


def rss_mib(server: Server) -> float:
    """Return the resident memory of the server's process in MiB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def read_whole(server: Server, path: str, token: str) -> tuple[float, float, int]:
    """Read one response to its end; return seconds to its first byte and in total, and its size in bytes."""
    request = urllib.request.Request(server.url + path, headers={"x-api-key": token})
    begun = time.perf_counter()
    with urllib.request.urlopen(request, timeout=300) as response:
        size = len(response.read(1))
        first = time.perf_counter() - begun
        while part := response.read(1 << 16):
            size += len(part)
    return first, time.perf_counter() - begun, size


def unread(server: Server, path: str, token: str) -> socket.socket:
    """Send a request without reading its response."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {token}\r\n\r\n".encode())
    return client


async def speaker(server: Server, token: str, figures: Figures, until: float, delay: float) -> None:
    """Send audio in real time and record the delay of each message after the end of its turn."""
    url = f"ws://127.0.0.1:{server.port}/v1/streaming/{uuid4().hex}"
    noise = np.random.default_rng(7).integers(-8000, 8000, int(RATE * CHUNK_S), dtype=np.int16).astype("<i2").tobytes()
    ended: list[float] = []
    options = {"compression": None, "max_size": None, "open_timeout": 60, "ping_interval": None}
    async with websockets.connect(url, additional_headers={"x-api-key": token}, **options) as line:  # type: ignore[arg-type]

        async def listen() -> None:
            async for text in line:
                if '"message_response"' in str(text) and ended:
                    figures.final.append(time.perf_counter() - ended.pop(0))

        config = {"speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": RATE}}
        await line.send(json.dumps({"type": "start_request", "config": config, "speaker": {"userId": "s@example.com"}}))
        listening = asyncio.create_task(listen())
        await asyncio.sleep(delay)
        due, place = time.perf_counter(), 0
        while time.perf_counter() < until:
            place, due = place + 1, due + CHUNK_S
            if place % TURN_CHUNKS == 0:
                ended.append(time.perf_counter())
            await line.send(noise)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await asyncio.sleep(1)
        figures.final += [time.perf_counter() - at for at in ended]  # still missing: at least so late
        listening.cancel()


async def calls(server: Server, token: str, figures: Figures, until: float) -> None:
    """Send an ordinary request four times a second and record its time."""
    while time.perf_counter() < until:
        begun = time.perf_counter()
        await asyncio.to_thread(server.get, "/v1/conversations?limit=1", token)
        figures.call.append(time.perf_counter() - begun)
        await asyncio.sleep(0.25)


async def phase(server: Server, token: str) -> Figures:
    """Measure live speech and ordinary requests for a while."""
    figures, until = Figures(), time.perf_counter() + PHASE_S
    speaking = [speaker(server, token, figures, until, number * 0.45) for number in range(SPEAKERS)]
    await asyncio.gather(*speaking, calls(server, token, figures, until))
    return figures


async def with_unread(server: Server, paths: list[tuple[str, str]], token: str) -> tuple[Figures, float]:
    """Measure beside unread responses; return the figures and the memory before those clients disconnect."""
    clients: list[socket.socket] = []

    async def attack() -> None:
        await asyncio.sleep(2)
        clients.extend(unread(server, path, owner) for path, owner in paths)

    attacking = asyncio.create_task(attack())
    figures = await phase(server, token)
    await attacking
    memory = rss_mib(server)
    for client in clients:
        client.close()
    return figures, memory


def run(kind: str, messages: int, readers: int, accounts: int) -> None:
    """Seed a server, measure it, and print the figures."""
    with tempfile.TemporaryDirectory(prefix="big-reads-") as folder:
        env = {"RECOGNISER": "scripted", "LOG_LEVEL": "WARNING"}
        server = Server(migrated(Path(folder) / "data", env), env, kind)
        try:
            server.start()
            emails = [f"reader{number}@example.com" for number in range(accounts)]
            tokens = [server.token(email) for email in emails]
            talks = [server.manage("shell", "-v0", "-c", SEED.format(email=email, count=messages)).split()[-1] for email in emails]
            measure(server, tokens, talks, readers)
        finally:
            server.kill()


def measure(server: Server, tokens: list[str], talks: list[str], readers: int) -> None:
    """Print all figures of a server with a long conversation for each account."""
    paths = [f"/v1/conversations/{talk}/messages" for talk in talks]
    live = server.token("speaker@example.com")
    asyncio.run(phase(server, live))  # warm
    before = rss_mib(server)
    print(f"{server.kind}: RSS {before:.0f} MiB when warm", flush=True)
    for query in ("", "?verbose=true"):
        first, whole, size = read_whole(server, paths[0] + query, tokens[0])
        print(f"one reader {query or 'plain'}: first byte {first:.2f} s, whole {whole:.2f} s, {size / 1e6:.1f} MB", flush=True)
    print(f"RSS {rss_mib(server) - before:+.0f} MiB after the reader", flush=True)
    print(f"without: {asyncio.run(phase(server, live))}", flush=True)
    before = rss_mib(server)
    asked = [(paths[number % len(paths)] + "?verbose=true", tokens[number % len(tokens)]) for number in range(readers)]
    figures, memory = asyncio.run(with_unread(server, asked, live))
    print(f"beside {readers} unread: {figures}; RSS {memory - before:+.0f} MiB", flush=True)
    time.sleep(5)
    print(f"RSS {rss_mib(server) - before:+.0f} MiB 5 s after those clients left", flush=True)
    print(f"afterwards: {asyncio.run(phase(server, live))}", flush=True)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--server", choices=["daphne", "uvicorn"], default="daphne")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--readers", type=int, default=10)
    parser.add_argument("--accounts", type=int, default=3)
    options = parser.parse_args()
    run(options.server, options.messages, options.readers, options.accounts)


if __name__ == "__main__":
    main()
