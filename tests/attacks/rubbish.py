"""Send random messages to every WebSocket, and bodies of every type to every call, and report what the server makes of them.

The random numbers have a fixed seed. It prints the close codes, the statuses, the tracebacks in the log, and the memory and the open files
before and after. A status of 500 or more but 501 and 503, or a traceback, is a fault of the server.
"""

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import websockets

from tests.attacks.websocket_flood import PATHS, resident_mb
from tests.servers import Server, migrated

SEED = 163
SOCKETS = 8
MESSAGES = 40
"""Messages of one connection, unless the server closes it."""
CONTENT_TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "image/\xff",
    "",
)
EXPECTED = (501, 503)
KEYS = (
    "type", "event", "speaker", "config", "speechRecognition", "insightTypes", "trackers", "metadata", "start", "media", "payload",
    "websocket_id", "webrtc_id", "streamSid", "sample_rate", "format", "user_data", "resume", "customParameters", "sampleRateHertz",
    "encoding", "languageCode", "name", "userId", "messages", "content", "url", "text", "id", "label", "sdp", "candidate", "stop", "mark",
)  # fmt: skip
TEXTS = ("start_request", "stop_request", "modify_request", "start", "media", "offer", "dtmf", "LINEAR16", "en-US", "pcm16", "__PING__", "")
ODD = ("\x00", "\ud800", "\U0001f600" * 300, "\u202e", "'\"<script>", "../../etc/passwd", "a\r\nSet-Cookie: x", "%00", "9" * 5000)


class Rubbish:
    """Random values, texts and bytes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same messages each time

    def value(self, depth: int = 0) -> Any:
        """Return a random JSON value, or one that JSON does not allow."""
        kind = self.random.randrange(9 if depth < 4 else 6)
        match kind:
            case 0:
                return self.random.choice((None, True, False))
            case 1:
                return self.random.choice((0, -1, 2**63, 10**400, 1e308, float("nan"), float("inf"), -0.0, 16000))
            case 2 | 3:
                return self.random.choice(TEXTS)
            case 4:
                return self.random.choice(ODD)
            case 5:
                return "A" * self.random.choice((1, 321, 70_000))
            case 6:
                return [self.value(depth + 1) for _ in range(self.random.randrange(6))]
            case _:
                return {self.random.choice(KEYS): self.value(depth + 1) for _ in range(self.random.randrange(8))}

    def text(self) -> str:
        """Return a text message: JSON, broken JSON, deep JSON, or no JSON."""
        match self.random.randrange(8):
            case 0:
                return "[" * 20_000
            case 1:
                return '{"a":' * 5_000 + "1" + "}" * 5_000
            case 2:
                return json.dumps(self.value())[:-1]
            case 3:
                return "".join(chr(self.random.randrange(1, 0xD7FF)) for _ in range(self.random.randrange(200)))
            case 4:
                return "[" + "1," * 30_000 + "1]"
            case 5:
                return json.dumps(
                    {"type": "start_request", "config": self.value(), "speaker": self.value(), "event": "start", "websocket_id": "a"}
                )
            case _:
                return json.dumps(self.value())

    def data(self) -> bytes:
        """Return the bytes of a binary message or of a body."""
        return self.random.randbytes(self.random.choice((0, 1, 2, 3, 320, 8192, 70_000)))


async def talk(server: Server, path: str, token: str, rubbish: Rubbish, until: float, closes: Counter[str]) -> None:
    """Connect again and again, and send random messages."""
    while time.monotonic() < until:
        headers = {"x-api-key": token} if rubbish.random.random() < 0.9 else {}
        url = f"ws://127.0.0.1:{server.port}{path}"
        try:
            async with asyncio.timeout(20), websockets.connect(url, additional_headers=headers, max_size=None) as socket:
                reading = asyncio.create_task(_read_all(socket))
                for _ in range(MESSAGES):
                    message = rubbish.text() if rubbish.random.random() < 0.7 else rubbish.data()
                    await socket.send(message.encode("utf-8", "replace").decode() if isinstance(message, str) else message)
                    if time.monotonic() > until:
                        break
                await asyncio.sleep(0.05)
            await reading
            closes[f"{path} {socket.close_code}"] += 1
        except websockets.ConnectionClosed as error:
            closes[f"{path} {error.rcvd.code if error.rcvd else 'reset'}"] += 1
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            closes[f"{path} {type(error).__name__}"] += 1
            await asyncio.sleep(0.05)


async def _read_all(socket: websockets.ClientConnection) -> None:
    """Read what the server sends, so that it can close."""
    with contextlib.suppress(websockets.ConnectionClosed):
        async for _ in socket:
            pass


async def calls_of(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """Return method and path of every call of the API, and those of the streams."""
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    found = [(method.upper(), path) for path, operations in paths.items() for method in operations]
    return [
        *found,
        ("POST", "/webrtc/offer"),
        ("POST", "/input_hook"),
        ("POST", "/streams/echo/webrtc/offer"),
        ("POST", "/telephone/incoming"),
    ]


async def call(client: httpx.AsyncClient, token: str, rubbish: Rubbish, until: float, statuses: Counter[str]) -> None:
    """Send random bodies to random calls."""
    calls = await calls_of(client)
    while time.monotonic() < until:
        method, path = rubbish.random.choice(calls)
        while "{" in path:
            before, _, after = path.partition("{")
            path = before + rubbish.random.choice(("1000000000000000", "x", "%00", "-1", "9" * 40, "%ED%A0%80")) + after.partition("}")[2]
        body = rubbish.data() if rubbish.random.random() < 0.4 else rubbish.text().encode("utf-8", "replace")
        query = f"?limit={rubbish.random.choice(('1', '-1', 'nan', '9' * 30, '%00'))}" if rubbish.random.random() < 0.3 else ""
        kind = rubbish.random.choice(CONTENT_TYPES).encode("latin-1")
        headers = [(b"x-api-key", token.encode()), *([(b"content-type", kind)] if kind else [])]
        try:
            answer = await client.request(method, path + query, content=body if method != "GET" else None, headers=headers)
            fault = answer.status_code >= 500 and answer.status_code not in EXPECTED
            statuses[f"{answer.status_code} {method} {path} {kind!r}" if fault else str(answer.status_code)] += 1
        except httpx.HTTPError as error:
            statuses[type(error).__name__] += 1


async def attack(server: Server, token: str, seconds: float, sockets: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    """Send rubbish for so many seconds; return how the sockets were closed and the statuses of the calls."""
    closes: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    until = time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        talks = [talk(server, PATHS[n % len(PATHS)], token, Rubbish(seed + n), until, closes) for n in range(sockets)]
        await asyncio.gather(*talks, call(client, token, Rubbish(seed - 1), until, statuses))
    return closes, statuses


def open_files(server: Server) -> int:
    """Return the number of open files of the server's process."""
    assert server.process is not None
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def main() -> None:
    """Attack one server, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="uvicorn")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sockets", type=int, default=SOCKETS, help="sockets that are open at the same time; 0: only calls of the API")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    server = Server(migrated(folder / "data"), {"RECOGNISER": "scripted", "STREAMS_PUBLIC": "echo"}, options.server)
    try:
        server.start()
        token = server.token()
        for number in range(1, options.rounds + 1):
            closes, statuses = asyncio.run(attack(server, token, options.seconds, options.sockets, options.seed + 100 * number))
            time.sleep(3)
            print(f"round {number}: resident {resident_mb(server):.0f} MB, {open_files(server)} open files", flush=True)
            for counts in (closes, statuses):
                for what, count in sorted(counts.items()):
                    print(f"  {count:6} {what}")
        log = "".join(server.output)
        print(f"{log.count('Traceback')} tracebacks, {log.count(' ERROR ')} errors in the log; exit code {server.stop()}")
        for line in dict.fromkeys(line[20:] for line in log.splitlines() if " ERROR " in line or " CRITICAL " in line):
            print(" ", line[:300])
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
