"""Lets pages of other origins call the API. Only tokens work from there: the portal's cookie is `SameSite=Lax`, and the
answers never allow credentials.
"""

from collections.abc import Callable, Iterable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

_PUBLIC = ("v1/", "oauth2/")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, X-API-Key, Content-Type",
    "Access-Control-Max-Age": "600",
}


def open_to_pages(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Return the routes, those of the API itself open to every origin; the docs and the schema stay as they are."""
    opened = []
    for pattern in patterns:
        if str(pattern.pattern).startswith(_PUBLIC):
            pattern.callback = _opened(pattern.callback)
        opened.append(pattern)
    return opened


def _opened(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = HttpResponse(status=204, headers=_PREFLIGHT) if request.method == "OPTIONS" else view(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return answer
