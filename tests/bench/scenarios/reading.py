"""What the API costs beside bare SQL: a conversation of many messages, read through Parley and with the database's own driver, in turn."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from statistics import median
from typing import Any

from django.conf import settings

from tests.bench.child_processes import BenchError
from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Say
from tests.bench.scale import Sizes
from tests.insights import postgres

MOST_RATIO = 3.0
"""Time through Parley, with bare SQL and JSON = 1."""
_LIMIT_S = 600

Times = dict[str, dict[str, list[float]]]


def measure(sizes: Sizes, say: Say) -> Result:
    """Measure on SQLite, and on PostgreSQL where it is installed."""
    found = {"SQLite": times_of(sizes, "")}
    lacking = postgres.lacking()
    if not lacking:
        say("reading on PostgreSQL")
        with postgres.cluster() as url:
            found["PostgreSQL"] = times_of(sizes, url)
    heads = ["database", "call", "Parley", "bare SQL and JSON", "ratio"]
    rows = [_row(database, call, times) for database, calls in found.items() for call, times in calls.items()]
    title = f"A conversation of {sizes.stored_messages:,} messages: median of {sizes.reading_rounds} rounds, in turn"
    verdicts = [
        "SQLite: CPU of the process. PostgreSQL: seconds of the clock. A request includes routing, authentication and rendering; the bare"
        f" query makes the same document. `search` ranks a word that a tenth of {sizes.searched_messages:,} messages has. `list` has 200"
        " conversations of three members. `analytics` reads all messages, later calls few.",
        *([f"PostgreSQL was not measured: {lacking}."] if lacking else []),
    ]
    goals = [_goal(database, call, times) for database, calls in found.items() for call, times in calls.items()]
    return Result("reading", "Reading beside bare SQL", [Table(title, heads, rows)], verdicts, {"seconds": found}, goals)


def times_of(sizes: Sizes, database_url: str) -> Times:
    """Return the seconds of each round of each call. Raises BenchError."""
    with tempfile.TemporaryDirectory(prefix="parley-reading-") as data:
        environment = {**os.environ, "DATA_DIR": data, "DATABASE_URL": database_url, "REDIS_URL": ""}
        numbers = map(str, (sizes.stored_messages, sizes.searched_messages, sizes.reading_rounds))
        command = [sys.executable, "-m", "tests.bench.reading_child", *numbers]
        done = subprocess.run(  # noqa: S603 - our own program
            command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    if done.returncode:
        raise BenchError(f"the reading program failed: {done.stderr[-2000:]}")
    found: Times = json.loads(done.stdout.splitlines()[-1])
    return found


def ratio(times: dict[str, list[float]]) -> float:
    """Return the median time through Parley, with that of bare SQL = 1."""
    return median(times["ours"]) / median(times["bare"])


def _row(database: str, call: str, times: dict[str, list[float]]) -> Sequence[str]:
    milliseconds = [number(1000 * median(times[who]), 1, " ms") for who in ("ours", "bare")]
    return [database, call, *milliseconds, number(ratio(times))]


def _goal(database: str, call: str, times: dict[str, list[float]]) -> Goal:
    measured: Any = ratio(times)
    return Goal(
        f"{call} on {database}: time", f"<= {MOST_RATIO:g} x", number(measured, 2, " x"), "bare SQL and JSON 1", measured <= MOST_RATIO
    )
