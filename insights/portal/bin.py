"""The bin: conversations that were deleted on a page, which can be restored for BIN_DAYS days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from insights import access, queries, recorder
from insights.exports.titles import local, shown_name
from insights.models import AccessLevel, Conversation
from insights.portal.conversations import list_part
from insights.portal.listing import PER_PAGE
from insights.portal.signed_in import user_of

DONE = {"restored": gettext_lazy("Conversation restored."), "deleted": gettext_lazy("Conversation deleted.")}


@dataclass(frozen=True, slots=True)
class BinRow:
    """One conversation in the bin."""

    id: int
    name: str
    started_at: datetime
    local_start: datetime
    messages: int
    days_left: int

    @classmethod
    def of(cls, one: Conversation, now: datetime) -> "BinRow":
        """Return the row of a conversation, whose members are loaded."""
        left = (one.deleted_at or now) + timedelta(days=settings.BIN_DAYS) - now
        name = shown_name(one, [str(member) for member in one.members.all()])
        return cls(one.id, name, one.started_at, local(one.started_at, one.timezone_offset), one.messages_left, max(0, left.days + 1))


@require_GET
@login_required
@never_cache
def bin_page(request: HttpRequest) -> HttpResponse:
    """Show the bin, with a confirmation of the last action."""
    page = Paginator(queries.binned_conversations(user_of(request).pk), PER_PAGE).get_page(request.GET.get("page", "1"))
    rows = [BinRow.of(one, timezone.now()) for one in page.object_list]
    context = {"page": page, "rows": rows, "days": settings.BIN_DAYS, "done": DONE.get(request.GET.get("done", ""))}
    return render(request, "portal/bin.html", context)


@require_POST
@login_required
def move_to_bin(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Move one of the user's own conversations to the bin; htmx gets the list without it. 404 for any other."""
    one = queries.conversation_for(user_of(request).pk, conversation_id)
    if one is None or not access.may(request.user, one, AccessLevel.OWN):
        raise Http404
    _carry_out(recorder.bin_conversation, conversation_id, request)
    if request.headers.get("HX-Request") != "true":
        return redirect("/conversations/?done=binned")
    shown = request.headers.get("HX-Current-URL", "").partition("?")[2]
    return list_part(request, QueryDict(shown))


@require_POST
@login_required
def restore(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Restore a conversation from the user's bin; 404 for any other."""
    _require_in_bin(request, conversation_id)
    _carry_out(recorder.restore_conversation, conversation_id, request)
    return redirect("/bin/?done=restored")


@require_POST
@login_required
def delete_for_good(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Delete a conversation in the user's bin for good; 404 for any other."""
    _require_in_bin(request, conversation_id)
    _carry_out(recorder.delete_conversation, conversation_id, request)
    return redirect("/bin/?done=deleted")


def _require_in_bin(request: HttpRequest, conversation_id: int) -> None:
    if queries.binned_conversation(user_of(request).pk, conversation_id) is None:
        raise Http404


def _carry_out(change: Callable[[int, int], None], conversation_id: int, request: HttpRequest) -> None:
    try:
        change(conversation_id, user_of(request).pk)
    except recorder.UnknownConversation:  # another request was faster
        raise Http404 from None
