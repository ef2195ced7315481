"""Resource usage of processes and of this machine, from Linux's /proc."""

import os
import platform
import resource
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage of a process tree at one moment: CPU seconds so far, resident bytes, threads, open files."""

    cpu_s: float
    resident: int
    threads: int
    files: int


def usage(pid: int) -> Usage:
    """Return the usage of a process and its descendants; a process that has ended counts as zero."""
    cpu, resident, threads, files = 0.0, 0, 0, 0
    for member in _tree(pid):
        try:
            fields = _stat(member)
            cpu += (int(fields[11]) + int(fields[12])) / _TICKS
            threads += int(fields[17])
            resident += int(fields[21]) * _PAGE
            files += len(os.listdir(_PROC / str(member) / "fd"))
        except OSError:
            continue
    return Usage(cpu, resident, threads, files)


def open_files(pid: int) -> dict[str, int]:
    """Return how many open files a process and its descendants have of each name, or of each kind, such as "socket"."""
    found: Counter[str] = Counter()
    for member in _tree(pid):
        with suppress(OSError):
            for file in (_PROC / str(member) / "fd").iterdir():
                with suppress(OSError):  # closed meanwhile
                    found[os.path.basename(os.readlink(file)).partition(":[")[0]] += 1
    return dict(found)


def describe() -> str:
    """Return a description of the machine: cores, processor, Python; without its host name."""
    return f"{os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}, Linux"


class Others:
    """Mean number of cores used by everything but a server and this process's children, since creation."""

    def __init__(self, pid: int | None = None) -> None:
        self._pid = pid
        self._began = time.monotonic()
        self._before = self._seconds()

    def cores(self) -> float:
        """Return the mean so far. Children are counted only after they have ended, so call this afterwards."""
        return max(0.0, (self._seconds() - self._before) / (time.monotonic() - self._began))

    def _seconds(self) -> float:
        fields = [int(field) for field in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
        busy = (sum(fields) - fields[3] - fields[4]) / _TICKS  # all except idle and iowait
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return busy - children.ru_utime - children.ru_stime - time.process_time() - (usage(self._pid).cpu_s if self._pid else 0.0)


class Peak:
    """Samples the resident memory of a process in a thread, within a `with` block."""

    def __init__(self, pid: int, every_s: float = 0.05) -> None:
        self.before = self.most = usage(pid).resident
        self._pid, self._every_s = pid, every_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._every_s):
            self.most = max(self.most, usage(self._pid).resident)


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, so that [1] is the parent."""
    text = (_PROC / str(pid) / "stat").read_text()
    return text[text.rindex(")") + 2 :].split()


def _tree(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
            except OSError:
                continue
    found, todo = [], [pid]
    while todo:
        member = todo.pop()
        found.append(member)
        todo += children.get(member, [])
    return found


def _processor() -> str:
    for line in (_PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
