"""A process that has imported Parley and forks a server or a command for each request, because imports are most of a start.

`python -m tests.fork_server FD` serves requests on a socket. A request is a command line, an environment, and the descriptors for
its output and perhaps its input. A forked process runs the command line as its `__main__`, in a session of its own, with exactly this
environment.

It evaluates the settings anew. The settings that were read before the fork, such as INSTALLED_APPS, must have the same values in it;
otherwise it starts an interpreter of its own in its place. The imports open no connection and start no thread.

If the process that asks ends without `ForkServer.close`, as by SIGKILL, the fork server ends the processes that it forked, and itself.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = "DJANGO_SETTINGS_MODULE"
MODULES = (
    "config.urls",
    "config.graceful_shutdown",
    "config.uploads",
    "config.trusted_proxies",
    "config.worker_process",
    "config.start",
    "streaming.routing",
    "streaming.health",
    "streaming.discovery",
    "streaming.transports.request_log",
    "streaming.transports.webrtc.peer",
)
"""What is imported before the fork, beside the apps. Daphne creates an event loop when it is imported, so it is left to each process."""
FIXED = ("PYTHON", "OPENBLAS_", "OMP_", "LD_", "MALLOC_")
"""Beginnings of the names of variables that the interpreter and libraries read when they are loaded."""
REQUEST_BYTES = 1 << 17
CLOSE = b"close"
"""The request after which the forked processes live on."""


class ForkedProcess:
    """A forked process, with those methods of `subprocess.Popen` that tests use."""

    def __init__(self, pid: int, status: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        return self._result(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the process has ended. Raises TimeoutExpired."""
        code = self._result(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _result(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            answer = self._status.recv(64)
            self._status.close()
            if not answer:
                raise RuntimeError(f"the fork server ended before process {self.pid}")
            self.returncode = int(answer)
        return self.returncode


class ForkServer:
    """Starts a fork server for each settings module and kind of database with its first request.

    `close` ends them, and not the processes that they forked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[tuple[str, str], tuple[socket.socket, subprocess.Popen[bytes]]] = {}

    def start(
        self, command: Sequence[str], env: Mapping[str, str], stdout: int, stderr: int, stdin: int | None = None
    ) -> ForkedProcess | None:
        """Fork a process that runs the arguments of an interpreter: a file or `-m MODULE`, and what follows.

        Return None for an environment that needs an interpreter of its own.
        """
        if not hasattr(os, "pidfd_open") or _fixed(env) != _fixed(_environment("", "")):
            return None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._lock:
            request = json.dumps({"command": list(command), "env": dict(env)}).encode()
            assert len(request) < REQUEST_BYTES
            requests = self._requests(env.get(SETTINGS, "config.settings"), env.get("DATABASE_URL", "").partition("://")[0])
            given = () if stdin is None else (stdin,)
            socket.send_fds(requests, [request], [*given, stdout, stderr, theirs.fileno()])
        if not (answer := ours.recv(64)):
            ours.close()
            raise RuntimeError("the fork server has ended: its output says why")
        return ForkedProcess(int(answer), ours)

    def close(self) -> None:
        """End the fork servers."""
        for requests, process in self._servers.values():
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # somebody has ended it
                requests.send(CLOSE)
            requests.close()
            process.wait()
        self._servers.clear()

    def _requests(self, settings: str, database: str) -> socket.socket:
        key = (settings, database)
        if key not in self._servers:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * REQUEST_BYTES)
            with theirs:
                number = theirs.fileno()
                process = subprocess.Popen(
                    [sys.executable, "-m", "tests.fork_server", str(number)],
                    cwd=ROOT,
                    env=_environment(settings, database),
                    stdin=subprocess.DEVNULL,
                    pass_fds=(number,),
                    start_new_session=True,
                )
            self._servers[key] = ours, process
        return self._servers[key][0]


def _environment(settings: str, database: str) -> dict[str, str]:
    own = {"PYTHONUNBUFFERED": "1", SETTINGS: settings, "DATABASE_URL": f"{database}://" if database else ""}
    return {"OPENBLAS_NUM_THREADS": "1", **os.environ, **own}


def _fixed(env: Mapping[str, str]) -> dict[str, str]:
    return {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"} | {name: env[name] for name in env if name.startswith(FIXED)}


class _Later(ModuleType):
    """Stands for a module until an attribute of it is used: in a forked process, because the module's import starts a thread."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        vars(self).update(vars(module))
        return getattr(module, name)


class _ReadSettings:
    """The settings, and the values of those that were read."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.values: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.settings, name)
        if name.isupper():
            self.values[name] = value
        return value


def _import() -> dict[str, Any]:
    """Import Parley; return the settings that were read."""
    import django
    from django import conf
    from django.db import connections
    from django.db.migrations.loader import MigrationLoader

    settings: Any = conf.settings
    sys.modules["onnxruntime"] = _Later("onnxruntime")
    settings._setup()
    read = settings._wrapped = _ReadSettings(settings._wrapped)
    django.setup()
    for name in MODULES:
        importlib.import_module(name)
    MigrationLoader(None)
    assert "twisted.internet.reactor" not in sys.modules
    assert all(one.connection is None for one in connections.all(initialized_only=True))
    assert len(os.listdir("/proc/self/task")) == 1, "a module has started a thread, which a fork would lose"
    return read.values


def _has_settings(module: str) -> bool:
    """Return whether a module is the settings, a part of them, or settings of tests that they import."""
    own = (f"{os.environ[SETTINGS]}.", "config.settings.")
    return f"{module}.".startswith(own) or (module.startswith("tests.") and module.endswith(".settings"))


def _has_same_settings(read: dict[str, Any]) -> bool:
    """Evaluate the settings again; return whether those that were read are the same as before."""
    from asgiref.local import Local
    from django import conf, db
    from django.utils.functional import empty

    settings: Any = conf.settings
    connections: Any = db.connections
    for name in [name for name in sys.modules if _has_settings(name)]:
        del sys.modules[name]
    settings._wrapped = empty
    try:
        settings._setup()
    except Exception:
        return False  # an interpreter of its own says what is wrong
    read.pop("DATA_DIR", None)  # it is made if it does not exist, and no module keeps it
    present = {name: getattr(settings._wrapped, name) for name in read}
    engines = [one.pop("DATABASES")["default"]["ENGINE"] for one in (present, read)]  # models depend on the engine only
    connections._connections = Local(connections.thread_critical)
    connections._settings = None
    vars(connections).pop("settings")
    return present == read and engines[0] == engines[1]


def serve(requests: socket.socket) -> list[str] | None:
    """Fork a process for each request. Return its command line in each forked process, and None in this one when the requests end."""
    selector = selectors.DefaultSelector()
    selector.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is not requests:
                _report(selector, key)
                continue
            request, descriptors, _, _ = socket.recv_fds(requests, REQUEST_BYTES, 4)
            if request == CLOSE:
                return None
            if not request:
                _end_all(selector)
                return None
            *standard, status = descriptors
            pid = os.fork()
            if not pid:
                os.close(status)
                return _become(json.loads(request), standard, selector, requests)
            for number in standard:
                os.close(number)
            os.write(status, b"%d" % pid)
            selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, status))


def _report(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    """Tell who asked for a process that it has ended."""
    pid, status = key.data
    selector.unregister(key.fileobj)
    os.close(key.fd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(status, b"%d" % code)
    os.close(status)


def _end_all(selector: selectors.BaseSelector) -> None:
    """End the forked processes with what they started in their process groups."""
    for key in selector.get_map().values():
        for kill in (os.killpg, os.kill) if key.data else ():  # one that was just forked leads no group yet
            with contextlib.suppress(ProcessLookupError):
                kill(key.data[0], signal.SIGKILL)


def _become(request: Mapping[str, Any], standard: Sequence[int], selector: selectors.BaseSelector, requests: socket.socket) -> list[str]:
    """Give a forked process its session, input, output and environment, and nothing of the fork server's; return its command line."""
    for key in selector.get_map().values():
        if key.data:
            os.close(key.fd)
            os.close(key.data[1])
    selector.close()
    requests.close()
    os.setsid()
    for number, place in zip(standard, range(3 - len(standard), 3), strict=True):
        os.dup2(number, place)
        os.close(number)
    os.environ.clear()
    os.environ.update(request["env"])
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the import of `config` does
    os.environ.setdefault(SETTINGS, "config.settings")
    return list(request["command"])


def main() -> None:
    """Import Parley, and serve the requests on the descriptor that the command line names."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    read = _import()
    gc.collect()
    gc.freeze()
    command = serve(requests)
    if command is None:
        os._exit(0)
    if not _has_same_settings(read):
        os.execv(sys.executable, [sys.executable, *command])
    if command[0] == "-m":
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        sys.path[0] = str(Path(command[0]).resolve().parent)
        runpy.run_path(command[0], run_name="__main__")


if __name__ == "__main__":
    main()
