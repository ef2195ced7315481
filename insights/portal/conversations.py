"""The list of the user's own conversations, with filters and a search that htmx refreshes while the user types."""

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


@login_required
def _own_conversations(request: HttpRequest) -> HttpResponse:
    user_id = int(request.user.pk or 0)
    wanted = ListFilter.of(request.GET)
    page, rows = page_of(user_id, wanted, request.GET.get("page", "1"))
    choices = {"kinds": insight_kinds.choices(), "periods": PERIODS}
    context = {"page": page, "rows": rows, "wanted": wanted, **choices, "any": bool(rows) or queries.conversations_of(user_id).exists()}
    part = request.headers.get("HX-Request") == "true"
    response = render(request, "portal/_conversations.html" if part else "portal/conversations.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
