"""`python -m tests.bench.clients.socket_clients`: all WebSocket clients of one measurement, in their own process.

The server's usage is read here, from /proc, at the beginning and the end of the window: connecting and the first seconds are not
included.
"""

import asyncio
import math
import os
import signal
import statistics
import time
from collections.abc import Sequence

import uvloop

from tests.bench.clients.measurement_window import PATIENCE_S, Answer, Question, Window, answer, http_client, in_time, percentiles, some
from tests.bench.clients.noise import Noise
from tests.bench.clients.sockets import Socket, open_all
from tests.bench.clients.subscribers import Subscriber
from tests.bench.scoring import percentile, slope

_FIRST_S = 0.3
"""Seconds between the last opening and the first frame."""
_RECOVERY_S = 0.5
"""Seconds that a stopped server has to catch up before delays count."""
_LEAST = 4
"""Minimum number of outputs per reader in the window; the first and the last of them are not counted."""


async def speak(question: Question) -> Answer:
    """Run concurrent WebSockets, not in step; each sends a frame at a fixed interval, or silence."""
    every_s, warm_s = question["every_s"], question["warm_s"]
    noise = Noise(max(1, round((warm_s + question["seconds"]) / every_s)))
    stall_s = question.get("stall_s", 0.0)
    sockets = [Socket(question["url"], noise, question["silent"]) for _ in range(question["sockets"])]
    async with http_client() as http:
        inside = await open_all(sockets, http)
        begin = time.perf_counter() + _FIRST_S
        speaking = [
            asyncio.create_task(socket.speak(begin + every_s * number / len(inside), every_s)) for number, socket in enumerate(inside)
        ]
        await asyncio.sleep(begin + warm_s - time.perf_counter())
        if stall_s:
            await asyncio.to_thread(_stall, question["pid"], stall_s)
            await asyncio.sleep(_RECOVERY_S)
        window, since = Window(question["pid"]), time.perf_counter()
        await asyncio.gather(*speaking)
        await asyncio.sleep(begin + warm_s + question["seconds"] - time.perf_counter())  # clients may finish before the window ends
        used = window.seen()
        if not question["silent"]:
            await in_time(lambda: all(len(socket.delays) == len(socket.sent) for socket in inside), question["late_s"])
        await asyncio.gather(*(socket.close() for socket in inside))
    return {**used, **_results(sockets, since if stall_s else begin + warm_s)}


def _stall(pid: int, seconds: float) -> None:
    """Stop the server's process, as a suspended machine does."""
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


def _results(sockets: Sequence[Socket], since: float) -> Answer:
    """Return the results of the frames sent in the window."""
    sent = sum(at >= since for socket in sockets for at in socket.sent)
    counted = [[(at, delay) for at, delay in socket.delays if at >= since] for socket in sockets]
    slopes = [slope(one) for one in counted if len(one) > 2]
    return {
        **percentiles([delay for one in counted for _, delay in one]),
        "drift": statistics.median(slopes) if slopes else None,
        "lost": 1 - sum(map(len, counted)) / sent if sent else None,
        "served": sum(bool(one) for one in counted),
        "late_p99": percentile([late for socket in sockets for late in socket.late], 99),
        "errors": some([socket.errors for socket in sockets]),
    }


async def subscribe(question: Question) -> Answer:
    """Run one session with outputs and many readers; the window begins when each of them receives."""
    async with http_client() as http:
        socket = Socket(question["url"], Noise(0))
        await open_all([socket], http)
        readers = [Subscriber(question["url"], socket.id) for _ in range(question["subscribers"])]
        reading = [asyncio.create_task(reader.read(http)) for reader in readers]
        await in_time(lambda: all(reader.errors or reader.got for reader in readers), PATIENCE_S)
        await asyncio.sleep(question["warm_s"])
        window, since = Window(question["pid"]), time.time()
        await asyncio.sleep(question["seconds"])
        await in_time(lambda: all(reader.errors or len(_numbers([reader], since)) >= _LEAST for reader in readers), PATIENCE_S)
        used, until = window.seen(), time.time()
        last = max(_numbers(readers, since, until), default=0)
        await in_time(lambda: all(reader.errors or max(_numbers([reader]), default=0) >= last for reader in readers), question["late_s"])
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        await socket.close()
    whole = range(min(_numbers(readers, since, until), default=0) + 1, last)  # some readers got the first one before the window
    counted = [delay for reader in readers for number, _, delay in reader.got if number in whole]
    return {
        **used,
        **percentiles(counted),
        "outputs": len(whole),
        "copies": len(counted) / len(whole) if whole else 0.0,
        "errors": some([socket.errors, *(reader.errors for reader in readers)]),
    }


def _numbers(readers: Sequence[Subscriber], since: float = 0.0, until: float = math.inf) -> list[int]:
    """Return the numbers of the outputs that readers received in this time."""
    return [number for reader in readers for number, at, _ in reader.got if since <= at < until]


if __name__ == "__main__":
    answer({"speak": speak, "subscribe": subscribe}, uvloop.new_event_loop)
