"""The list of the conversations that the user may see, with filters and a search that htmx refreshes while the user types."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from insights import kind_words, queries
from insights.exports.titles import shown_person, stored_person
from insights.portal.exports import FORMATS
from insights.portal.found import results_of
from insights.portal.listing import PERIODS, ListFilter, page_of
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext
from insights.portal.upload import drop_context

DONE = {
    "binned": gettext_lazy("Conversation moved to the bin."),
    "deleted": gettext_lazy("Conversation deleted."),
    "gone": gettext_lazy("That conversation was deleted or is no longer shared with you."),
}
"""What the list says about the action that led to it."""


@require_safe
@login_required
def conversations(request: HttpRequest) -> HttpResponse:
    """Show the list or the results of a search; htmx gets only that part of the page."""
    if request.headers.get("HX-Request") == "true":
        response = list_part(request, request.GET)
    else:
        user_id = user_of(request).pk
        more = {
            "any": queries.visible_to(user_id).exists(),
            "done": DONE.get(request.GET.get("done", "")),
            "kinds": kind_words.choices(),
            "periods": PERIODS,
            "formats": FORMATS.items(),
            "people": [(name, shown_person(name)) for name in queries.people_of(user_id)],
            **drop_context(),
        }
        response = render(request, "portal/conversations.html", _context(request, request.GET) | more)
    patch_vary_headers(response, ["HX-Request"])
    return response


def list_part(request: HttpRequest, query: Mapping[str, str]) -> HttpResponse:
    """Return the part of the page that htmx replaces, for the filters of a URL's query."""
    return render(request, "portal/_conversations.html", _context(request, query))


def _context(request: HttpRequest, query: Mapping[str, str]) -> TemplateContext:
    user_id, number = user_of(request).pk, query.get("page", "1")
    wanted = ListFilter.of(query)
    terms = queries.parse_search(wanted.query)
    terms.people += [stored for name in terms.people if (stored := stored_person(name)) != name]
    context: TemplateContext = {"wanted": wanted, "errors": terms.errors, "bin_days": settings.BIN_DAYS}
    if terms.wanted or wanted.person:
        results = results_of(user_id, wanted, terms, number)
        return context | {"results": results, "page": results.page, "rows": results.rows}
    page, rows = page_of(user_id, wanted, number, terms)
    return context | {"page": page, "rows": rows}
