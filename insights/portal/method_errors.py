"""Middleware that shows a page where a browser opens an address that only receives forms, as after a sign-in that came between."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from insights.portal.function_middleware import response_middleware


def _with_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    empty = isinstance(response, HttpResponse) and not response.content
    if response.status_code == 405 and empty and request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return HttpResponse(render_to_string("405.html"), status=405, headers={"Allow": response.headers.get("Allow", "POST")})
    return response


page_for_wrong_method = response_middleware(_with_page)
"""Middleware for empty responses with status 405, for which a browser shows an error page of its own. Ours needs no query."""
