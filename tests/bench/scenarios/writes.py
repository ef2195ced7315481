"""How long a live result waits for the database while a worker writes into it, on SQLite."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from tests.bench.child_processes import Server, ask_child
from tests.bench.report import Goal, Result, Table, number
from tests.bench.scale import Sizes

MOST_S = 0.2
"""The longest wait that is allowed."""
START_S = 10.0
"""Seconds that the worker writes longer than the live results, since both start at the same time."""


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Store live results alone, and beside a worker whose jobs write without a pause."""
    rows, data = [], []
    for threads in (0, 1, 4):
        say(f"a worker with {threads} jobs that write without a pause")
        waits, stored = _one(server, sizes, threads)
        median, high, most = float(np.median(waits)), float(np.percentile(waits, 95)), max(waits)
        figures = [number(1000 * value, 1, " ms") for value in (median, high, most)]
        rows.append([str(threads), f"{stored / (sizes.seconds + START_S):.0f}" if threads else "-", str(len(waits)), *figures])
        data.append({"jobs": threads, "median": median, "p95": high, "most": most, "stored": stored})
    heads = ["jobs of the worker", "its results a second", "live results", "wait, median", "p95", "longest"]
    table = Table("A live result waits for the writers of other processes (SQLite)", heads, rows)
    longest = max(float(row["most"]) for row in data)
    goal = Goal("longest wait of a live result for a worker's writes", f"{MOST_S:g} s", number(longest, 3, " s"), reached=longest <= MOST_S)
    return Result("writes", "Live results beside a worker", [table], (), {"waits": data}, [goal])


def _one(server: Server, sizes: Sizes, threads: int) -> tuple[list[float], int]:
    env = {"DATA_DIR": server.data, "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "config.settings"}
    live: dict[str, Any] = {"mode": "live", "seconds": sizes.seconds}
    if not threads:
        return ask_child("writer", live, timeout_s=600, **env), 0
    question = {"mode": "worker", "seconds": sizes.seconds + START_S, "threads": threads}
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(ask_child, "writer", question, timeout_s=600, **env)
        waits = ask_child("writer", live, timeout_s=600, **env)
        return waits, worker.result()
