"""Send SIGTERM to a server on which many people speak, and count the final results that were stored and those that were received.

Prints, for all speakers together: messages stored, messages that their speakers received, messages that one subscriber of each conversation
received, the close codes, and how long the process took to end.
"""

import argparse
import asyncio
import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

from websockets import ConnectionClosed

from tests.servers import Server, migrated
from tests.streaming.transports.client import SymblClient, connected

SPEECH_S = 60
"""Longest speech of one speaker; the scripted recogniser returns a sentence in each two seconds of it."""


def stored(data: Path) -> int:
    """Return how many messages are in the database."""
    with sqlite3.connect(data / "parley.sqlite3") as database:
        return int(database.execute("select count(*) from insights_message").fetchone()[0])


async def measure(server: Server, speakers: int, token: str) -> dict[str, object]:
    """Start all speakers, end the server meanwhile, and count."""
    async with AsyncExitStack() as stack:
        talking: list[SymblClient] = []
        listening: list[SymblClient] = []
        for number in range(speakers):
            talking.append(await stack.enter_async_context(connected(server, token, f"room{number}")))
            await talking[-1].start(f"Speaker{number}")
            listening.append(await stack.enter_async_context(connected(server, token, f"room{number}", "/v1/subscribe/")))
        speaking = [asyncio.create_task(_speak(client)) for client in talking]
        await asyncio.gather(*(client.wait("message_response", 1) for client in talking + listening))
        began = time.monotonic()
        code = await asyncio.to_thread(server.stop)
        took = time.monotonic() - began
        for task in speaking:
            task.cancel()
        codes = Counter([await client.wait_closed() for client in talking + listening])
        return {
            "stored": stored(server.data),
            "received by speakers": sum(len(client.said()) for client in talking),
            "received by subscribers": sum(len(client.said()) for client in listening),
            "close codes": dict(codes),
            "exit code": code,
            "seconds": round(took, 1),
        }


async def _speak(client: SymblClient) -> None:
    """Send audio at four times real time until the server closes."""
    with contextlib.suppress(ConnectionClosed):
        for _ in range(SPEECH_S):
            await client.speak(1.0)
            await asyncio.sleep(0.25)


def main() -> None:
    """Measure once, with the number of speakers in the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="uvicorn")
    parser.add_argument("--speakers", type=int, default=20)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    server = Server(migrated(folder / "data"), {"RECOGNISER": "scripted"}, options.server)
    try:
        server.start()
        print(options.server, asyncio.run(measure(server, options.speakers, server.token())))
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
