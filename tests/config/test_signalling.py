"""Signalling of streams is answered in the event loop, as the whole of Django would answer it."""

import asyncio
import json
from typing import Any, NamedTuple

import pytest
from asgiref.sync import SyncToAsync
from django.conf import LazySettings
from django.core.handlers.asgi import ASGIHandler

from config.signalling import signalling_first

OFFER, HOOK = "/streams/echo/webrtc/offer", "/streams/echo/input_hook"


class Sent(NamedTuple):
    """A request: method, path, headers, body, and the parts in which the body comes."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    parts: int = 1
    query: bytes = b""


REQUESTS = {
    "an anonymous offer": Sent("POST", OFFER, json.dumps({"type": "offer", "sdp": "v=0", "webrtc_id": "a"}).encode()),
    "a body in parts": Sent("POST", HOOK, json.dumps({"webrtc_id": "a"}).encode(), parts=3),
    "an invalid token": Sent("POST", OFFER, b"{}", ((b"x-api-key", b"wrong"),)),
    "a wrong method": Sent("GET", OFFER),
    "a preflight": Sent("OPTIONS", HOOK, headers=((b"origin", b"https://example.org"), (b"access-control-request-method", b"POST"))),
    "a wrong host": Sent("POST", OFFER, b"{}", ((b"host", b"nowhere.example.org"),)),
    "no such stream": Sent("POST", "/streams/nothing/webrtc/offer", b"{}"),
    "no such page": Sent("POST", "/nothing/webrtc/offer", b"{}"),
    "an invalid query": Sent("POST", OFFER, b"{}", query=b"a=%FF\xff"),
    "another language": Sent("POST", OFFER, b"{}", ((b"accept-language", b"de"),)),
}


async def answer(application: Any, sent: Sent) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return status, headers and body of the response to a request."""
    named = {name for name, _ in sent.headers}
    headers = [*sent.headers, *([] if b"host" in named else [(b"host", b"localhost")])]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(sent.body)).encode())]
    size = -(-len(sent.body) // sent.parts) or 1
    pieces = [sent.body[at : at + size] for at in range(0, max(len(sent.body), 1), size)]
    waiting = [{"type": "http.request", "body": piece, "more_body": piece is not pieces[-1]} for piece in pieces]
    scope = {"type": "http", "method": sent.method, "path": sent.path, "query_string": sent.query, "headers": headers}
    got: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        got.append(message)

    address = {"client": ("192.0.2.1", 1), "server": ("localhost", 80), "scheme": "http", "http_version": "1.1", "root_path": ""}
    await application(scope | address, receive, send)
    return got[0]["status"], sorted(got[0]["headers"]), b"".join(message["body"] for message in got[1:])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS)
async def test_the_response_is_that_of_the_whole_chain(sent: Sent) -> None:
    """Status, headers and body are the same."""
    django = ASGIHandler()
    assert await answer(signalling_first(django), sent) == await answer(django, sent)


async def test_an_offer_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """An anonymous request is answered in the event loop."""

    async def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a thread was used")

    application = signalling_first(ASGIHandler())
    monkeypatch.setattr(SyncToAsync, "__call__", refuse)
    status, _, body = await answer(application, REQUESTS["an anonymous offer"])
    assert (status, json.loads(body)) == (401, {"detail": "sign in, or send an access token"})


async def test_a_client_that_goes_away_gets_no_answer() -> None:
    """Its offer is not read any further."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": "POST", "path": OFFER, "query_string": b"", "headers": [(b"host", b"localhost")]}
    await signalling_first(ASGIHandler())(scope, receive, send)  # type: ignore[arg-type]
    assert sent == []


def test_middleware_of_a_project_is_not_left_out(settings: LazySettings) -> None:
    """With unknown middleware every request takes the whole chain."""
    django: Any = object()
    assert signalling_first(django) is not django
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "project.middleware.allow_addresses"]
    assert signalling_first(django) is django


async def test_other_views_take_the_whole_chain() -> None:
    """A path that only ends like signalling, and a view that is not of a stream."""
    passed: list[str] = []

    async def django(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["path"])

    for path in ("/healthz", "/accounts/input_hook", "/streams/echo/outputs"):
        scope: Any = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
        await signalling_first(django)(scope, None, None)  # type: ignore[arg-type]
    assert passed == ["/healthz", "/accounts/input_hook", "/streams/echo/outputs"]
