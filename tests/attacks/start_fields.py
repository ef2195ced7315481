"""Attack the fields of start_request and the chunk limit of the SDKs, and measure what /healthz takes meanwhile.

Each case opens sockets one after the other for a few seconds: speakers with thousands of fields, the largest fields that are kept
(each in every message, interim result and event), deep and wide metadata, thousands of unknown fields, and chunks of 64 KiB with
`source=js_sdk` as fast as the server takes them. It prints the times of /healthz, the answers of the server, and its memory.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import websockets

from tests.attacks.websocket_flood import probe, resident_mb
from tests.servers import Server, migrated
from tests.streaming.transports.client import connected, noise

SPEAKER = {"userId": "mallory", "name": "Mallory"}
LARGE = 65_536


def nested(levels: int) -> Any:
    """Return an object of so many levels."""
    value: Any = "x"
    for _ in range(levels):
        value = {"a": value}
    return value


STARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "many fields": lambda: {"speaker": SPEAKER | {f"field{number}": "x" * 4 for number in range(10_000)}},
    "largest fields": lambda: {"speaker": SPEAKER | {f"{number:x}" * 64: "\U0001f600" * 256 for number in range(16)}},
    "deep field": lambda: {"speaker": SPEAKER | {"deep": nested(28)}},
    "wide metadata": lambda: {"metadata": {f"field{number}": "x" * 128 for number in range(1_500)}},
    "deep metadata": lambda: {"metadata": nested(28)},
    "unknown fields": lambda: {f"field{number}": [number] for number in range(9_000)},
    "large chunks": dict,
}


async def once(server: Server, token: str, case: str) -> Counter[str]:
    """Open one socket, start, speak, stop; return how often each kind of message came."""
    query = "?source=js_sdk" if case == "large chunks" else ""
    async with connected(server, token, query=query) as client:
        await client.start(wait=False, **STARTS[case]())
        with contextlib.suppress(websockets.ConnectionClosed):
            if case == "large chunks":
                sound = noise(LARGE / 32_000)[:LARGE]
                for _ in range(100):
                    await client.socket.send(sound)
            else:
                await client.speak(2.1)
            await client.send({"type": "stop_request"})
            if not client.of("error"):
                await client.wait_closed()
    return Counter(client.kinds())


async def attack(server: Server, token: str, case: str, seconds: float, sockets: int) -> tuple[Counter[str], list[float]]:
    """Repeat a case on several sockets for some seconds; return the messages that came and the times of /healthz."""
    deadline, seen, times = time.monotonic() + seconds, Counter[str](), []

    async def repeat() -> None:
        while time.monotonic() < deadline:
            seen["sockets"] += 1
            with contextlib.suppress(AssertionError):
                seen.update(await once(server, token, case))

    attackers = [asyncio.create_task(repeat()) for _ in range(sockets)]
    while time.monotonic() < deadline:
        times.append(await asyncio.to_thread(probe, server))
        await asyncio.sleep(0.05)
    for attacker in attackers:
        attacker.cancel()
    await asyncio.gather(*attackers, return_exceptions=True)
    return seen, times


def main() -> None:
    """Run the cases in the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="uvicorn")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each case")
    parser.add_argument("--sockets", type=int, default=4, help="sockets at the same time")
    parser.add_argument("--cases", default=",".join(STARTS), help="some of the cases, separated by commas")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    server = Server(migrated(folder / "data"), {"RECOGNISER": "scripted"}, options.server)
    try:
        server.start()
        token = server.token()
        print(f"{options.server}: resident {resident_mb(server):.0f} MB, /healthz alone {1000 * probe(server):.0f} ms")
        for case in options.cases.split(","):
            size = len(json.dumps(STARTS[case]()))
            seen, times = asyncio.run(attack(server, token, case, options.seconds, options.sockets))
            median, most = 1000 * statistics.median(times), 1000 * max(times)
            print(f"{case:16} {size:7} bytes  /healthz p50 {median:5.0f} ms  max {most:6.0f} ms  {dict(seen)}", flush=True)
        failures = [line for line in server.output if "Traceback" in line or "ERROR" in line]
        print(f"resident {resident_mb(server):.0f} MB, {len(failures)} errors in the log, exit code {server.stop()}")
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
