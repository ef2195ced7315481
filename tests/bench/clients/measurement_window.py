"""Shared code of the client processes: the measurement window, questions and answers."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import aiohttp

from tests.bench.resource_usage import usage
from tests.bench.scoring import percentile

Question = dict[str, Any]
Answer = dict[str, Any]

PATIENCE_S = 20.0
"""Timeout of waits that a working server ends at once, however busy the machine is."""
_LOOK_S = 0.005


class Window:
    """Resource usage of a server between creation and `seen`."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu, self._began = usage(pid).cpu_s, time.perf_counter()

    def seen(self) -> dict[str, float]:
        """Return cores used (CPU seconds per second), the duration in seconds, and resident bytes."""
        seconds = time.perf_counter() - self._began
        now = usage(self._pid)
        return {"cores": (now.cpu_s - self._cpu) / seconds, "seconds": seconds, "resident": now.resident}


async def in_time(found: Callable[[], bool], most_s: float) -> bool:
    """Wait until a condition holds, at most `most_s` seconds; return whether it does."""
    try:
        async with asyncio.timeout(most_s):
            while not found():  # noqa: ASYNC110  # polling is cheap compared to what is measured
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        return False
    return True


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return p50, p95 and p99 by these names."""
    return {f"p{percent}": percentile(values, percent) for percent in (50, 95, 99)}


def some(errors: Sequence[Sequence[str]]) -> list[str]:
    """Return the first few distinct errors of all clients."""
    return sorted({error for of_one in errors for error in of_one})[:3]


def http_client() -> aiohttp.ClientSession:
    """Return a client without a connection limit."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None, sock_connect=20))


def answer(
    modes: dict[str, Callable[[Question], Coroutine[Any, Any, Answer]]], loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Read a question (JSON) from standard input and write its answer to standard output."""
    asked = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        json.dump(runner.run(modes[asked["mode"]](asked)), sys.stdout)
