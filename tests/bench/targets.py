"""The servers whose streams are measured, all up at once: Parley on uvicorn and on Daphne, FastRTC where there is one, a bare one."""

import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench.children import Server
from tests.bench.machine import Usage, usage
from tests.bench.process import ROOT, BenchError, Process

UVICORN, DAPHNE, FASTRTC, BARE = "Parley, uvicorn", "Parley, Daphne", "FastRTC", "bare"
SITE = "tests.bench.site.settings"
_BESIDE = ROOT / "config" / "bench" / "beside"
_QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True, slots=True)
class Target:
    """A server with the bench's streams: its name in tables, its address, its process."""

    name: str
    url: str
    pid: int

    def door(self, stream: str) -> dict[str, Any]:
        """Return what a client needs to use a stream, and to see what the server uses meanwhile."""
        return {"url": f"{self.url}/streams/{stream}", "pid": self.pid}

    def usage(self) -> Usage:
        """Return what the server uses now."""
        return usage(self.pid)


@contextmanager
def targets(names: Sequence[str], fastrtc: str = "") -> Iterator[list[Target]]:
    """Start the servers of these names, in this order; `fastrtc` is a Python that has FastRTC, without it there is none.

    Raises BenchError when one of them does not get ready.
    """
    with ExitStack() as stack:
        found = []
        for name in names:
            if name != FASTRTC or fastrtc:
                found.append(_start(stack, name, fastrtc))
        yield found


def _start(stack: ExitStack, name: str, fastrtc: str) -> Target:
    if name in (UVICORN, DAPHNE):
        server = stack.enter_context(Server("uvicorn" if name == UVICORN else "daphne", DJANGO_SETTINGS_MODULE=SITE))
        return Target(name, server.url, server.pid)
    port = str(_free_port())
    if name == FASTRTC:
        command = [fastrtc, str(_BESIDE / "fastrtc_server.py"), port]
    else:
        command = [sys.executable, "-m", "uvicorn", "tests.bench.beside.bare_server:application", "--port", port]
        command += ["--loop", "uvloop", "--ws-per-message-deflate", "false", "--lifespan", "off", "--log-level", "warning"]
    try:
        process = stack.enter_context(Process(command, {**os.environ, **_QUIET}, stop_s=5))
    except OSError as error:
        raise BenchError(f"{name}: {error}") from None
    url = f"http://127.0.0.1:{port}"
    process.until_it_answers(f"{url}/readyz")
    return Target(name, url, process.pid)


def _free_port() -> int:
    """Return a port of the loopback address that nobody listens on, and that nobody else will be given.

    It stays bound, without listening, until this process ends; uvicorn, which sets SO_REUSEADDR, may listen on it.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    port = int(probe.getsockname()[1])
    probe.detach()
    return port
