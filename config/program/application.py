"""The ASGI application of a program: its own routes first, Parley's behind them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.urls import Resolver404, resolve

from config.asgi import application as parley
from config.asgi import drain, start
from config.graceful_shutdown import DrainFirst
from config.hosts import HEALTH_PATHS, refuse_host
from config.program.lifespan import Lifespan, StartupFailed
from config.program.local_access import LocalAccess
from config.program.mounting import BEHIND, IN_APPLICATION, Asgi, lower_case, moved
from streaming.discovery import is_local
from streaming.handlers.stream import Stream
from streaming.types.asgi import AsgiScope

_OWN = (f"{settings.STATIC_URL}parley/", "/rtc/config")
"""What pages of streams load. It comes before the program's routes, since a page of Gradio at `/` has all paths below it."""
_PAGES = ("/", "/ui", "/ui/")
"""Where the page of the default stream is, if the program has nothing there; FastRTC's own programs put it at `/ui`."""


class ProgramApplication:
    """Serves the program's application, and Parley where that has no route.

    Args:
        own: the program's application; None if it has none.
        mounted_in: the applications that streams are mounted in; one of them may be wrapped in `own`.
        mounts: the paths at which streams are mounted, without slashes at their ends.
        default: the stream at the root.
        streams: all streams of the program by name.
        access: who counts as a user of this machine.
        public: whether everybody may use the streams of the program.
        checked: whether an application that streams are mounted in has dependencies, which check each request. Then only its own routes
            are public, since no dependency runs before Parley's behind them.
        ending: called when the drain begins.
    """

    def __init__(
        self,
        own: Asgi | None,
        mounted_in: Sequence[Any],
        mounts: Mapping[str, Stream],
        default: Stream | None,
        streams: Mapping[str, Stream],
        access: LocalAccess,
        public: bool,
        ending: Callable[[], None] = lambda: None,
        checked: bool = False,
    ) -> None:
        self._own, self._mounts, self._default, self._streams = own, mounts, default, streams
        self._access, self._public, self._ending, self._checked = access, public, ending, checked
        self._lifespan = None if own is None else Lifespan(own)
        self._not_found: Asgi | None = None
        for application in (own, *mounted_in):
            if self._not_found is None:
                self._take_place_in(application)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection, or the lifespan of the server."""
        if scope["type"] == "lifespan":
            await self._serve_lifespan(scope, receive, send)
            return
        if not self._public and self._access.refuses_host(scope) and scope["path"] not in HEALTH_PATHS:
            await _refuse(scope, receive, send)
            return
        is_local.set(self._public or self._access.is_local(scope))
        path = scope["path"]
        own_page = path.startswith(_OWN) or any(path.startswith(f"/streams/{name}/") for name in self._streams)
        if self._own is None or own_page:
            await self._serve_behind(scope, receive, send)
        else:
            await self._own(scope, receive, send)

    def _take_place_in(self, application: Any) -> None:
        """Answer where an application, or the one inside of its middleware, has no route."""
        while application is not None and not hasattr(application, "router"):
            application = getattr(application, "app", None)
        if hasattr(getattr(application, "router", None), "default"):
            self._not_found = application.router.default
            application.router.default = self._serve_behind

    async def _serve_behind(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve what the program has no route for; what Parley has none for either, the program's application refuses."""
        if self._checked:
            is_local.set(self._access.is_local(scope))
        path = self._path_behind(scope)
        if path is None and self._not_found is not None:
            await self._not_found(scope, receive, send)
        else:
            await parley(moved(scope, path or scope["path"]), receive, lower_case(send))

    def _path_behind(self, scope: AsgiScope) -> str | None:
        """Return the path at which Parley serves a request; None if it has nothing there."""
        path = str(scope["path"])
        if path in _PAGES and self._default is not None and is_local.get():
            return f"/streams/{self._default.name}/"
        for at, stream in self._mounts.items():
            rest = path.removeprefix(f"/{at}/") if at else path[1:]
            if rest != path and rest in (*BEHIND, *IN_APPLICATION):
                return f"/streams/{stream.name}/{rest}"
        if scope["type"] == "websocket" or path.startswith(settings.STATIC_URL) or _has_route(path) or _has_route(f"{path}/"):
            return path
        return None

    async def _serve_lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        shutdown = DrainFirst(self._drain)
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                start()
                if self._lifespan is not None:
                    try:
                        await self._lifespan.startup(scope)
                    except StartupFailed as error:
                        await send({"type": "lifespan.startup.failed", "message": str(error)})
                        return
                shutdown.install()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await shutdown.finish()
                if self._lifespan is not None:
                    await self._lifespan.shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _drain(self) -> None:
        self._ending()
        await drain()


def _has_route(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


async def _refuse(scope: AsgiScope, receive: Any, send: Any) -> None:
    """Refuse a request for a host that is not this machine."""
    if scope["type"] == "websocket":
        await refuse_host(receive, send)
        return
    body = b'{"detail": "the Host header names no host of this server: set ALLOWED_HOSTS, or run it with --public"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
