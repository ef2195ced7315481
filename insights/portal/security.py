"""What a browser may do with our answers: load from us and from nobody else, and keep no copy. Knows nothing of the pages themselves."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], HttpResponseBase]
AsyncAnswer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def policy(request: HttpRequest) -> str:
    """Return the Content-Security-Policy of an answer to `request`.

    Everything comes from our own origin. Sockets are named with their schemes, since older browsers do not count
    `ws:` under 'self'; pictures may be data, for the checkmarks that Django's admin and the API's pages draw.
    """
    sockets = ""
    try:
        host = request.get_host()
        sockets = f" ws://{host} wss://{host}"
    except DisallowedHost:
        pass  # the page that refuses the host needs no socket
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


def _dress(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Content-Security-Policy", policy(request))
    response.headers.setdefault("Permissions-Policy", "microphone=(self), camera=(self), geolocation=()")
    response.headers.setdefault("Cache-Control", "no-store")  # static files, which anybody may keep, are answered further out
    return response


@sync_and_async_middleware
def content_security(get_response: Answer | AsyncAnswer) -> Answer | AsyncAnswer:
    """Put the policy and `Cache-Control: no-store` on every answer that does not bring its own; runs in the event loop without a thread."""
    if iscoroutinefunction(get_response):
        ask: AsyncAnswer = get_response

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return _dress(request, await ask(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponseBase):
            raise TypeError("an asynchronous view was given to the synchronous chain")
        return _dress(request, response)

    return answer
