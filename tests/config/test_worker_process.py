"""The worker that `manage.py serve` starts."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from config import worker_process
from config.worker_process import WorkerProcess

WAIT_S = 60.0


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start workers again at once, and kill them soon."""
    monkeypatch.setattr(worker_process, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(worker_process, "END_S", 0.1)
    with override_settings(DRAIN_S=0.1):
        yield


def eventually(found: Callable[[], bool]) -> None:
    """Wait until something is true."""
    until = time.monotonic() + WAIT_S
    while not found():
        assert time.monotonic() < until
        time.sleep(0.02)


def script(path: Path, code: str) -> list[str]:
    """Return a command that notes its start in a file, and then runs code."""
    return [sys.executable, "-c", f"import os, sys, time\nopen({str(path)!r}, 'a').write(f'{{os.getpid()}}\\n')\n{code}"]


def pids(path: Path) -> list[int]:
    """Return the process ids that were noted."""
    return [int(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []


def test_a_worker_that_ends_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each time after a longer wait; the log has its code."""
    worker = WorkerProcess(script(tmp_path / "pids", "sys.exit(3)"))
    worker.start()
    eventually(lambda: len(pids(tmp_path / "pids")) >= 3)
    worker.stop()
    assert "ended with code 3; another one starts in 0.01 s" in caplog.text
    assert "another one starts in 0.02 s" in caplog.text


def test_a_worker_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """After stop it is gone, and no other one starts."""
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w').close(); time.sleep(600)"
    worker = WorkerProcess([*script(tmp_path / "pids", ignore), str(tmp_path / "ready")])
    worker.start()
    eventually((tmp_path / "ready").exists)
    worker.stop()
    (pid,) = pids(tmp_path / "pids")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_its_input_ends_with_the_server(tmp_path: Path) -> None:
    """Its standard input stays open while the server lives."""
    worker = WorkerProcess(script(tmp_path / "pids", "sys.stdin.read()"))
    worker.start()
    eventually(lambda: len(pids(tmp_path / "pids")) == 1)
    worker.stop()
    assert len(pids(tmp_path / "pids")) == 1


def test_stop_before_the_start() -> None:
    """A server that could not bind its port stops a worker that never ran."""
    worker = WorkerProcess(["/nothing"])
    worker.stop()
    assert worker._process is None
