"""Routes of a stream in the program's own FastAPI or Starlette application. The program brings that package; Parley has none of them."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any
from urllib.parse import quote

from streaming.handlers.fastrtc_compat import Body
from streaming.handlers.stream import Stream
from streaming.types.asgi import AsgiMessage, AsgiScope

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""

IN_APPLICATION = ("webrtc/offer", "telephone/incoming", "telephone/handler", "websocket/offer")
"""What `mount` adds to the application at that point, as FastRTC does."""
BEHIND = ("input_hook", "outputs", "updates")
"""Routes of each stream that come behind all of the program's, since programs have routes of their own with these names."""


def moved(scope: AsgiScope, path: str) -> AsgiScope:
    """Return the scope of a request for another path."""
    return {**scope, "path": path, "raw_path": quote(path).encode(), "root_path": ""}


def lower_case(send: Any) -> Any:
    """Return `send` with the names of headers in lower case, as ASGI has them; Django has not, and middleware would add a second one."""

    async def sent(message: AsgiMessage) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [(name.lower(), value) for name, value in message.get("headers", ())]}
        await send(message)

    return sent


def add_routes(application: Any, stream: Stream, path: str, parley: Callable[[], Asgi], tags: Any = None) -> None:
    """Add the routes of a stream to an application, below a path without slashes at its ends.

    `parley` returns Parley's own application. `tags` are those of the routes in the OpenAPI description of FastAPI.
    Dependencies of a FastAPI application, which check each request, run before these routes, too, as in FastRTC.
    Raises TypeError for what is no FastAPI or Starlette application.
    """
    router = getattr(application, "router", application)
    if not isinstance(getattr(router, "routes", None), list) or not hasattr(router, "default"):
        raise TypeError(f"mount() takes a FastAPI or Starlette application, not {type(application).__name__}")
    prefix = f"/{path}" if path else ""
    add = _add_checked_route if has_dependencies(application) else _add_route
    for endpoint in IN_APPLICATION:
        add(router, f"{prefix}/{endpoint}", _Endpoint(stream, endpoint, parley))
    if hasattr(router, "add_api_route"):  # FastAPI's: it describes these routes, and those above serve the requests
        router.add_api_route(f"{prefix}/webrtc/offer", webrtc_offer, methods=["POST"], tags=tags)
        router.add_api_route(f"{prefix}/telephone/incoming", incoming_call, methods=["POST"], tags=tags)


def has_dependencies(application: Any) -> bool:
    """Return whether each route of an application has dependencies: `FastAPI(dependencies=[...])`."""
    return bool(getattr(getattr(application, "router", application), "dependencies", ()))


def _is_http(path: str) -> bool:
    return path.endswith(("webrtc/offer", "telephone/incoming"))


def _add_route(router: Any, path: str, serve: Asgi) -> None:
    """Add an ASGI application as a route of Starlette, which costs nothing for each message."""
    routing = import_module("starlette.routing")  # loaded already, by the program's application
    route = routing.Route(path, serve, include_in_schema=False) if _is_http(path) else routing.WebSocketRoute(path, serve)
    router.routes.append(route)


def _add_checked_route(router: Any, path: str, serve: Asgi) -> None:
    """Add an ASGI application as a route of FastAPI, which runs the dependencies of the application before it."""
    response: Any = import_module("starlette.responses").Response

    class Served(response):  # type: ignore[misc]  # the program brings the package
        """What the ASGI application sends."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await serve(scope, receive, send)

    async def answer() -> Any:
        return Served()

    async def connect(websocket: Any) -> None:
        await serve(websocket.scope, websocket.receive, websocket.send)

    answer.__annotations__ = {}  # FastAPI makes no model of the answer
    connect.__annotations__ = {"websocket": import_module("starlette.websockets").WebSocket}
    if _is_http(path):
        router.add_api_route(path, answer, methods=["GET", "POST"], include_in_schema=False)
    else:
        router.add_api_websocket_route(path, connect)


async def webrtc_offer(body: Body) -> dict[str, Any]:
    """Answer a WebRTC offer of a client, or add one of its ICE candidates."""
    raise NotImplementedError("this route is a description only")


async def incoming_call() -> None:
    """Connect an incoming call of a telephone provider: the answer is TwiML."""
    raise NotImplementedError("this route is a description only")


class _Endpoint:
    """An ASGI application: one endpoint of a stream."""

    def __init__(self, stream: Stream, endpoint: str, parley: Callable[[], Asgi]) -> None:
        self._stream, self._endpoint, self._parley = stream, endpoint, parley

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request."""
        parley = self._parley()  # names the stream
        await parley(moved(scope, f"/streams/{self._stream.name}/{self._endpoint}"), receive, lower_case(send))
