"""Which Host headers are accepted where Django does not check them itself, or checks too much."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], HttpResponseBase]
AsyncAnswer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

HEALTH_PATHS = ("/healthz", "/readyz")
_DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


def host_is_allowed(scope: dict[str, Any]) -> bool:
    """Return whether the Host header of a WebSocket handshake is in ALLOWED_HOSTS, as Django requires it of HTTP requests."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"]
    if len(hosts) != 1:
        return False
    domain, _ = split_domain_port(hosts[0])
    allowed = settings.ALLOWED_HOSTS or (_DEBUG_HOSTS if settings.DEBUG else [])
    return bool(domain) and validate_host(domain, allowed)


async def refuse_host(receive: Any, send: Any) -> None:
    """Refuse a WebSocket handshake; the server answers 403."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})


@sync_and_async_middleware
def any_host_for_health_checks(get_response: Answer | AsyncAnswer) -> Answer | AsyncAnswer:
    """Accept every Host header at the health paths: probes ask by IP address, and the answers hold no link."""
    if iscoroutinefunction(get_response):
        ask: AsyncAnswer = get_response

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return await ask(_with_any_host(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(_with_any_host(request))
        if not isinstance(response, HttpResponseBase):
            raise TypeError("an asynchronous view was given to the synchronous chain")
        return response

    return answer


def _with_any_host(request: HttpRequest) -> HttpRequest:
    if request.path in HEALTH_PATHS:
        request.get_host = lambda: "localhost"  # type: ignore[method-assign]
    return request
