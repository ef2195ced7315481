"""The page of one saved or live conversation: overview, timeline and transcript; and its contents alone, with which it is refreshed."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from insights import access, jobs, kind_words, managed, queries
from insights.exports.titles import local, shown_name
from insights.insight_kinds import kinds
from insights.models import AccessLevel, Conversation, Insight
from insights.portal import parts
from insights.portal.cards import Card, cards_of, found_in
from insights.portal.faces import ShownPeople, people_of
from insights.portal.notes import notes_context
from insights.portal.outline import outline_of
from insights.portal.overview import overview_of
from insights.portal.parts import part_of
from insights.portal.signed_in import user_of
from insights.portal.timeline import Timeline, TimelineMark, timeline_of
from insights.portal.transcript import headings_of, paragraphs_of
from insights.portal.transcript_html import paragraphs_html
from insights.portal.wording import clock, duration

MOST_CARDS = 500
"""Insights on one page. If a conversation has more, each part shows only the insights of its own messages."""

MANY = 200
"""Paragraphs from which on a browser lays out only those in view."""


@require_GET
@login_required
def conversation(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Show a conversation that the user may see; 404 for any other."""
    return render(request, "portal/conversation.html", _page(request, conversation_id))


@require_GET
@login_required
def contents(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Return what changes on the page while it is open, as HTML; 404 for a conversation that the user may not see."""
    return render(request, "portal/_conversation.html", _page(request, conversation_id))


def seen_conversation(request: HttpRequest, conversation_id: int) -> Conversation:
    """Return a conversation that the user may see; 404 for any other."""
    found = queries.conversation_for(user_of(request).pk, conversation_id)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, conversation_id: int) -> Mapping[str, Any]:
    one = seen_conversation(request, conversation_id)
    part = wanted_part(request, one)
    found, all_found = _insights_on(one, part)
    messages = list(queries.transcript_of(one, (part - 1) * parts.PART, part * parts.PART))
    spans = queries.speech_spans(one)
    people = people_of(one)  # read last, so that members of all rows read before are included
    user = user_of(request)
    level = access.access_of(user, one) or AccessLevel.READ
    cards = cards_of(found, one, people, part, user)
    marks = queries.bookmark_places(one)
    importing = one.ended_at is None and bool(jobs.importing_among([one.pk]))
    paragraphs = paragraphs_of(one, messages, people, found_in(cards), headings_of(one, messages))
    places = [*_places_of(one, cards), *(TimelineMark(gettext("Bookmarks"), "grey", at) for _, at in marks)]
    return {
        "conversation": one,
        "title": shown_name(one, [str(member) for member in people.members]),
        "live": one.ended_at is None,
        "importing": importing,
        "watch": "" if importing else _watch_address(one, level == AccessLevel.OWN),
        "local_start": local(one.started_at, one.timezone_offset),
        "duration": duration((one.ended_at - one.started_at).total_seconds()) if one.ended_at else "",
        "overview": overview_of(one, cards, people, part, enrols=level == AccessLevel.OWN and managed.profiles_on(user.pk)),
        "bookmarks": [(mark, clock(at), f"{at:.2f}") for mark, at in marks],
        "all_cards": all_found,
        "timeline": _timeline(one, spans, people, places),
        "transcript": paragraphs_html(paragraphs),
        "many": len(paragraphs) > MANY,
        "outline": outline_of(paragraphs, cards),
        "people": people,
        "part": part,
        "parts": _last_part(one),
        "has_audio": queries.audio_of(one).exists(),
        "bin_days": settings.BIN_DAYS,
        "kinds": kinds(),
        "reviews": access.has_role(user, access.REVIEWER),
        "owns": level == AccessLevel.OWN,
        "may_edit": level >= AccessLevel.EDIT,
        "viewed_by": access.readers_of(one) if level == AccessLevel.OWN else [],
        **notes_context(user, one),
    }


def wanted_part(request: HttpRequest, conversation: Conversation) -> int:
    """Return the part that a request wants: `?part=`, or the one with `?at=` seconds from the start; by default the first."""
    last = _last_part(conversation)
    at = request.GET.get("at", "")
    if at.isdecimal() and len(at) < 9:
        return min(part_of(max(1, queries.number_at(conversation, int(at)))), last)
    asked = request.GET.get("part", "1")
    return min(max(1, int(asked)), last) if asked.isdecimal() and len(asked) < 7 else 1


def _last_part(conversation: Conversation) -> int:
    return max(1, part_of(max(1, conversation.message_count)))


def _timeline(
    conversation: Conversation, spans: list[queries.SpeechSpan], people: ShownPeople, places: list[TimelineMark]
) -> Timeline | None:
    trackers = [TimelineMark(gettext("Trackers"), "pink", at) for _, at in queries.tracker_places(conversation)]
    return timeline_of(conversation, spans, people, [*places, *trackers])


def _places_of(conversation: Conversation, cards: list[Card]) -> list[TimelineMark]:
    return [
        TimelineMark(kind_words.plural(card.kind), card.kind.colour, card.seconds)
        for card in cards
        if card.review != Insight.Review.REJECTED
    ]


def _insights_on(conversation: Conversation, part: int) -> tuple[list[Insight], bool]:
    """Return the insights that a part shows, and whether they are all insights of the conversation."""
    found = queries.insights_of(conversation)
    some = list(found[: MOST_CARDS + 1])
    if len(some) <= MOST_CARDS:
        return some, True
    return list(found.filter(message__number__gt=(part - 1) * parts.PART, message__number__lte=part * parts.PART)), False


def _watch_address(conversation: Conversation, own: bool) -> str:
    """Return the URL path for watching a live conversation; empty for an ended one."""
    try:
        page = "" if conversation.ended_at else reverse("watch", args=[conversation.connection_id])
        return f"{page}?conversation={conversation.pk}" if page and not own else page
    except NoReverseMatch:
        return ""  # a client may choose an id that cannot be part of a path
