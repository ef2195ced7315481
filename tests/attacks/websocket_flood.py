"""Flood one WebSocket path after the other with small frames, and measure what /healthz takes meanwhile.

Each case floods for a few seconds as fast as the server takes frames, and connects again whenever the server closes. It prints the median
of /healthz just before, as a control on a busy machine, the median and the maximum meanwhile, the number of frames that were sent, of
connections, and the close codes.
"""

import argparse
import base64
import contextlib
import http.client
import json
import os
import shutil
import socket
import statistics
import struct
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import Server, migrated

PATHS = (
    "/telephone/handler",
    "/v1/subscribe/flood",
    "/v1/streaming/flood",
    "/v1/realtime/insights/flood",
    "/websocket/offer",
    "/streams/echo/websocket/offer",
    "/streams/echo/telephone/handler",
    "/streams/conversation/websocket/offer",
)
TEXT, BINARY, PING, CONTINUATION = 1, 2, 9, 0
MEDIA = '{"event":"media","media":{"payload":"fw=="}}'
KINDS = {
    "text": (0x80 | TEXT, b"hello"),
    "app-ping": (0x80 | TEXT, b"__PING__"),
    "empty": (0x80 | BINARY, b""),
    "tiny": (0x80 | BINARY, b"\0\0"),
    "media": (0x80 | TEXT, MEDIA.encode()),
    "empty-media": (0x80 | TEXT, b'{"event":"media","media":{"payload":""}}'),
    "ping": (0x80 | PING, b""),
    "fragments": (CONTINUATION, b""),
}
"""First byte of the frame, and payload. Fragments follow an unfinished text frame, and never end."""
BLOCK_BYTES = 64 * 1024
PROBE_S = 8.0
"""A probe without an answer for so long counts as so long, and ends its case."""


def frame(first: int, payload: bytes) -> bytes:
    """Return a client's frame with a zero mask."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    return bytes([first]) + size + bytes(4) + payload


@dataclass
class Flood:
    """The attacker: one thread that sends and one that reads, for each of its sockets."""

    server: Server
    path: str
    kind: str
    token: str
    frames: int = 0
    connections: int = 0
    closes: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Flood until `over`; reconnect after each close."""
        while not self.over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._once()

    def _once(self) -> None:
        first, payload = KINDS[self.kind]
        one = frame(first, payload)
        count = max(1, BLOCK_BYTES // len(one))
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=1) as wire:
            if not self._shake_hands(wire):
                self.closes["refused"] += 1
                self.over.wait(0.05)
                return
            self.connections += 1
            gone = threading.Event()
            reader = threading.Thread(target=self._read, args=(wire, gone), daemon=True)
            reader.start()
            for message in self._before():
                wire.sendall(message)
            block, at = one * count, 0
            while not self.over.is_set() and not gone.is_set():
                with contextlib.suppress(TimeoutError):
                    sent = wire.send(memoryview(block)[at:])
                    self.frames += (at % len(one) + sent) // len(one)
                    at = (at + sent) % len(block)
            wire.shutdown(socket.SHUT_RDWR)
            reader.join(2)

    def _before(self) -> list[bytes]:
        if self.kind == "fragments":
            return [frame(TEXT, b"")]
        if self.kind not in ("tiny", "media", "empty", "empty-media"):
            return []
        if "telephone" in self.path:
            token = {"customParameters": {"access_token": self.token}}
            start = {"event": "start", "start": {"streamSid": os.urandom(8).hex(), **token}}
        elif "/v1/" in self.path:
            start = {"type": "start_request", "config": {"speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": 16000}}}
        else:
            form = {} if "media" in self.kind else {"format": "pcm16"}
            start = {"event": "start", "websocket_id": os.urandom(8).hex(), **form}
        return [frame(0x80 | TEXT, json.dumps(start).encode())]

    def _shake_hands(self, wire: socket.socket) -> bool:
        token = "" if "telephone" in self.path else f"x-api-key: {self.token}\r\n"
        key = base64.b64encode(os.urandom(16)).decode()
        wire.sendall(
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{token}\r\n".encode()
        )
        wire.settimeout(30)
        answer = b""
        while b"\r\n\r\n" not in answer and (more := wire.recv(1)):
            answer += more
        wire.settimeout(0.2)
        return answer.startswith(b"HTTP/1.1 101")

    def _read(self, wire: socket.socket, gone: threading.Event) -> None:
        """Read until the server closes, and record the code of its close frame."""
        data, code = b"", "reset"
        while not gone.is_set():
            try:
                more = wire.recv(65536)
            except TimeoutError:
                if self.over.is_set():
                    code = "open"
                    break
                continue
            except OSError:
                break
            if not more:
                break
            data += more
            while (size := _size(data)) and len(data) >= size:
                if data[0] & 0x0F == 8:
                    code = str(struct.unpack("!H", data[2:4])[0]) if size >= 4 else "1005"
                    gone.set()
                    break
                data = data[size:]
        gone.set()
        self.closes["open" if self.over.is_set() and code == "reset" else code] += 1


def _size(data: bytes) -> int:
    """Return the size of the server's frame at the start of the data, 0 while it is unknown."""
    if len(data) < 2:
        return 0
    length = data[1] & 0x7F
    if length < 126:
        return 2 + length
    if length == 126:
        return 4 + struct.unpack("!H", data[2:4])[0] if len(data) >= 4 else 0
    return 10 + int(struct.unpack("!Q", data[2:10])[0]) if len(data) >= 10 else 0


def probe(server: Server) -> float:
    """Return the seconds that /healthz takes."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PROBE_S)
    try:
        connection.request("GET", "/healthz")
        assert connection.getresponse().read()
    except TimeoutError:
        return PROBE_S
    finally:
        connection.close()
    return time.monotonic() - began


def measure(server: Server, path: str, kind: str, token: str, seconds: float, sockets: int) -> tuple[Flood, list[float]]:
    """Flood a path; return the attacker's counts and the times of /healthz."""
    flood = Flood(server, path, kind, token)
    threads = [threading.Thread(target=flood.run, daemon=True) for _ in range(sockets)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    times, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        times.append(probe(server))
        time.sleep(0.02)
    flood.over.set()
    for thread in threads:
        thread.join(10)
    return flood, times


def main() -> None:
    """Measure the cases in the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="uvicorn")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each flood")
    parser.add_argument("--sockets", type=int, default=1, help="sockets that flood at the same time")
    parser.add_argument("--kinds", default="text", help=f"some of {', '.join(KINDS)}, or all")
    parser.add_argument("--paths", default="", help="only paths that contain this text")
    options = parser.parse_args()
    kinds = list(KINDS) if options.kinds == "all" else options.kinds.split(",")
    folder = Path(tempfile.mkdtemp())
    server = Server(migrated(folder / "data"), {"RECOGNISER": "scripted"}, options.server)
    try:
        server.start()
        token = server.token()
        alone = [probe(server) for _ in range(20)]
        print(f"{options.server}: /healthz alone: p50 {statistics.median(alone) * 1000:.0f} ms, max {max(alone) * 1000:.0f} ms")
        for kind in kinds:
            for path in (path for path in PATHS if options.paths in path):
                idle = statistics.median(probe(server) for _ in range(15))
                flood, times = measure(server, path, kind, token, options.seconds, options.sockets)
                median, most = statistics.median(times) * 1000, max(times) * 1000
                print(
                    f"{kind:12} {path:40} idle p50 {idle * 1000:4.0f} ms  p50 {median:6.0f} ms  max {most:6.0f} ms  "
                    f"answers {len(times):4}  frames {flood.frames:8}  connections {flood.connections:4}  {dict(flood.closes)}",
                    flush=True,
                )
        print(f"resident {resident_mb(server):.0f} MB, exit code {server.stop()}")
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def resident_mb(server: Server) -> float:
    """Return the resident memory of the server's process, in megabytes."""
    assert server.process is not None
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
