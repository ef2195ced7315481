"""Processes of the bench's own: the server that is measured, and helpers that answer one question and end."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any, Self

from config.bench.machine import Usage, usage

ROOT = Path(__file__).resolve().parents[2]
_START_S = 60.0
_STOP_S = 30.0


class BenchError(RuntimeError):
    """A measurement could not be made; the text says why."""


class Server:
    """A Parley server on SQLite with a data folder of its own, from `with` to its end; it hears with the embedded model.

    `environment` adds settings.
    """

    def __init__(self, **environment: str) -> None:
        self._data = Path(tempfile.mkdtemp(prefix="parley-bench-"))
        own = {"DATA_DIR": str(self._data), "HOST": "127.0.0.1", "PORT": "0", "LOG_LEVEL": "WARNING", "SESSION_LIMIT": "2000"}
        own |= {"DATABASE_URL": "", "REDIS_URL": "", "RECOGNISER": "moonshine", "DEBUG": "0", "PYTHONUNBUFFERED": "1"}
        self._environment = {**os.environ, **own, **environment}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lines: Queue[str] = Queue()
        self.url = ""
        self.token = ""

    def __enter__(self) -> Self:
        self._manage("migrate", "--verbosity", "0")
        app = json.loads(self._manage("createapp", "--email", "bench@example.com", "--json"))
        command = [sys.executable, "-m", "config.bench.watched"]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        self.url = self._said("http://")
        self._wait_until_ready()
        body = {"type": "application", "appId": app["appId"], "appSecret": app["appSecret"]}
        self.token = self.ask("/oauth2/token:generate", body)["accessToken"]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._reader is not None:
                self._reader.join()
        shutil.rmtree(self._data, ignore_errors=True)

    @property
    def door(self) -> dict[str, str]:
        """What a client needs to come in."""
        return {"url": self.url, "token": self.token}

    @property
    def pid(self) -> int:
        """The server's process."""
        if self._process is None or self._process.poll() is not None:
            raise BenchError("the server has ended")
        return self._process.pid

    def usage(self) -> Usage:
        """Return what the server uses now."""
        return usage(self.pid)

    def tasks(self) -> int:
        """Return how many tasks the server's event loop holds now."""
        os.kill(self.pid, signal.SIGUSR1)
        return int(self._said("tasks "))

    def ask(self, path: str, body: Any = None) -> Any:
        """Return the JSON answer to a GET, or to a POST where there is a body."""
        headers = {"Content-Type": "application/json"} | ({"x-api-key": self.token} if self.token else {})
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=20) as answer:  # noqa: S310 - our own server
            return json.load(answer)

    def _manage(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchError(f"manage.py {arguments[0]} failed: {done.stderr[-500:]}")
        return done.stdout

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            try:
                self.ask("/readyz")
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise BenchError("the server did not get ready")

    def _read(self, process: "subprocess.Popen[str]") -> None:
        if process.stdout is not None:
            with process.stdout as lines:
                for line in lines:
                    self._lines.put(line)

    def _said(self, mark: str) -> str:
        """Wait for a line with `mark`; return it from there on, without the mark where it ends in a space."""
        while True:
            try:
                line = self._lines.get(timeout=_START_S)
            except Empty:
                raise BenchError(f"the server did not say {mark!r}") from None
            if mark in line:
                return line[line.index(mark) + (len(mark) if mark.endswith(" ") else 0) :].strip()


def ask_child(module: str, question: Any, *, timeout_s: float) -> Any:
    """Run `python -m config.bench.<module>` with a question as JSON and return its answer: a process that shares nothing."""
    command = [sys.executable, "-m", f"config.bench.{module}"]
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=ROOT, input=json.dumps(question), capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"{module} did not end within {timeout_s:g} s") from None
    if done.returncode:
        raise BenchError(f"{module} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
