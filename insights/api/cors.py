"""CORS: pages of any origin may call the API with a token.

The portal's cookie does not work from other origins: it is `SameSite=Lax`, and responses never allow credentials.
"""

from collections.abc import Callable, Iterable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

_PUBLIC = ("v1/", "oauth2/")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, X-API-Key, Content-Type",
    "Access-Control-Max-Age": "600",
}


def allow_all_origins(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Return the routes with CORS headers and preflight on those of the API itself; the docs and the schema do not change."""
    routes = []
    for pattern in patterns:
        if str(pattern.pattern).startswith(_PUBLIC):
            pattern.callback = _with_cors(pattern.callback)
        routes.append(pattern)
    return routes


def _with_cors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = HttpResponse(status=204, headers=_PREFLIGHT) if request.method == "OPTIONS" else view(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return answer
