"""Signalling of streams in the event loop: offers, candidates and inputs, without the middleware that has no effect on them.

Django runs synchronous middleware in a new thread for each request, and the view in the event loop: beside threads that encode audio, each
change of thread waits for the GIL. The views of streams authenticate by themselves (`streaming/transports/http_auth.py`): they use neither
`request.session` nor `request.user`.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from io import BytesIO
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.exception import convert_exception_to_response
from django.http import Http404, HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.urls import ResolverMatch, resolve
from django.utils.module_loading import import_string

from insights.portal.function_middleware import AsyncGetResponse
from streaming.transports.http_auth import in_event_loop

ROUTES = ("/webrtc/offer", "/input_hook")
"""Ends of the paths for which the view is looked up."""
WITHOUT_EFFECT = {
    "config.hosts.any_host_for_health_checks",
    "config.static_files.StaticFiles",
    "config.middleware.release_connections_before_sending",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "insights.portal.devices.note_device",
}
"""Middleware that does nothing for these views: they are exempt from CSRF, and use no session and no connection of the request's thread."""
WITHOUT_IO = {
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
}
"""Synchronous middleware that only reads and sets headers, and so may run in the event loop."""
ASYNCHRONOUS = {
    "insights.portal.response_language.choose_language",
    "insights.portal.security.content_security",
    "insights.portal.method_errors.page_for_wrong_method",
    "config.middleware.note_user_of_refused_request",
}


def signalling_first(application: ASGI3Application) -> ASGI3Application:
    """Return an application that answers signalling in the event loop, and passes all other requests on.

    With middleware that is not listed here, such as a project's own, every request is passed on.
    """
    if set(settings.MIDDLEWARE) - WITHOUT_EFFECT - WITHOUT_IO - ASYNCHRONOUS:
        return application
    respond = _chain()

    async def answered(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        request = _request(scope) if scope["type"] == "http" and scope["path"].endswith(ROUTES) else None
        if request is None:
            await application(scope, receive, send)
        elif await _read(receive, request[1]):
            await _send(await respond(request[0]), send)

    return answered


def _request(scope: HTTPScope) -> tuple[HttpRequest, BytesIO] | None:
    """Return the request for a view that runs in the event loop, and its empty body; None for other views and invalid paths."""
    body = BytesIO()
    try:
        request = ASGIRequest(scope, body)
        match = resolve(request.path_info)
    except (Http404, UnicodeDecodeError):
        return None
    if not in_event_loop(match.func):
        return None
    request.resolver_match = match
    return request, body


async def _read(receive: ASGIReceiveCallable, body: BytesIO) -> bool:
    """Read the body of a request. Return False if the client disconnects before its end."""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return False
        body.write(message.get("body", b""))
        more = message.get("more_body", False)
    body.seek(0)
    return True


async def _send(response: HttpResponseBase, send: ASGISendCallable) -> None:
    if not isinstance(response, HttpResponse):
        raise TypeError("the views of signalling return whole responses")
    cookies = [("Set-Cookie", cookie.output(header="").strip()) for cookie in response.cookies.values()]
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in [*response.items(), *cookies]]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": response.content, "more_body": False})


def _chain() -> AsyncGetResponse:
    """Return the middleware around the view, in the order of the settings."""
    handler: Any = convert_exception_to_response(_view)
    for path in reversed(settings.MIDDLEWARE):
        if path in WITHOUT_IO:
            handler = convert_exception_to_response(_without_thread(import_string(path), handler))
        elif path in ASYNCHRONOUS:
            handler = convert_exception_to_response(import_string(path)(handler))
    assert iscoroutinefunction(handler)  # noqa: S101  # a synchronous one would run in a thread
    respond: AsyncGetResponse = handler
    return respond


async def _view(request: HttpRequest) -> HttpResponseBase:
    match = request.resolver_match
    assert isinstance(match, ResolverMatch)  # noqa: S101  # set by `_request`
    response: HttpResponseBase = await match.func(request, *match.args, **match.kwargs)
    return response


def _without_thread(kind: Callable[[Any], Any], get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> AsyncGetResponse:
    """Return Django's middleware of a class as a coroutine function that calls its hooks directly."""
    middleware = kind(get_response)
    before = getattr(middleware, "process_request", lambda request: None)
    after = getattr(middleware, "process_response", lambda request, response: response)

    async def answer(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = after(request, before(request) or await get_response(request))
        return response

    return answer
