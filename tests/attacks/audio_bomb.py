"""A speaker alone, then beside a client that sends hostile audio: how long the speaker waits for words, and what the server holds.

    python -m tests.attacks.audio_bomb --attack flac-headers --server daphne
    python -m tests.attacks.audio_bomb --attack all --server uvicorn --recogniser scripted

Prints for both cases the longest time without an event and how long after its last word a final comes, and the growth of the server's
memory. The attacker reads all answers and comes back when it is refused. To compare with another commit, copy this file and
`hostile_audio.py` into a checkout of it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from uuid import uuid4

import websockets

from tests.attacks.hostile_audio import ATTACKS, endless
from tests.servers import Server, migrated

TALK_S = 20.0
ATTACK_S = 10.0
BEFORE_S = 2.0  # of the talk before the attack begins
REST_S = 90.0  # for the last words
CHUNK_S = 0.1


@dataclass
class Talk:
    """The results of one speaker: the times of events, and the delays of final results, in seconds."""

    began: float = 0.0
    ended: float = 0.0
    events: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def take(self, text: str) -> None:
        """Record an event."""
        now, message = time.monotonic(), json.loads(text)
        inner = message.get("message") if message["type"] == "message" else {}
        if message["type"] != "message" or inner.get("type") == "recognition_result":
            self.events.append(now)
        if inner.get("isFinal"):
            end = inner["payload"]["raw"]["alternatives"][0]["words"][-1]["endTime"]
            self.late.append(now - self.began - int(end["seconds"]) - int(end["nanos"]) / 1e9)

    @property
    def longest_gap(self) -> float:
        """The longest time without an event, from the first word to the close or to the time limit."""
        return max(b - a for a, b in zip([self.began, *self.events], [*self.events, self.ended], strict=True))

    def __str__(self) -> str:
        late = sorted(self.late) or [REST_S]
        gap = f"longest time without an event {self.longest_gap:6.2f} s"
        return f"{gap}; finals late {median(late):5.2f} s (median), {late[-1]:5.2f} s (most)"


def connect(server: Server, token: str) -> websockets.connect:
    """Return a connection to open."""
    url = server.url.replace("http", "ws") + f"/v1/streaming/{uuid4().hex}"
    return websockets.connect(url, additional_headers={"x-api-key": token}, compression=None, max_size=None, ping_interval=None)


def start_request(encoding: str, rate: int) -> str:
    """Return the message that starts a session."""
    return json.dumps({"type": "start_request", "config": {"speechRecognition": {"encoding": encoding, "sampleRateHertz": rate}}})


async def talk(server: Server, token: str, audio: bytes) -> Talk:
    """Send audio in real time, then stop, and wait for the last final result."""
    told = Talk()
    async with connect(server, token) as socket:
        await socket.send(start_request("LINEAR16", 16_000))
        while "recognition_started" not in str(await socket.recv()):
            pass

        async def read() -> None:
            async for text in socket:
                told.take(str(text))

        reading = asyncio.create_task(read())
        told.began = time.monotonic()
        size = int(32_000 * CHUNK_S)
        for n in range(int(TALK_S / CHUNK_S)):
            await socket.send(audio[n * size : (n + 1) * size])
            await asyncio.sleep(max(0.0, told.began + (n + 1) * CHUNK_S - time.monotonic()))
        await socket.send(json.dumps({"type": "stop_request"}))
        await asyncio.wait([reading], timeout=REST_S)
        told.ended = time.monotonic()
        reading.cancel()
    return told


async def attack(server: Server, token: str, name: str) -> None:
    """Send an attack as fast as the server reads it; print one line at the end."""
    until = time.monotonic() + ATTACK_S
    sent = sessions = answers = 0
    chunks = endless(name)
    while time.monotonic() < until:
        sessions += 1
        try:
            async with connect(server, token) as socket:
                await socket.send(start_request(ATTACKS[name][0], 48_000))

                async def read(socket: websockets.ClientConnection = socket) -> None:
                    nonlocal answers
                    async for _ in socket:
                        answers += 1

                reading = asyncio.create_task(read())
                try:
                    async with asyncio.timeout_at(asyncio.get_running_loop().time() + until - time.monotonic()):
                        while not reading.done():
                            chunk = next(chunks)
                            await socket.send(chunk)
                            sent += len(chunk)
                finally:
                    reading.cancel()
                    socket.transport.abort()
        except (TimeoutError, OSError, websockets.WebSocketException):
            await asyncio.sleep(0.1)
    print(f"    attacker: {sent / 1e6:.1f} MB taken in {ATTACK_S:g} s, {sessions} sessions, {answers} answers", flush=True)


def memory_mib(server: Server) -> float:
    """Return the resident memory of the server's process."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def compare(server: Server, token: str, name: str, audio: bytes) -> None:
    """Measure one attack."""
    print(f"{name} on {server.kind}", flush=True)
    alone = await talk(server, token, audio)
    print(f"    alone:  {alone}", flush=True)
    before = memory_mib(server)
    beside = asyncio.create_task(talk(server, token, audio))
    await asyncio.sleep(BEFORE_S)
    arguments = ["-m", "tests.attacks.audio_bomb", "--attack", name, "--attacker", server.url, token]
    attacker = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    most = before
    while not beside.done():
        most = max(most, memory_mib(server))
        await asyncio.wait([beside], timeout=0.2)
    await attacker.wait()
    told = beside.result()
    print(f"    beside: {told}")
    ratio = median(told.late or [REST_S]) / median(alone.late)
    print(f"    finals {len(alone.late)} alone, {len(told.late)} beside, late x {ratio:.2f} (median)")
    print(f"    memory {before:.0f} MiB, most {most:.0f} MiB (+{most - before:.0f}), after {memory_mib(server):.0f} MiB", flush=True)


def speech(recogniser: str) -> bytes:
    """Return LINEAR16 at 16 kHz for one speaker."""
    if recogniser == "scripted":
        from tests.streaming.transports.client import noise

        return noise(TALK_S)
    from tests.streaming.speech.fakes import BECKETT

    return (BECKETT * 3)[: int(TALK_S * 32_000)]


def main() -> None:
    """Run one attack, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attack", choices=[*ATTACKS, "all"], default="all")
    parser.add_argument("--server", choices=["daphne", "uvicorn"], default="daphne")
    parser.add_argument("--recogniser", choices=["moonshine", "scripted"], default="moonshine")
    parser.add_argument("--attacker", nargs=2, metavar=("URL", "TOKEN"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.attacker:
        url, token = wanted.attacker
        asyncio.run(attack(Server(Path(), port=int(url.rpartition(":")[2])), token, wanted.attack))
        return
    with tempfile.TemporaryDirectory() as folder:
        server = Server(migrated(Path(folder)), {"RECOGNISER": wanted.recogniser}, wanted.server)
        server.start()
        try:
            token, audio = server.token(), speech(wanted.recogniser)
            for name in ATTACKS if wanted.attack == "all" else [wanted.attack]:
                asyncio.run(compare(server, token, name, audio))
        finally:
            server.kill()


if __name__ == "__main__":
    main()
