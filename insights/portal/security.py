"""Middleware for security headers: Content-Security-Policy (own origin only), Permissions-Policy and Cache-Control (no-store)."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from insights.portal.function_middleware import response_middleware


def policy(request: HttpRequest, *, framed: bool = False) -> str:
    """Return the Content-Security-Policy of the response to a request: everything comes from the same origin.

    With `framed`, pages of the same origin may have the response in a frame; otherwise no page may.

    WebSockets are listed with their schemes, as older browsers do not include `ws:` in 'self'. Images may be `data:` URLs, which Django's
    admin uses.
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
            "frame-ancestors 'self'" if framed else "frame-ancestors 'none'",
        ]
    )


def _with_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Content-Security-Policy", policy(request))
    response.headers.setdefault("Permissions-Policy", "microphone=(self), camera=(self), geolocation=()")
    response.headers.setdefault("Cache-Control", "no-store")  # cacheable static files are served by an outer middleware
    return response


content_security = response_middleware(_with_headers)
"""Middleware that adds the security headers to every response that does not set its own."""
