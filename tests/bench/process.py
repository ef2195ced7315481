"""A child process for the duration of a `with` block: its output, its resource usage, and its termination."""

import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Self

from tests.bench.resource_usage import Usage, usage

ROOT = Path(__file__).resolve().parents[2]
START_S = 120.0
_LAST_LINES = 20
_MOST_LINES = 1000
"""Maximum number of unread lines that are kept; a server that logs more has failed."""


class BenchError(RuntimeError):
    """A measurement failed; the text says why."""


class Process:
    """A command that runs until the `with` block ends; then it gets SIGTERM, and after `stop_s` seconds SIGKILL.

    Its standard output and standard error are read continuously, so that it never blocks on a full pipe.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], *, stop_s: float = 30.0) -> None:
        self._command, self._environment, self._stop_s = list(command), dict(environment), stop_s
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lines: Queue[str] = Queue()
        self._last: deque[str] = deque(maxlen=_LAST_LINES)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(self._stop_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader is not None:
            self._reader.join()

    @property
    def pid(self) -> int:
        """Process id. Raises BenchError when the process has ended."""
        if self._process is None or self._process.poll() is not None:
            raise BenchError(f"a process has ended: {self._command}\n{self._recent_output()}")
        return self._process.pid

    def usage(self) -> Usage:
        """Return the resource usage of the process and its children."""
        return usage(self.pid)

    def said(self, mark: str) -> str:
        """Wait for a line with `mark`; return the line from there on, without the mark if the mark ends in a space."""
        while True:
            try:
                line = self._lines.get(timeout=START_S)
            except Empty:
                raise BenchError(f"the server did not say {mark!r}\n{self._recent_output()}") from None
            if mark in line:
                return line[line.index(mark) + (len(mark) if mark.endswith(" ") else 0) :].strip()

    def until_it_answers(self, url: str) -> None:
        """Wait until a GET of this URL succeeds. Raises BenchError after START_S seconds."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.pid:
            try:
                with urllib.request.urlopen(url, timeout=20):  # noqa: S310 - our own server
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise BenchError(f"the server did not get ready\n{self._recent_output()}")

    def _read(self, process: "subprocess.Popen[str]") -> None:
        if process.stdout is not None:
            with process.stdout as lines:
                for line in lines:
                    self._last.append(line)
                    if self._lines.qsize() < _MOST_LINES:
                        self._lines.put(line)

    def _recent_output(self) -> str:
        return "".join(self._last)
