"""Real Parley servers for tests: `manage.py serve` (our Daphne) or uvicorn, each with its own data directory."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.fork_server import ForkedProcess, ForkServer

ROOT = Path(__file__).resolve().parent.parent
START_S = 90.0
STOP_S = 90.0
ANSWER_S = 30.0
"""Limits of waits that end as soon as what they wait for is there: only a broken server meets them."""
MANAGE_S = 240.0
CREATE_TABLES = "from insights.management.create_tables import create_missing_tables; create_missing_tables()"


def free_port() -> int:
    """Return a free TCP port of the loopback address that no other test gets.

    It stays bound, without listening, until this process ends: so the system gives it to no other test, while a server that sets
    SO_REUSEADDR, as all of ours do, may listen on it, today and after a restart.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    port = int(probe.getsockname()[1])
    probe.detach()
    return port


fork_server: ForkServer | None = None
"""Forks servers and management commands during tests; None elsewhere, so that benchmarks measure an interpreter of their own."""


@dataclass
class Server:
    """One server process. `start` waits until it is ready; `kill` is kill -9; `stop` is SIGTERM and the exit code."""

    data: Path
    env: Mapping[str, str] = field(default_factory=dict)
    kind: str = "daphne"
    worker: bool = False
    """Whether `manage.py serve` starts a worker, too."""
    port: int = 0
    forked: bool = True
    """Whether the fork server may start the process; otherwise it is an interpreter of its own, as for users."""
    process: "subprocess.Popen[str] | ForkedProcess | None" = None
    output: list[str] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """Its URL, such as http://127.0.0.1:1234."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the server's process and of `manage`."""
        wanted = {"DATA_DIR": str(self.data), "HOST": "127.0.0.1", "PORT": str(self.port), "PYTHONUNBUFFERED": "1", **self.env}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_TEST_")}
        return {**inherited, **wanted}

    def manage(self, *arguments: str) -> str:
        """Run a management command on this server's data and return its output."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            process = self._run(("manage.py", *arguments), out.fileno(), errors.fileno())
            try:
                code = process.wait(MANAGE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
            for file in (out, errors):
                file.seek(0)
            text = out.read()
            assert code == 0, text + errors.read()
        return text

    def start(self, until: str = "/readyz") -> "Server":
        """Start the process and wait until a path answers 200."""
        self.port = self.port or free_port()
        if self.kind == "daphne":
            command = ["manage.py", "serve", *([] if self.worker else ["--no-worker"])]
        else:
            command = ["-m", "uvicorn", "config.asgi:application", "--port", str(self.port), "--log-level", "info"]
            command += ["--no-proxy-headers", "--ws-per-message-deflate", "false", "--ws-max-size", "2097152"]
            command += ["--timeout-graceful-shutdown", "60"]
        reading, writing = os.pipe()
        try:
            self.process = self._run(command, writing, writing)
        finally:
            os.close(writing)
        threading.Thread(target=self._read, args=(open(reading),), daemon=True).start()  # noqa: SIM115 - the thread closes it
        deadline = time.monotonic() + START_S
        while not self._answers(until):
            assert self.process.poll() is None, "".join(self.output)
            assert time.monotonic() < deadline, "".join(self.output)
            threading.Event().wait(0.1)
        return self

    def kill(self) -> None:
        """End the process as a crash would."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        assert self.process is not None
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError("the server did not end on SIGTERM:\n" + "".join(self.output)) from None

    def get(self, path: str, token: str = "") -> tuple[int, Any]:
        """GET a path and return status and JSON body."""
        request = urllib.request.Request(self.url + path, headers={"x-api-key": token} if token else {})
        return _answer(request)

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """POST JSON and return status and JSON body."""
        return _answer(urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}))

    def send(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        """Send JSON with a token and return status and JSON body."""
        headers = {"Content-Type": "application/json", "x-api-key": token}
        return _answer(urllib.request.Request(self.url + path, json.dumps(body or {}).encode(), headers, method=method))

    def request(self, method: str, path: str, token: str) -> tuple[int, Any]:
        """Send a request without a body and return status and JSON body."""
        return _answer(urllib.request.Request(self.url + path, headers={"x-api-key": token}, method=method))

    def token(self, email: str = "jane@example.com") -> str:
        """Create an app for a user, once, and return an access token."""
        if email not in self._tokens:
            app = json.loads(self.manage("createapp", "--email", email, "--json"))
            wanted = {"type": "application", "appId": app["appId"], "appSecret": app["appSecret"]}
            status, answer = self.post("/oauth2/token:generate", wanted)
            assert status == 200, answer
            self._tokens[email] = str(answer["accessToken"])
        return self._tokens[email]

    def _answers(self, path: str) -> bool:
        try:
            return self.get(path)[0] == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _run(self, command: Sequence[str], stdout: int, stderr: int) -> "subprocess.Popen[str] | ForkedProcess":
        """Start a process that runs the arguments of an interpreter."""
        if self.forked and fork_server is not None and (forked := fork_server.start(command, self.environment, stdout, stderr)):
            return forked
        return subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.environment, stdout=stdout, stderr=stderr, text=True, start_new_session=True
        )

    def _read(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self.output.append(line)


def _answer(request: urllib.request.Request) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read()
    text = body.decode()
    return status, json.loads(text) if re.match(r"\s*[\[{]", text) else text


def migrated(template: Path, env: Mapping[str, str] | None = None) -> Path:
    """Make a data directory with an empty, migrated database: on SQLite a copy of the one in .cache, if there is one of this version."""
    server = Server(template, dict(env or {}))
    if "DATABASE_URL" in server.env:
        server.manage("migrate", "--verbosity", "0")
        return template
    with one_migration():
        server.manage("shell", "--no-imports", "-v0", "-c", CREATE_TABLES)
    return template


@contextmanager
def one_migration() -> Iterator[None]:
    """Let one process at a time migrate, so that the others of a test run copy its database."""
    (ROOT / ".cache").mkdir(exist_ok=True)
    with (ROOT / ".cache" / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copied(template: Path, target: Path) -> Path:
    """Copy a migrated data directory, which is faster than to migrate again."""
    shutil.copytree(template, target)
    return target
