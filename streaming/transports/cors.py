"""CORS: pages of any origin may use the routes of streams with a token.

The portal's cookie does not work from other origins (decision 57), and responses never allow credentials, so that a page of another origin
reads no response to a request with a cookie.
"""

from collections.abc import Sequence

from django.http import HttpResponse
from django.http.response import HttpResponseBase

HEADERS = "Authorization, X-API-Key, Content-Type, Last-Event-ID"


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
