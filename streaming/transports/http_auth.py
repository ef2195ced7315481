"""Who may come in over HTTP: the visitor behind a request to a stream (design law 6).

A token may come as `access_token` in the query (an EventSource can set no headers), in `x-api-key` or in `Authorization`.
The portal's cookie counts from our own pages only, since browsers send it along from any page. A stream that is public, by
its own word or by the setting STREAMS_PUBLIC, lets anybody in.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from insights import access
from insights.access import Grant
from streaming.aio.database_executors import run_in_database
from streaming.discovery import is_public, streams
from streaming.handlers.stream import Stream
from streaming.transports.auth import Credentials

View = Callable[[HttpRequest, Stream, int | None], Awaitable[HttpResponseBase]]
StreamView = Callable[..., Coroutine[Any, Any, HttpResponseBase]]

_VISITOR = "parley_visitor"


def find_stream(name: str) -> Stream | None:
    """Return the stream of a name, of an empty name the one that is mounted at the root."""
    return streams().get(name or settings.DEFAULT_STREAM)


@dataclass(frozen=True, slots=True)
class Requester:
    """Somebody who was let in by a pass, or a stranger, whom only public streams serve."""

    by: Grant | None = None

    @property
    def user_id(self) -> int | None:
        """Whom the visitor acts for; None for a stranger."""
        return self.by.user_id if self.by else None

    def may_use(self, stream: Stream) -> bool:
        """Whether the stream serves this visitor."""
        return self.user_id is not None or is_public(stream)


async def requester_of(request: HttpRequest) -> Requester:
    """Return who asks. A wrong token is a stranger's, even where a cookie would do."""
    credentials = Credentials(request.GET.dict(), {name.lower(): value for name, value in request.headers.items()}, ())
    if credentials.token:
        return Requester(await run_in_database(access.grant_for_token, credentials.token))
    if credentials.session_key and _from_our_page(request, credentials):
        return Requester(await run_in_database(access.grant_for_sign_in, credentials.session_key))
    return Requester()


def grant_of_request(request: HttpRequest) -> Grant | None:
    """Return by what the visitor of a stream's route was let in; None for a stranger."""
    requester = getattr(request, _VISITOR, None)
    return requester.by if isinstance(requester, Requester) else None


def _from_our_page(request: HttpRequest, credentials: Credentials) -> bool:
    """Whether the cookie counts: every browser names the origin of a POST, and of whatever goes to another origin."""
    if "origin" in credentials.headers:
        return credentials.same_origin
    return request.method in ("GET", "HEAD") and credentials.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def on_stream(*methods: str) -> Callable[[View], StreamView]:
    """Make a route of a stream: find the stream, refuse whoever may not use it, then ask the view.

    The view gets request, stream and user id (None where a public stream serves a stranger). No CSRF token is asked for:
    programs have none, and the cookie counts from our own pages only.
    """

    def decorate(view: View) -> StreamView:
        @csrf_exempt
        @wraps(view)
        async def answer(request: HttpRequest, name: str = "") -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            stream = find_stream(name)
            if stream is None:
                return refusal(404, "there is no stream of this name")
            requester = await requester_of(request)
            if not requester.may_use(stream):
                return refusal(401, "sign in, or send an access token")
            setattr(request, _VISITOR, requester)
            return await view(request, stream, requester.user_id)

        return answer

    return decorate


def refusal(status: int, text: str) -> JsonResponse:
    """Say no, in the form of FastAPI's errors, which FastRTC's clients know."""
    response = JsonResponse({"detail": text}, status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
