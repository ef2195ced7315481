"""Which of the two answers a request: the program's application or Parley's."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from config.program import application
from config.program.application import ProgramApplication
from config.program.local_access import LocalAccess
from streaming import discovery
from streaming.discovery import is_local
from streaming.handlers.stream import Stream


class Router:
    """The part of Starlette's router that matters: routes by path, and what answers where there is none."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths
        self.default: Any = Answer("not found")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        answer = Answer("own") if scope["path"] in self.paths else self.default
        await answer(scope, receive, send)


class Application:
    """An application with a router, as Starlette's and FastAPI's."""

    def __init__(self, *paths: str) -> None:
        self.router = Router(*paths)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.router(scope, receive, send)


class Answer:
    """An application that says who it is and which path it was asked for."""

    def __init__(self, who: str) -> None:
        self.who = who

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Answer", f"{self.who} {scope['path']}".encode())]})


class Middleware:
    """What wraps an application, as a CORS middleware does."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(autouse=True)
def parley(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put an application that says which path it serves in the place of Parley's; forget the program's streams afterwards."""
    monkeypatch.setattr(application, "parley", Answer("parley"))
    yield
    discovery._of_program.clear()


def composed(own: Any, *, public: bool = False, loopback: bool = True, checked: bool = False) -> ProgramApplication:
    """Return the application of a program with the streams `voice` at the root and `second` at /two."""
    streams = {name: Stream(lambda image: image, name=name) for name in ("voice", "second")}
    discovery._of_program.clear()
    for stream in streams.values():
        discovery.add_of_program(stream)
    access = LocalAccess()
    access.bind(["127.0.0.1" if loopback else "0.0.0.0"])
    mounts = {"": streams["voice"], "two": streams["second"]}
    return ProgramApplication(own, [], mounts, streams["voice"], streams, access, public, checked=checked)


async def ask(served: ProgramApplication, path: str, kind: str = "http", host: str = "localhost") -> Any:
    """Return who answers a request, or the message of a refusal."""
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": kind, "path": path, "client": ("127.0.0.1", 1), "headers": [(b"host", host.encode())], "root_path": ""}
    await served(scope, receive, send)
    headers = {name.lower(): value for name, value in said[0].get("headers", ())}
    return headers[b"x-answer"].decode() if b"x-answer" in headers else said[0]


@pytest.mark.parametrize("wrap", [lambda app: app, Middleware, lambda app: Middleware(Middleware(app))])
@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/mine", "own /mine"),
        ("/outputs", "own /outputs"),
        ("/input_hook", "parley /streams/voice/input_hook"),
        ("/two/outputs", "parley /streams/second/outputs"),
        ("/two/updates", "parley /streams/second/updates"),
        ("/healthz", "parley /healthz"),
        ("/signin", "parley /signin"),
        ("/static/admin/css/base.css", "parley /static/admin/css/base.css"),
        ("/nothing", "not found /nothing"),
        ("/streams/voice/", "parley /streams/voice/"),
        ("/", "parley /streams/voice/"),
        ("/ui", "parley /streams/voice/"),
    ],
)
async def test_the_program_first_then_parley_then_its_not_found(path: str, answer: str, wrap: Any) -> None:
    """Also when the application is wrapped in middleware."""
    assert await ask(composed(wrap(Application("/mine", "/outputs"))), path) == answer


async def test_pages_of_streams_come_before_a_page_that_has_everything() -> None:
    """Gradio at `/` has every path below it; what our pages load must not be lost in it."""
    served = composed(Answer("own"))
    assert await ask(served, "/streams/voice/webrtc/offer") == "parley /streams/voice/webrtc/offer"
    assert await ask(served, "/static/parley/base.css") == "parley /static/parley/base.css"
    for path in ("/", "/streams/other/", "/static/mine.css", "/outputs"):
        assert await ask(served, path) == f"own {path}"


async def test_an_application_inside_of_another_one_has_a_place_for_parley() -> None:
    """A server of another kind may have the program's application somewhere within."""
    inner = Application("/mine")
    streams = {"voice": Stream(lambda image: image, name="voice")}
    access = LocalAccess()
    access.bind(["127.0.0.1"])
    served = ProgramApplication(lambda *all: inner(*all), [inner], {"": streams["voice"]}, streams["voice"], streams, access, False)
    assert await ask(served, "/mine") == "own /mine"
    assert await ask(served, "/outputs") == "parley /streams/voice/outputs"


async def test_a_program_without_an_application() -> None:
    """Parley serves everything; the page of the stream is at `/` for local requests, else there is Parley's own page."""
    assert await ask(composed(None), "/") == "parley /streams/voice/"
    assert await ask(composed(None), "/two/webrtc/offer") == "parley /streams/second/webrtc/offer"
    assert await ask(composed(None), "/websocket/offer", "websocket") == "parley /streams/voice/websocket/offer"
    assert await ask(composed(None, loopback=False), "/") == "parley /"
    assert await ask(composed(None, loopback=False, public=True), "/") == "parley /streams/voice/"


async def test_another_host_is_refused_everywhere() -> None:
    """Also for the program's own routes, and for WebSockets; health checks may come by any name, and --public allows all."""
    served = composed(Application("/mine"))
    assert (await ask(served, "/mine", host="evil.example"))["status"] == 400
    assert (await ask(served, "/mine", "websocket", host="evil.example"))["type"] == "websocket.close"
    assert await ask(served, "/healthz", host="evil.example") == "parley /healthz"
    assert await ask(composed(Application("/mine"), public=True), "/mine", host="talk.example") == "own /mine"


async def test_who_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """The streams of the program are public for a local request only; Parley's own streams never are."""
    seen: list[bool] = []

    async def look(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(discovery.is_public(discovery.streams()[name]) for name in ("voice", "echo"))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    monkeypatch.setattr(application, "parley", look)
    for served, public in ((composed(None), True), (composed(None, loopback=False), False), (composed(None, public=True), True)):
        seen.clear()
        await asyncio.create_task(ask(served, "/healthz"))
        assert seen == [public, False]
    assert not discovery.is_public(discovery.streams()["voice"]), "a request leaves nothing behind"


@pytest.mark.parametrize("checked", [False, True])
async def test_with_dependencies_only_routes_of_the_program_are_public(checked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """No dependency runs before Parley's own routes: they need an account, as without `--public`."""
    served = composed(Application("/mine"), public=True, loopback=False, checked=checked)
    local: dict[str, bool] = {}

    async def parley(scope: Any, receive: Any, send: Any) -> None:
        local[scope["path"]] = is_local.get()
        await Answer("parley")(scope, receive, send)

    monkeypatch.setattr(application, "parley", parley)
    for path in ("/streams/voice/webrtc/offer", "/outputs"):
        await ask(served, path)
    assert local == {"/streams/voice/webrtc/offer": not checked, "/streams/voice/outputs": not checked}
