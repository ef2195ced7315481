"""The list of the user's own conversations, with filters and a search that htmx refreshes while the user types."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from insights import insight_kinds, queries
from insights.access import setup_is_open
from insights.portal.listing import PERIODS, ListFilter, page_of


def conversations(request: HttpRequest) -> HttpResponse:
    """Show the list; while there is no account, redirect to the page that creates the first one."""
    if not request.user.is_authenticated and setup_is_open():
        return redirect("first_account")
    return _own_conversations(request)


def list_part(request: HttpRequest, query: Mapping[str, str]) -> HttpResponse:
    """Return the part of the page that htmx replaces, for the filters of a URL's query."""
    return render(request, "portal/_conversations.html", _context(request, query))


@login_required
def _own_conversations(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        response = list_part(request, request.GET)
    else:
        user_id = int(request.user.pk or 0)
        context = _context(request, request.GET)
        any_left = bool(context["rows"]) or queries.conversations_of(user_id).exists()
        choices = {"kinds": insight_kinds.choices(), "periods": PERIODS}
        more = {
            "any": any_left,
            "binned": any_left or queries.binned_conversations(user_id).exists(),
            "done": request.GET.get("done") == "binned",
            **choices,
        }
        response = render(request, "portal/conversations.html", context | more)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _context(request: HttpRequest, query: Mapping[str, str]) -> dict[str, Any]:
    wanted = ListFilter.of(query)
    page, rows = page_of(int(request.user.pk or 0), wanted, query.get("page", "1"))
    return {"page": page, "rows": rows, "wanted": wanted, "bin_days": settings.BIN_DAYS}
