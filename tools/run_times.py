"""A pytest plugin of `make test`: the files that took longest, when each worker ended, and how busy the processors were."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

MOST = 20
"""Files that are listed."""
STAT = Path("/proc/stat")
IDLE = slice(3, 5)
"""Columns of the first line of /proc/stat: idle, and waiting for a disk."""


class RunTimes:
    """Collects the times of a run, and prints them at its end."""

    def __init__(self) -> None:
        self._at_first = processor_ticks()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print them."""
        reports = [one for group in terminalreporter.stats.values() for one in group if isinstance(one, pytest.TestReport)]
        if not reports:
            return
        terminalreporter.section("times")
        for seconds, file in longest(reports):
            terminalreporter.write_line(f"{seconds:7.1f} s  {file}")
        began = min(one.start for one in reports)
        ends: defaultdict[str, float] = defaultdict(float)
        for one in reports:
            worker = getattr(one, "worker_id", "main")
            ends[worker] = max(ends[worker], one.stop - began)
        terminalreporter.write_line("ended: " + ", ".join(f"{worker} after {ends[worker]:.0f} s" for worker in sorted(ends)))
        (idle, total), (idle_before, total_before) = processor_ticks(), self._at_first
        if total > total_before:
            busy = 1 - (idle - idle_before) / (total - total_before)
            terminalreporter.write_line(f"processors busy: {busy:.0%}, other programs included")


def longest(reports: Iterable[pytest.TestReport]) -> list[tuple[float, str]]:
    """Return the files that took longest, each with its seconds of set-up, tests and tear-down."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for one in reports:
        seconds[one.nodeid.partition("::")[0]] += one.duration
    return sorted(((took, file) for file, took in seconds.items()), reverse=True)[:MOST]


def processor_ticks() -> tuple[int, int]:
    """Return the ticks that all processors of this machine were idle, and all their ticks; zeros where the system does not report them."""
    if not STAT.exists():
        return 0, 0
    ticks = [int(one) for one in STAT.read_text().partition("\n")[0].split()[1:9]]
    return sum(ticks[IDLE]), sum(ticks)


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin, except in the workers of a parallel run."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(RunTimes())
