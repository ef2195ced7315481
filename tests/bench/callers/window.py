"""What the processes of clients have in common: the window that counts, and how they are asked and answer."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import aiohttp

from tests.bench.machine import usage
from tests.bench.scoring import percentile

Question = dict[str, Any]
Answer = dict[str, Any]

PATIENCE_S = 20.0
"""Limit of waits for what a server that works does in no time, however busy the machine is."""
_LOOK_S = 0.005


class Window:
    """What a server used from the making of this to `seen`, and how long that was."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu, self._began = usage(pid).cpu_s, time.perf_counter()

    def seen(self) -> dict[str, float]:
        """Return cores used (CPU seconds per second), the seconds it was, and resident bytes."""
        seconds = time.perf_counter() - self._began
        now = usage(self._pid)
        return {"cores": (now.cpu_s - self._cpu) / seconds, "seconds": seconds, "resident": now.resident}


async def in_time(found: Callable[[], bool], most_s: float) -> bool:
    """Wait until something is found; tell whether it was, at the latest after so many seconds."""
    try:
        async with asyncio.timeout(most_s):
            while not found():  # noqa: ASYNC110  # lists have no events, and this is cheap beside what is waited for
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        return False
    return True


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return p50, p95 and p99 by these names."""
    return {f"p{percent}": percentile(values, percent) for percent in (50, 95, 99)}


def some(errors: Sequence[Sequence[str]]) -> list[str]:
    """Return the first few errors of all clients, each once."""
    return sorted({error for of_one in errors for error in of_one})[:3]


def http_client() -> aiohttp.ClientSession:
    """Return a client with as many connections as are asked for."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None, sock_connect=20))


def answer(
    modes: dict[str, Callable[[Question], Coroutine[Any, Any, Answer]]], loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Read a question (JSON) from standard input and write its answer to standard output."""
    asked = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        json.dump(runner.run(modes[asked["mode"]](asked)), sys.stdout)
