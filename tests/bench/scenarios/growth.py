"""What a server retains of ended sessions: memory, open files, threads, tasks, handlers, entries, per 1,000 visits."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.child_processes import ask_child
from tests.bench.report import Goal, Result, Table, megabytes, number
from tests.bench.resource_usage import Usage, open_files
from tests.bench.rounds import Say
from tests.bench.scale import Sizes
from tests.bench.scoring import slope
from tests.bench.targets import DAPHNE, FASTRTC, UVICORN, Target

STREAM = "bench-counted"
TRANSPORTS = {"sockets": "WebSocket", "peers": "WebRTC"}
HELD = ("handlers", "session_objects", "slots", "sessions", "peers", "sockets", "answerers", "tasks")
"""Counters reported by Parley (`tests/bench/site/session_counts.py`); none of them may grow."""
VISIT_S = 2.0
_START_S = 180.0
"""Additional timeout for a first visit that takes as long as its own limits allow."""
SETTLED_S = 20.0
"""Maximum wait until a busy machine has closed the last sessions, in seconds."""
_LOOKS = 4
_DATABASE = "parley.sqlite3"
_DATABASE_FILES = 12
"""Files of the database that its six threads open, two each, when each is first needed: no visit leaves them."""


@dataclass(frozen=True, slots=True)
class Look:
    """A server's state after so many visits: usage and open files from the kernel, and counters from the server (empty for FastRTC)."""

    visits: int
    usage: Usage
    left: dict[str, int]
    files: dict[str, int]


@dataclass(frozen=True, slots=True)
class Growth:
    """Results of one server and one transport."""

    name: str
    transport: str
    looks: Sequence[Look]
    failures: Sequence[str]
    cpu_ms: float
    per_s: float

    @property
    def left(self) -> dict[str, int]:
        """What is held after the last visit but was not before the first one; empty where the server reports no counters."""
        first, last = self.looks[0].left, self.looks[-1].left
        return {what: last[what] - first[what] for what in HELD if what in last}

    @property
    def more_files(self) -> Counter[str]:
        """The files by name that are open after the last visit and were not before the first one."""
        return Counter(self.looks[-1].files) - Counter(self.looks[0].files)

    @property
    def files_left(self) -> int:
        """Number of those files, without the ones of the database that its threads may open."""
        of_database = sum(count for name, count in self.more_files.items() if name.startswith(_DATABASE))
        return self.more_files.total() - min(of_database, _DATABASE_FILES)

    @property
    def not_shut_down(self) -> int | None:
        """Number of handlers that began and were never shut down; None where the server reports no counters."""
        left = self.looks[-1].left
        return left["begun"] - left["shut_down"] if left else None

    def memory_mb(self, *, second_half: bool = False) -> float:
        """Return the growth of resident memory per thousand visits, in MB."""
        looks = self.looks[len(self.looks) // 2 :] if second_half else self.looks
        return 1000 * slope([(look.visits, look.usage.resident / 2**20) for look in looks])


def measure(targets: Sequence[Target], sizes: Sizes, say: Say) -> Result:
    """Run visits to every server with handlers, over both transports."""
    found = [
        grow(target, transport, sizes, say) for target in targets if target.name in (UVICORN, DAPHNE, FASTRTC) for transport in TRANSPORTS
    ]
    tables = [
        Table(
            f"{TRANSPORTS[transport]}: {sizes.visits} visits, {sizes.visitors} at a time, after {sizes.warm_visits} to warm up",
            [
                "server",
                "visits per s",
                "CPU per visit",
                "memory per 1,000",
                "second half",
                "files",
                "threads",
                "tasks",
                "handlers shut down",
            ],
            [_row(one) for one in found if one.transport == transport],
        )
        for transport in TRANSPORTS
    ]
    ours = [one for one in found if one.looks[-1].left]
    return Result("growth", "Coming and going", tables, _verdicts(found), {"growth": [asdict(one) for one in found]}, _goals(ours))


def grow(target: Target, transport: str, sizes: Sizes, say: Say) -> Growth:
    """Return what a server retains of visits over one transport; it is sampled before, during, and after they have settled."""
    failures = list(_visit(target, transport, sizes.warm_visits, sizes)["failures"])
    looks = [_look(target, 0, sizes)]
    seconds, cpu = 0.0, 0.0
    for step in range(1, _LOOKS + 1):
        say(f"{target.name}, {TRANSPORTS[transport]}: {step * sizes.visits // _LOOKS} of {sizes.visits} visits")
        before = target.usage().cpu_s
        answer = _visit(target, transport, sizes.visits // _LOOKS, sizes)
        cpu += target.usage().cpu_s - before
        seconds += answer["seconds"]
        failures += answer["failures"]
        looks.append(_look(target, step * sizes.visits // _LOOKS, sizes, looks[0]))
    return Growth(target.name, transport, looks, failures, 1000 * cpu / sizes.visits, sizes.visits / seconds)


def _visit(target: Target, transport: str, cycles: int, sizes: Sizes) -> dict[str, Any]:
    question = {"mode": "come_and_go", "transport": transport, "cycles": cycles, "at_once": sizes.visitors, **target.access(STREAM)}
    answer: dict[str, Any] = ask_child("clients.connecting_clients", question, timeout_s=_START_S + VISIT_S * cycles)
    return answer


def _look(target: Target, visits: int, sizes: Sizes, first: Look | None = None) -> Look:
    until = time.monotonic() + SETTLED_S
    while True:
        time.sleep(sizes.settle_s)
        look = Look(visits, target.usage(), _left(target), open_files(target.pid))
        # Files of idle database connections, for example, are closed a while later.
        more_files = first is not None and look.usage.files > first.usage.files
        if not (more_files or _goes_on(look.left, first)) or time.monotonic() > until:
            return look


def _left(target: Target) -> dict[str, int]:
    try:
        with urllib.request.urlopen(f"{target.url}/bench/left", timeout=60) as answer:  # noqa: S310 - our own server
            left: dict[str, int] = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            left = {}
    return left


def _goes_on(left: dict[str, int], first: Look | None) -> bool:
    """Return whether sessions are still closing; False for a server without counters."""
    if not left:
        return False
    more = first is not None and any(left[what] > first.left[what] for what in HELD)
    return more or left["begun"] != left["shut_down"] or left["peers"] + left["sockets"] > 0


def _row(one: Growth) -> list[str]:
    first, last = one.looks[0], one.looks[-1]
    tasks = str(one.left["tasks"]) if one.left else "-"
    return [
        one.name,
        number(one.per_s, 0),
        number(one.cpu_ms, 1, " ms"),
        number(one.memory_mb(), 1, " MB"),
        number(one.memory_mb(second_half=True), 1, " MB"),
        f"{first.usage.files}, {last.usage.files}",
        f"{first.usage.threads}, {last.usage.threads}",
        tasks if tasks == "-" else f"{first.left['tasks']}, {last.left['tasks']}",
        "-" if one.not_shut_down is None else f"{last.left['shut_down']} of {last.left['begun']}",
    ]


def _verdicts(found: Sequence[Growth]) -> list[str]:
    lines = [
        f"Resident memory after the last visit: {', '.join(f'{one.name} {megabytes(one.looks[-1].usage.resident)}' for one in found)}."
    ]
    for one in found:
        if kept := {what: count for what, count in one.left.items() if count > 0}:
            lines.append(f"{one.name}, {TRANSPORTS[one.transport]}, keeps {', '.join(f'{count} {what}' for what, count in kept.items())}.")
        if one.more_files:
            named = ", ".join(f"{count} {what}" for what, count in one.more_files.items())
            lines.append(f"{one.name}, {TRANSPORTS[one.transport]}, has more open files: {named}.")
        if one.failures:
            lines.append(
                f"{one.name}, {TRANSPORTS[one.transport]}: {len(one.failures)} visits failed: {', '.join(sorted(set(one.failures))[:3])}."
            )
    return lines


def _goals(ours: Sequence[Growth]) -> list[Goal]:
    return [
        Goal(
            f"left of {sum(one.looks[-1].visits for one in ours if one.transport == transport)} visits over {name}",
            "no handler, task, file or queue",
            f"{_kept(ours, transport)} entries, {_files(ours, transport)} files",
            reached=_kept(ours, transport) <= 0 and _files(ours, transport) <= 0,
        )
        for transport, name in TRANSPORTS.items()
    ]


def _kept(found: Sequence[Growth], transport: str) -> int:
    """Return the increase of all counters over the visits, plus the handlers that were not shut down."""
    mine = [one for one in found if one.transport == transport]
    return sum(max(0, count) for one in mine for count in one.left.values()) + sum(one.not_shut_down or 0 for one in mine)


def _files(found: Sequence[Growth], transport: str) -> int:
    return sum(one.files_left for one in found if one.transport == transport)
