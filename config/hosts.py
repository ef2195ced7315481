"""Checks of the Host header: for WebSockets, which Django does not check, and an exception for the health checks."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from streaming.types.asgi import AsgiScope

GetResponse = Callable[[HttpRequest], HttpResponseBase]
AsyncGetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

HEALTH_PATHS = ("/healthz", "/readyz")
_DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


def host_is_allowed(scope: AsgiScope) -> bool:
    """Return whether the Host header of a WebSocket handshake is in ALLOWED_HOSTS, as Django requires for HTTP requests."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"]
    if len(hosts) != 1:
        return False
    domain, _ = split_domain_port(hosts[0])
    allowed = settings.ALLOWED_HOSTS or (_DEBUG_HOSTS if settings.DEBUG else [])
    return bool(domain) and validate_host(domain, allowed)


async def refuse_host(receive: Any, send: Any) -> None:
    """Reject a WebSocket handshake; the server responds with 403."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})


@sync_and_async_middleware
def any_host_for_health_checks(get_response: GetResponse | AsyncGetResponse) -> GetResponse | AsyncGetResponse:
    """Accept every Host header at the health paths: probes use IP addresses, and the responses contain no link."""
    if iscoroutinefunction(get_response):
        get_async_response: AsyncGetResponse = get_response

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            return await get_async_response(_with_any_host(request))

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(_with_any_host(request))
        if not isinstance(response, HttpResponseBase):
            raise TypeError("an asynchronous view was given to the synchronous chain")
        return response

    return middleware


def _with_any_host(request: HttpRequest) -> HttpRequest:
    if request.path in HEALTH_PATHS:
        request.get_host = lambda: "localhost"  # type: ignore[method-assign]
    return request
