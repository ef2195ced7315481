"""The servers whose streams are measured, running side by side: Parley on uvicorn and on Daphne, FastRTC (optional), a bare server."""

import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench.child_processes import Server
from tests.bench.process import ROOT, BenchError, Process
from tests.bench.resource_usage import Usage, usage

UVICORN, DAPHNE, FASTRTC, BARE = "Parley, uvicorn", "Parley, Daphne", "FastRTC", "bare"
SITE = "tests.bench.site.settings"
_BASELINES = ROOT / "tests" / "bench" / "baselines"
_QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True, slots=True)
class Target:
    """A server with the benchmark's streams: its name in tables, its URL, its process, and an access token for conversations."""

    name: str
    url: str
    pid: int
    token: str = ""

    def access(self, stream: str) -> dict[str, Any]:
        """Return what a client process needs to use a stream and to read the server's usage."""
        return {"url": f"{self.url}/streams/{stream}", "pid": self.pid, "site": self.url, "token": self.token}

    def usage(self) -> Usage:
        """Return the server's current resource usage."""
        return usage(self.pid)


@contextmanager
def targets(names: Sequence[str], fastrtc: str = "") -> Iterator[list[Target]]:
    """Start the servers with these names, in this order; `fastrtc` is a Python with FastRTC, and FastRTC is skipped without it.

    Raises BenchError when a server does not become ready.
    """
    with ExitStack() as stack:
        found = []
        for name in names:
            if name != FASTRTC or fastrtc:
                found.append(_start(stack, name, fastrtc))
        yield found


@contextmanager
def variants(names: Sequence[str], every: str) -> Iterator[list[Target]]:
    """Start a server on uvicorn with all optimisations, named `every`, and for each name one without that optimisation.

    Raises BenchError when a server does not become ready.
    """
    with ExitStack() as stack:
        found = []
        for name in (every, *names):
            without = "" if name == every else name
            server = stack.enter_context(Server("uvicorn", DJANGO_SETTINGS_MODULE=SITE, BENCH_WITHOUT=without))
            found.append(Target(name, server.url, server.pid, server.token))
        yield found


def _start(stack: ExitStack, name: str, fastrtc: str) -> Target:
    if name in (UVICORN, DAPHNE):
        server = stack.enter_context(Server("uvicorn" if name == UVICORN else "daphne", DJANGO_SETTINGS_MODULE=SITE))
        return Target(name, server.url, server.pid)
    port = str(_free_port())
    if name == FASTRTC:
        command = [fastrtc, str(_BASELINES / "fastrtc_server.py"), port]
    else:
        command = [sys.executable, "-m", "uvicorn", "tests.bench.baselines.bare_server:application", "--port", port]
        command += ["--loop", "uvloop", "--ws-per-message-deflate", "false", "--lifespan", "off", "--log-level", "warning"]
    try:
        process = stack.enter_context(Process(command, {**os.environ, **_QUIET}, stop_s=5))
    except OSError as error:
        raise BenchError(f"{name}: {error}") from None
    url = f"http://127.0.0.1:{port}"
    process.until_it_answers(f"{url}/readyz")
    return Target(name, url, process.pid)


def _free_port() -> int:
    """Return a free loopback port that the system gives to no other process.

    The port stays bound, without listening, until this process ends; uvicorn, which sets SO_REUSEADDR, may listen on it.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    port = int(probe.getsockname()[1])
    probe.detach()
    return port
