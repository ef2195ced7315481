"""Middleware for security headers: Content-Security-Policy (own origin only), Permissions-Policy and Cache-Control (no-store)."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], HttpResponseBase]
AsyncAnswer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def policy(request: HttpRequest) -> str:
    """Return the Content-Security-Policy of the response to a request: everything comes from the same origin.

    WebSockets are listed with their schemes, as older browsers do not include `ws:` in 'self'. Images may be `data:` URLs, which Django's
    admin and the API documentation use.
    """
    sockets = ""
    try:
        host = request.get_host()
        sockets = f" ws://{host} wss://{host}"
    except DisallowedHost:
        pass  # the error page for a wrong host needs no WebSocket
    return "; ".join(
        [
            "default-src 'self'",
            f"connect-src 'self'{sockets}",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def _with_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Content-Security-Policy", policy(request))
    response.headers.setdefault("Permissions-Policy", "microphone=(self), camera=(self), geolocation=()")
    response.headers.setdefault("Cache-Control", "no-store")  # cacheable static files are served by an outer middleware
    return response


@sync_and_async_middleware
def content_security(get_response: Answer | AsyncAnswer) -> Answer | AsyncAnswer:
    """Add the security headers to every response that does not set its own. Works in the event loop, without a thread."""
    if iscoroutinefunction(get_response):
        get_async_response: AsyncAnswer = get_response

        async def async_answer(request: HttpRequest) -> HttpResponseBase:
            return _with_headers(request, await get_async_response(request))

        return async_answer

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponseBase):
            raise TypeError("an asynchronous view was given to the synchronous chain")
        return _with_headers(request, response)

    return answer
