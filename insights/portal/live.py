"""The live page, for speaking in a conversation or only watching it. Audio and results use the WebSocket."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from insights import access, queries, spoken_languages
from insights.access import EnteringPerson
from insights.exports.titles import shown_name
from insights.ids import id_number
from insights.models import AccessLevel, Conversation
from insights.portal.notes import notes_context
from insights.portal.signed_in import user_of

LONGEST_CONNECTION_ID = 500


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody in the live conversation of another: as whom, and with what in the query of the page's connections.

    `keeps`: whether the person sees the conversation after its end.
    """

    conversation: Conversation
    person: EnteringPerson
    query: Mapping[str, str] = field(default_factory=dict)
    watching: bool = False
    keeps: bool = True


def possible(connection_id: str) -> bool:
    """Return whether a connection id is valid; PostgreSQL refuses NUL even in the parameter of a query."""
    return "\x00" not in connection_id and len(connection_id) <= LONGEST_CONNECTION_ID


def _latest(request: HttpRequest, connection_id: str) -> Conversation | None:
    """Return the user's own conversation with this connection id: the live one, else the last one; 404 for an invalid id."""
    if not possible(connection_id):
        raise Http404
    return queries.latest_conversation(user_of(request).pk, connection_id)


def _shared(request: HttpRequest, connection_id: str) -> Conversation | None:
    """Return a live conversation with this connection id that was shared with the user: the one of `?conversation=`, else the newest."""
    found = queries.visible_to(user_of(request).pk, queries.Shown.SHARED).filter(connection_id=connection_id, ended_at=None)
    wanted = request.GET.get("conversation", "")
    if wanted:
        found = found.filter(pk=id_number(wanted))
    return found.first()


def shown_at(request: HttpRequest, connection_id: str) -> tuple[Conversation | None, Conversation | None]:
    """Return the user's own conversation with this connection id, and if there is none, a live one that was shared with the user."""
    latest = _latest(request, connection_id)
    return latest, None if latest is not None else _shared(request, connection_id)


def _page(request: HttpRequest, connection_id: str, latest: Conversation | None, *, watching: bool) -> HttpResponse:
    user = request.user
    name = (user.get_full_name() or user.get_username().split("@")[0]) if user.is_authenticated else ""
    live = latest is not None and latest.ended_at is None
    context = {
        "connection_id": connection_id,
        "watching": watching,
        "conversation": latest,
        "live": live,
        "title": title_of(latest) if live and latest else "",
        "ended": latest is not None and not live,
        "speaker": name,
        "account": user.get_username(),
        "keeps": True,
        "turn_end": longest_silence_ms(),
        "languages": spoken_languages.languages() if spoken_languages.has_others() else (),
    }
    return render(request, "portal/live.html", context | notes_context(user, latest if live else None))


def live_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the live page of another person's conversation."""
    one = visit.conversation
    context = {
        "connection_id": one.connection_id,
        "watching": visit.watching,
        "conversation": one,
        "live": True,
        "title": title_of(one),
        "ended": False,
        "speaker": visit.person.name,
        "speaker_id": visit.person.user_id,
        "visit": urlencode(visit.query),
        "keeps": visit.keeps,
        "host": access.person_of(one.owner).name,
        "turn_end": longest_silence_ms(),
    }
    return render(request, "portal/live.html", context | notes_context(request.user, one))


def title_of(conversation: Conversation) -> str:
    """Return the title of a live conversation, else the names of those in it."""
    return shown_name(conversation, [str(member) for member in queries.members_of(conversation)])


def longest_silence_ms() -> int:
    """Return the longest silence, in milliseconds, that may end a turn: the page sends so much of it, and a second more."""
    return max(settings.END_OF_TURN_MS, settings.LONGEST_PAUSE_MS) if settings.END_OF_TURN == "words" else settings.END_OF_TURN_MS


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Redirect to a new connection id, so that reloading the page returns to the same conversation."""
    return redirect("live", connection_id=str(uuid.uuid4()))


@login_required
@never_cache
def speak(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Show the page for speaking. With a new connection id it starts a new conversation; a shared live one is joined or watched."""
    latest, other = shown_at(request, connection_id)
    if other is not None:
        return _visit(request, other, watching=False)
    return _page(request, connection_id, latest, watching=False)


@login_required
@never_cache
def watch(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Show the page for watching. Redirect to the saved page of an ended conversation; 404 for an unknown one."""
    latest = _latest(request, connection_id)
    if (latest is None or "conversation" in request.GET) and (other := _shared(request, connection_id)) is not None:
        return _visit(request, other, watching=True)
    if latest is None:
        raise Http404
    if latest.ended_at is not None:
        return redirect("conversation", conversation_id=latest.id)
    return _page(request, connection_id, latest, watching=True)


def _visit(request: HttpRequest, one: Conversation, *, watching: bool) -> HttpResponse:
    """Show a shared live conversation; who may only read it watches."""
    if not isinstance(request.user, User):
        raise Http404
    only_watching = watching or not access.may(request.user, one, AccessLevel.EDIT)
    return live_page(request, Visit(one, access.person_of(request.user), {"conversation": str(one.pk)}, watching=only_watching))
