"""Slow HTTP requests: half headers, trickled headers, half bodies; after how many seconds each is cut.

    python -m tests.attacks.slow_requests --server daphne

Connections that are still open after `--seconds` are printed as such.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from tests.servers import Server, migrated

HEAD = b"POST /oauth2/token:generate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
CASES: dict[str, tuple[bytes, bytes, float]] = {
    "nothing sent": (b"", b"", 1.0),
    "half of the headers": (HEAD, b"", 1.0),
    "a header byte each second": (HEAD + b"X-Slow: ", b"a", 1.0),
    "half of the body": (HEAD + b"\r\n" + b"a" * 500, b"", 1.0),
    "a body byte each second": (HEAD + b"\r\n", b"a", 1.0),
}
"""Name: what is sent at once, what is sent again and again, and the pause between (s)."""


async def cut_after(port: int, first: bytes, again: bytes, pause_s: float, most_s: float) -> float | None:
    """Return the seconds until the server closed the connection; None if it did not within `most_s`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(first)

    async def trickle() -> None:
        while again:
            await asyncio.sleep(pause_s)
            writer.write(again)

    trickling = asyncio.create_task(trickle())
    try:
        async with asyncio.timeout(most_s):
            while await reader.read(4096):
                pass
    except TimeoutError:
        return None
    except ConnectionError:
        pass
    finally:
        trickling.cancel()
        writer.transport.abort()
    return time.monotonic() - began


async def measure(port: int, most_s: float) -> dict[str, float | None]:
    """Return the seconds until the server closed, for each case."""
    times = await asyncio.gather(*(cut_after(port, *case, most_s) for case in CASES.values()))
    return dict(zip(CASES, times, strict=True))


def main() -> None:
    """Run the attack on a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="daphne")
    parser.add_argument("--seconds", type=float, default=75.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(migrated(Path(folder)), {"RECOGNISER": "scripted"}, options.server).start()
        try:
            for name, seconds in asyncio.run(measure(server.port, options.seconds)).items():
                print(f"{name:28} {'open after ' + format(options.seconds, 'g') if seconds is None else format(seconds, '6.1f')} s")
        finally:
            server.kill()


if __name__ == "__main__":
    main()
