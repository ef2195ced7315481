"""The program that `parley run` runs: its streams, where it mounted them, and its server."""

import gc
import logging
import re
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from django.conf import settings

from config.program.local_access import LocalAccess
from config.program.mounting import Asgi, add_routes, has_dependencies
from config.program.program_imports import ProgramImports
from config.program.server import ProgramServer, TlsOptions
from config.worker_process import WorkerProcess
from streaming import discovery
from streaming.handlers.stream import Stream

logger = logging.getLogger(__name__)

COLLECT_RARELY = (50_000, 20, 100)
"""Thresholds of garbage collection while the program loads its packages: `import gradio` takes a sixth less CPU time."""
_USUAL_THRESHOLDS = gc.get_threshold()
END_S = 10.0
"""Seconds beyond DRAIN_S that a server beside the program has to end."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A stream, the application of the program that it was mounted in, and the path there."""

    stream: Stream
    application: Any
    path: str


class ServesAlready(RuntimeError):
    """The program asks for a second server."""


class Program:
    """The `ProgramHost` of this process.

    Args:
        title: what the user named on the command line.
        imports: tells which modules are the program's.
        public: whether everybody who reaches the server may use the streams.
        worker: started once the server listens; None: none.
    """

    def __init__(self, title: str, imports: ProgramImports, public: bool, worker: WorkerProcess | None = None) -> None:
        self.title = title
        self.streams: list[Stream] = []
        self.mounts: list[Mount] = []
        self.served = threading.Event()
        """Set as soon as a server was asked for."""
        self.ended = threading.Event()
        self._imports, self._public, self._worker = imports, public, worker
        self._default: Stream | None = None
        self._parley: Asgi | None = None
        self._lock = threading.RLock()

    def created(self, stream: Stream) -> None:
        """Take note of a stream that the program made; one that is made while the server runs is served at once."""
        self.streams.append(stream)
        if self._parley is not None:
            self.name_streams()

    def mounted(self, stream: Stream, application: Any, path: str, tags: Any = None) -> None:
        """Add the stream's routes to the program's application."""
        add_routes(application, stream, path, self.parley, tags)
        self.mounts.append(Mount(stream, application, path))

    def launch(self, stream: Stream, wait: bool = True) -> None:
        """Serve with the stream's page at `/` until the server ends; where there is a server already, say where the page is.

        `wait=False`: return as soon as the server listens.
        """
        if self.served.is_set():
            self.parley()
            print(f"  stream {stream.name} is served, too: /streams/{stream.name}/", flush=True)
            if wait:
                self.ended.wait()
            return
        self._default = stream
        if wait:
            self.serve(None)
        else:
            self.serve_beside(None)

    def phone(self, stream: Stream) -> None:
        """Serve, and say where a telephone number has to be connected."""
        self._default = stream
        print(
            "Parley opens no tunnel and has no number: let your provider call /telephone/incoming (docs/reference/fastrtc.md)", flush=True
        )
        self.serve(None)

    def parley(self) -> Asgi:
        """Return Parley's own application; the first call names the streams. May be called in any thread."""
        with self._lock:
            if self._parley is None:
                self.name_streams()
                gc.disable()
                from config.asgi import application

                if gc.get_threshold() == COLLECT_RARELY:  # not the program's own
                    gc.set_threshold(*_USUAL_THRESHOLDS)
                gc.enable()
                self._parley = application
            return self._parley

    def serve(self, application: Any, tls: TlsOptions | None = None) -> None:
        """Serve an ASGI application of the program (None: the one that streams are mounted in) until the server ends."""
        server = self.server(application, tls)
        try:
            server.run()
        except KeyboardInterrupt:
            logger.info("interrupted")
        finally:
            self.ended.set()
        if not server.started:
            sys.exit(3)

    def serve_beside(self, application: Any) -> None:
        """Serve while the program continues; return once the server listens. SIGTERM and Ctrl-C let it drain, then end the program."""
        server = self.server(application)

        def run() -> None:
            try:
                server.run()
            finally:
                self.ended.set()

        def end(number: int, frame: object) -> None:
            server.should_exit = True
            self.ended.wait(settings.DRAIN_S + END_S)
            sys.exit(128 + number)

        threading.Thread(target=run, name="program-server", daemon=True).start()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, end)
            signal.signal(signal.SIGINT, end)
        while not (server.started or self.ended.wait(0.05)):
            pass
        if not server.started:
            sys.exit(3)

    def server(self, application: Any, tls: TlsOptions | None = None) -> ProgramServer:
        """Return a server for an ASGI application. Raises ServesAlready for a second one."""
        with self._lock:
            if self.served.is_set():
                raise ServesAlready("the program has a server already: one process has one")
            self.served.set()
        own = application if application is not None else self._application()
        self.parley()
        self._default = default = self._default or self._default_of(own)
        if default is not None:
            settings.DEFAULT_STREAM = default.name
        elif not self.streams:
            logger.warning("%s has made no Stream: only its own application is served, and Parley's pages", self.title)
        from config.program.application import ProgramApplication

        access = LocalAccess()
        mounted = self.mounts if application is None else self._mounted_in(own)
        mounts = {mount.path: mount.stream for mount in reversed(mounted)}
        streams = {stream.name: stream for stream in self.streams}
        mounted_in = [mount.application for mount in self.mounts]
        ending = self._worker.begin_to_stop if self._worker is not None else lambda: None
        checked = any(map(has_dependencies, mounted_in))
        composed = ProgramApplication(own, mounted_in, mounts, default, streams, access, self._public, ending, checked)
        return ProgramServer(composed, tls or {}, access, self._announcement, self._worker)

    def _application(self) -> Any:
        """Return the application that a program which ends without a server means: `app`, else the first that a stream is mounted in."""
        app = getattr(sys.modules["__main__"], "app", None)
        if callable(app) and hasattr(app, "router"):
            return app
        return self.mounts[0].application if self.mounts else None

    def _default_of(self, own: Any) -> Stream | None:
        """Return the stream at the root: that of the setting DEFAULT_STREAM if it is the program's, else the first one that is mounted
        in the served application, else the first mounted, else the first.
        """
        if wanted := [stream for stream in self.streams if stream.name == settings.DEFAULT_STREAM]:
            return wanted[0]
        mounted = self._mounted_in(own)
        at_root = [mount for mount in mounted if not mount.path] or mounted
        return at_root[0].stream if at_root else next(iter(self.streams), None)

    def _mounted_in(self, application: Any) -> list[Mount]:
        """Return the mounts in an application; all of them if it has none, since it may be a wrapper of the one that has them."""
        return [mount for mount in self.mounts if mount.application is application] or self.mounts

    def name_streams(self) -> None:
        """Give each stream the name of its variable, else "stream", "stream-2" and so on, and add it to Parley's."""
        with self._lock:
            taken = {stream.name for stream in self.streams if stream.name}
            preferred = sorted(self.streams, key=lambda stream: not any(mount.stream is stream for mount in self.mounts))
            variables = {id(stream): name for name, stream in reversed(list(self._variables()))}
            for stream in preferred:
                if not stream.name:
                    wanted = variables.get(id(stream)) or "stream"
                    stream.name = next(name for name in _numbered(wanted) if name not in taken)
                    taken.add(stream.name)
                if discovery.streams().get(stream.name) is not stream:
                    discovery.add_of_program(stream)

    def _variables(self) -> Iterator[tuple[str, Stream]]:
        """Yield the streams in variables of the program's modules, those of the main module first."""
        for module in [sys.modules["__main__"], *list(sys.modules.values())]:
            file = getattr(module, "__file__", None)
            if isinstance(module, ModuleType) and isinstance(file, str) and self._imports.is_of_program(file):
                for variable, value in list(vars(module).items()):
                    if isinstance(value, Stream) and (name := _url_name(variable)):
                        yield name, value

    def _announcement(self, base: str, network: str, access: LocalAccess) -> str:
        """Return what is printed when the server listens."""
        lines = [f"Parley runs {self.title} at {base}/{network}"]
        lines += [f"  stream {stream.name}: {base}/streams/{stream.name}/" for stream in self.streams]
        if self._public:
            lines.append("  Everybody who reaches this server may use its streams without an account (--public).")
        elif access.loopback_only:
            lines.append("  Programs and pages on this machine may use its streams without an account; others cannot reach it.")
        else:
            lines.append("  Its streams need an account or an access token (--public: they do not).")
        return "\n".join(lines)


def _url_name(variable: str) -> str:
    """Return the name of a stream for a variable, or an empty text if the variable has no letters for it."""
    return re.sub(r"[^a-z0-9]+", "-", variable.lower()).strip("-")


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1
