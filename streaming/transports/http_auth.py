"""Authentication of HTTP requests to a stream (design law 6).

A token may come as `access_token` in the query (an EventSource cannot set headers), in `x-api-key` or in `Authorization`.
The portal's session cookie counts only from our own pages, because browsers send cookies from any page. A stream that is public,
by its own attribute or by the setting STREAMS_PUBLIC, serves anonymous requesters too.

Pages of any origin may use these routes with a token (CORS). The portal's cookie does not work from other origins (decision 57), and
responses never allow credentials, so that a page of another origin reads no response to a request with a cookie.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from insights import access
from insights.access import EVERY_SCOPE, Grant, MissingScope, check_scope
from streaming.aio.database_executors import run_in_database
from streaming.discovery import is_public, streams
from streaming.handlers.stream import Stream
from streaming.transports.auth import RequestCredentials

View = Callable[[HttpRequest, Stream, int | None], Awaitable[HttpResponseBase]]
StreamView = Callable[..., Coroutine[Any, Any, HttpResponseBase]]

_REQUESTER = "parley_requester"
_IN_EVENT_LOOP = "parley_in_event_loop"
RELEASE_SLOT = "parley.release_slot"
"""Extension in the scope of a request: `release()` returns the slot of `config.http_limits` before the response starts."""
HEADERS = "Authorization, X-API-Key, Content-Type, Last-Event-ID"


def find_stream(name: str) -> Stream | None:
    """Return the stream with a name, or None; an empty name means DEFAULT_STREAM, which is mounted at the root."""
    return streams().get(name or settings.DEFAULT_STREAM)


@dataclass(frozen=True, slots=True)
class Requester:
    """The sender of a request: with a grant, or anonymous, which only public streams serve."""

    by: Grant | None = None

    @property
    def user_id(self) -> int | None:
        """The user for whom the requester acts; None if anonymous."""
        return self.by.user_id if self.by else None

    def may_use(self, stream: Stream) -> bool:
        """Whether the stream serves this requester."""
        return is_public(stream) or (self.by is not None and not self.missing_scope)

    @property
    def missing_scope(self) -> str:
        """The sentence about the scope that the requester's token lacks for streams, or an empty text."""
        try:
            check_scope("stream", self.by.scopes if self.by else EVERY_SCOPE)
        except MissingScope as error:
            return str(error)
        return ""


async def requester_of(request: HttpRequest) -> Requester:
    """Authenticate a request. An invalid token is anonymous, even beside a valid cookie."""
    credentials = RequestCredentials(request.GET.dict(), {name.lower(): value for name, value in request.headers.items()}, ())
    if credentials.token:
        return Requester(await run_in_database(access.grant_for_token, credentials.token))
    if credentials.session_key and _from_our_page(request, credentials):
        return Requester(await run_in_database(access.grant_for_sign_in, credentials.session_key))
    return Requester()


def grant_of_request(request: HttpRequest) -> Grant | None:
    """Return the grant with which `on_stream` accepted a request; None if anonymous."""
    requester = getattr(request, _REQUESTER, None)
    return requester.by if isinstance(requester, Requester) else None


def user_of_request(request: HttpRequest) -> int | None:
    """Return the user for whom `on_stream` accepted a request; None if anonymous."""
    by = grant_of_request(request)
    return by.user_id if by else None


def _from_our_page(request: HttpRequest, credentials: RequestCredentials) -> bool:
    """Return whether the cookie counts: browsers send Origin with every POST and with every cross-origin request."""
    if "origin" in credentials.headers:
        return credentials.same_origin
    return request.method in ("GET", "HEAD") and credentials.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def on_stream(*methods: str) -> Callable[[View], StreamView]:
    """Make a view a route of a stream: check the method, find the stream, authenticate and authorise, then call the view.

    The view gets request, stream and user id (None if anonymous, on a public stream). No CSRF token is required: programs have
    none, and the cookie counts from our own pages only.
    """

    def decorate(view: View) -> StreamView:
        async def checked(request: HttpRequest, name: str) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            stream = find_stream(name)
            if stream is None:
                return refusal(404, "there is no stream of this name")
            requester = await requester_of(request)
            if not requester.may_use(stream):
                return unauthorised(requester)
            setattr(request, _REQUESTER, requester)
            _release_slot(request)
            return await view(request, stream, requester.user_id)

        @csrf_exempt
        @wraps(view)
        async def answer(request: HttpRequest, name: str = "") -> HttpResponseBase:
            if request.method == "OPTIONS":
                return preflight(methods)
            return readable(await checked(request, name))

        setattr(answer, _IN_EVENT_LOOP, True)
        return answer

    return decorate


def in_event_loop(view: object) -> bool:
    """Return whether `on_stream` made a view: it needs no middleware with sessions, and blocks nothing."""
    return getattr(view, _IN_EVENT_LOOP, False) is True


def _release_slot(request: HttpRequest) -> None:
    """Release the request's slot: views of streams wait for sessions, also in other processes, and compute little."""
    extensions = getattr(request, "scope", {}).get("extensions") or {}
    if (slot := extensions.get(RELEASE_SLOT)) is not None:
        slot["release"]()


def unauthorised(requester: Requester) -> JsonResponse:
    """Return the response to a requester whom a stream does not serve: 403 if only a scope is missing."""
    return refusal(403, requester.missing_scope) if requester.missing_scope else refusal(401, "sign in, or send an access token")


def refusal(status: int, text: str) -> JsonResponse:
    """Return an error response in the form of FastAPI, which FastRTC's clients expect."""
    response = JsonResponse({"detail": text}, status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def preflight(methods: Sequence[str]) -> HttpResponseBase:
    """Return the response to a browser that asks which methods and headers it may use."""
    response = HttpResponse(status=204)
    response.headers["Access-Control-Allow-Methods"] = ", ".join([*methods, "OPTIONS"])
    response.headers["Access-Control-Allow-Headers"] = HEADERS
    response.headers["Access-Control-Max-Age"] = "600"
    return readable(response)


def readable(response: HttpResponseBase) -> HttpResponseBase:
    """Let pages of any origin read a response; return it."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
