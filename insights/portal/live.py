"""The live page, for speaking in a conversation or only watching it. Audio and results use the WebSocket."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from insights import queries
from insights.models import Conversation
from insights.portal.listing import shown_name

LONGEST_CONNECTION_ID = 500


def possible(connection_id: str) -> bool:
    """Return whether a connection id is valid; PostgreSQL refuses NUL even in the parameter of a query."""
    return "\x00" not in connection_id and len(connection_id) <= LONGEST_CONNECTION_ID


def _latest(request: HttpRequest, connection_id: str) -> Conversation | None:
    """Return the user's own conversation with this connection id: the live one, else the last one; 404 for an invalid id."""
    if not possible(connection_id):
        raise Http404
    return queries.latest_conversation(int(request.user.pk or 0), connection_id)


def _page(request: HttpRequest, connection_id: str, latest: Conversation | None, *, watching: bool) -> HttpResponse:
    user = request.user
    name = (user.get_full_name() or user.get_username().split("@")[0]) if user.is_authenticated else ""
    live = latest is not None and latest.ended_at is None
    context = {
        "connection_id": connection_id,
        "watching": watching,
        "conversation": latest,
        "live": live,
        "title": shown_name(latest, [str(member) for member in queries.members_of(latest)]) if live and latest else "",
        "ended": latest is not None and not live,
        "speaker": name,
        "account": user.get_username(),
    }
    return render(request, "portal/live.html", context)


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Redirect to a new connection id, so that reloading the page returns to the same conversation."""
    return redirect("live", connection_id=str(uuid.uuid4()))


@login_required
@never_cache
def speak(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Show the page for speaking. With a new connection id it starts a new conversation."""
    return _page(request, connection_id, _latest(request, connection_id), watching=False)


@login_required
@never_cache
def watch(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Show the page for watching. Redirect to the saved page of an ended conversation; 404 for an unknown one."""
    latest = _latest(request, connection_id)
    if latest is None:
        raise Http404
    if latest.ended_at is not None:
        return redirect("conversation", conversation_id=latest.id)
    return _page(request, connection_id, latest, watching=True)
