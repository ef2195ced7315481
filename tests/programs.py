"""Programs of developers for tests, run by `parley run` as their own process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from tests.servers import ROOT, START_S, STOP_S, Server, free_port


class RunningProgram(Server):
    """A program in a folder. `start` waits until it listens; `lines` has what it printed. With `worker` a worker runs beside it."""

    def __init__(
        self, folder: Path, files: Mapping[str, str], *options: str, target: str = "app.py", worker: bool = False, **env: str
    ) -> None:
        super().__init__(folder / ".parley", {"RECOGNISER": "scripted", **env})
        self.folder, self.target, self.worker = folder, target, worker
        self.options = options if worker else ("--no-worker", *options)
        self.python = sys.executable
        """The interpreter that runs the program."""
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    def kill(self) -> None:
        """End the process as a crash would, if it has not ended."""
        if self.process is not None and self.process.poll() is None:
            super().kill()

    @property
    def lines(self) -> str:
        """What the process printed on both streams."""
        return "".join(self.output)

    def start(self, until: str = "Parley runs") -> "RunningProgram":
        """Start the process and wait until it printed a text: by default that it listens."""
        self.port = self.port or free_port()
        self.output.clear()
        self.process = self._open()
        reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        reader.start()
        deadline = time.monotonic() + START_S
        while until not in self.lines:
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < deadline, self.lines
            threading.Event().wait(0.05)
        return self

    def end(self) -> tuple[int, str]:
        """Start the process, wait until it ends by itself, and return its exit code and what it printed."""
        self.port = self.port or free_port()
        process = self._open()
        try:
            text, _ = process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"the program did not end: {process.communicate()[0]}") from None
        return process.returncode, text

    def _open(self) -> "subprocess.Popen[str]":
        environment = {name: value for name, value in self.environment.items() if name not in ("DATA_DIR", "HOST", "PORT")}
        environment = {**environment, **self.env, "PYTHONPATH": str(ROOT)}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        return subprocess.Popen(
            [self.python, "-m", "parley", "run", self.target, "--port", str(self.port), *self.options],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
