"""Child processes of the benchmark: the server under test, and helpers that answer one question and exit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tests import servers
from tests.bench.process import ROOT, BenchError, Process
from tests.bench.resource_usage import Usage
from tests.fork_server import ForkedProcess

__all__ = ["BenchError", "Server", "ask_child"]


class Server:
    """A Parley server on SQLite with its own data folder and the embedded model, for the duration of the `with` block.

    Args:
        kind: "daphne", the server of `manage.py serve`, or "uvicorn", as docs/operate/deploy.md starts it.
        environment: additional settings.
    """

    def __init__(self, kind: Literal["daphne", "uvicorn"] = "daphne", **environment: str) -> None:
        self._data = Path(tempfile.mkdtemp(prefix="parley-bench-"))
        own = {"DATA_DIR": str(self._data), "HOST": "127.0.0.1", "PORT": "0", "LOG_LEVEL": "WARNING", "SESSION_LIMIT": "2000"}
        own |= {"DATABASE_URL": "", "REDIS_URL": "", "RECOGNISER": "moonshine", "DEBUG": "0", "PYTHONUNBUFFERED": "1"}
        self._environment = {**os.environ, **own, **environment}
        self._process = Process([sys.executable, "-m", "tests.bench.profiled_server", kind], self._environment)
        self.url = ""
        self.token = ""

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.__exit__(kind, error, trace)
        shutil.rmtree(self._data, ignore_errors=True)

    @property
    def access(self) -> dict[str, str]:
        """URL and token that a client needs."""
        return {"url": self.url, "token": self.token}

    @property
    def data(self) -> str:
        """Its data folder."""
        return str(self._data)

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def usage(self) -> Usage:
        """Return the server's current resource usage."""
        return self._process.usage()

    def worker(self, nice: int | None = 0) -> Process:
        """Return a worker on the server's data, to be run in a `with` block; None: with the usual, lower priority of its speech process."""
        priority = {} if nice is None else {"WORKER_NICE": str(nice)}
        return Process([sys.executable, "manage.py", "worker"], self._environment | priority)

    def tasks(self) -> int:
        """Return the current number of tasks in the server's event loop."""
        os.kill(self.pid, signal.SIGUSR1)
        return int(self._process.said("tasks "))

    def thread_cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds so far of the server's threads, by what they do (`thread_cpu.PARTS`)."""
        os.kill(self.pid, signal.SIGUSR2)
        found: dict[str, float] = json.loads(self._process.said("threads "))
        return found

    def ask(self, path: str, body: Any = None) -> Any:
        """Return the JSON response to a GET, or to a POST if there is a body."""
        return _ask(self.url + path, self.token, body)

    def _begin(self) -> None:
        app = json.loads(self._manage("createapp", "--email", "bench@example.com", "--json"))  # it makes the tables, too
        self._process.__enter__()
        self.url = self._process.said("http://")
        self._process.until_it_answers(f"{self.url}/readyz")
        self.token = token_of(self.url, app)

    def _manage(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchError(f"manage.py {arguments[0]} failed: {done.stderr[-500:]}")
        return done.stdout


def token_of(url: str, app: Mapping[str, str]) -> str:
    """Return an access token for what `manage.py createapp --json` printed."""
    body = {"type": "application", "appId": app["appId"], "appSecret": app["appSecret"]}
    return str(_ask(f"{url}/oauth2/token:generate", "", body)["accessToken"])


def _ask(url: str, token: str, body: Any) -> Any:
    headers = {"Content-Type": "application/json"} | ({"x-api-key": token} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20) as answer:  # noqa: S310 - our own server
        return json.load(answer)


def ask_child(module: str, question: Any, *, timeout_s: float, **environment: str) -> Any:
    """Run `python -m tests.bench.<module>` with a question as JSON and return its answer. The process shares no state.

    `environment` has additional settings. In tests the fork server may start it, which saves its imports.
    """
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        json.dump(question, given)
        given.seek(0)
        process = _start(["-m", f"tests.bench.{module}"], {**os.environ, **environment}, given.fileno(), out.fileno(), errors.fileno())
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{module} did not end within {timeout_s:g} s") from None
        finally:
            process.kill()
            process.wait()
        for file in (out, errors):
            file.seek(0)
        if code:
            raise BenchError(f"{module} failed: {errors.read()[-2000:]}")
        return json.load(out)


def _start(command: list[str], env: Mapping[str, str], stdin: int, stdout: int, stderr: int) -> "subprocess.Popen[bytes] | ForkedProcess":
    if servers.fork_server is not None and (forked := servers.fork_server.start(command, env, stdout, stderr, stdin)):
        return forked
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdin=stdin, stdout=stdout, stderr=stderr)  # noqa: S603 - ours
