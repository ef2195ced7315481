"""The worker that `manage.py serve` and `parley run` start beside the server: a process of its own, so that jobs take no time from live
speech.

Its standard input is a pipe of which the server has the other end. When the server ends, however it ends, the pipe is closed, and the
worker ends too. A worker that ends by itself is started again.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

STABLE_S = 60.0
"""Seconds after which a worker counts as started; the wait before the next start is short again."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""Seconds before a worker that ended is started again; doubled after each one that ended early."""
END_S = 5.0
"""Seconds beyond DRAIN_S that the worker has to end with the server."""

COMMAND = (sys.executable, str(settings.BASE_DIR / "manage.py"), "worker", "--with-server")


class WorkerProcess:
    """Starts a worker, and starts it again when it ends, until `stop`.

    `environment`, `folder`: what the worker has instead of those of this process at its start.
    """

    def __init__(self, command: Sequence[str] = COMMAND, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
        self._command, self._environment, self._folder = command, environment, folder
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._supervise, name="worker-process", daemon=True)

    def start(self) -> None:
        """Start the worker; returns at once."""
        self._thread.start()

    def begin_to_stop(self) -> None:
        """Let the worker finish or hand back its jobs and end; returns at once."""
        self._stopping.set()
        with self._lock:
            if self._process is not None:
                self._process.terminate()

    def stop(self) -> None:
        """Wait until the worker has ended; it is killed if that takes too long."""
        self.begin_to_stop()
        process = self._process
        if process is None:
            return
        try:
            process.wait(settings.DRAIN_S + END_S)
        except subprocess.TimeoutExpired:
            logger.warning("the worker %d does not end, and is killed", process.pid)
            process.kill()
            process.wait()
        self._thread.join()

    def _supervise(self) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            since = time.monotonic()
            with self._lock:
                if self._stopping.is_set():
                    return
                self._process = process = self._open()
            with process:  # closes the pipe, too
                code = process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - since > STABLE_S:
                wait_s = FIRST_WAIT_S
            logger.warning("the worker %d ended with code %d; another one starts in %g s", process.pid, code, wait_s)
            if self._stopping.wait(wait_s):
                return
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _open(self) -> "subprocess.Popen[bytes]":
        """Start the process, at the priority of the server: it holds locks of the database (docs/adr/0169-speech-process.md)."""
        return subprocess.Popen(  # noqa: S603 - fixed words only
            self._command, stdin=subprocess.PIPE, env=self._environment, cwd=self._folder
        )
