"""The page of one saved or live conversation: transcript, insights, topics and talk time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from insights import access, queries
from insights.insight_kinds import InsightKind, kind_of
from insights.models import Conversation, Insight, Message
from insights.portal import parts
from insights.portal.listing import Face, begins_turn, face, local, shown_name
from insights.portal.parts import message_link, part_of
from insights.portal.wording import clock, duration

MOST_TOPICS = 12
MOST_CARDS = 500
"""Insights on one page. If a conversation has more, each part shows only the insights of its own messages."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message in a turn. `kind` is that of its first insight; None without one."""

    id: UUID
    text: str
    kind: InsightKind | None
    corrected: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """Consecutive messages of one member, within TURN_S seconds. `place` is the time of the first one from the start, such as `0:42`."""

    face: Face
    place: str
    offset: float
    started_at: datetime
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Card:
    """One insight with a link to its message."""

    kind: InsightKind
    text: str
    who: str
    place: str
    assignee: str
    due: datetime | None
    percent: int
    href: str
    review: str


@dataclass(frozen=True, slots=True)
class Share:
    """A member's talk time as a text, and in percent of all talk time."""

    face: Face
    time: str
    percent: int


def turns_of(messages: list[Message], faces: dict[UUID | None, Face], kinds: dict[UUID, InsightKind]) -> list[Turn]:
    """Group messages into turns of one member each."""
    turns: list[Turn] = []
    first: Message | None = None
    for one in messages:
        if first is None or begins_turn(first, one):
            first = one
            turns.append(Turn(faces[one.member_id], clock(one.offset_s), one.offset_s, one.started_at))
        turns[-1].lines.append(Line(one.id, one.text, kinds.get(one.id), one.corrected_at is not None))
    return turns


def cards_of(found: Sequence[Insight], conversation: Conversation, faces: dict[UUID | None, Face], part: int) -> list[Card]:
    """Return the cards of the insights, in the same order."""
    return [
        Card(
            kind=kind_of(one.type),
            text=one.text,
            who=faces[one.message.member_id].name,
            place=clock(one.message.offset_s),
            assignee=str(one.assignee) if one.assignee else one.assignee_name,
            due=local(one.due_at, conversation.timezone_offset) if one.due_at else None,
            percent=round(one.confidence * 100),
            href=message_link(one.message, part),
            review=one.review,
        )
        for one in found
    ]


def shares_of(talked: dict[UUID | None, float], faces: dict[UUID | None, Face]) -> list[Share]:
    """Return the talk time of every member, longest first; members who did not talk have 0."""
    silent: dict[UUID | None, float] = {key: 0.0 for key in faces if key}
    seconds = silent | talked
    total = sum(seconds.values()) or 1
    ranked = sorted(seconds.items(), key=lambda item: -item[1])
    return [Share(faces[key], duration(value), round(100 * value / total)) for key, value in ranked]


def _insights_on(conversation: Conversation, part: int) -> tuple[list[Insight], bool]:
    """Return the insights that a part shows, and whether they are all insights of the conversation."""
    found = queries.insights_of(conversation)
    some = list(found[: MOST_CARDS + 1])
    if len(some) <= MOST_CARDS:
        return some, True
    return list(found.filter(message__number__gt=(part - 1) * parts.PART, message__number__lte=part * parts.PART)), False


def topics_of(conversation: Conversation, part: int) -> list[tuple[str, str]]:
    """Return the strongest topics, each with a link to its first message."""
    leading = queries.leading_topics(conversation, MOST_TOPICS)
    return [(text, message_link(message, part) if message is not None else "") for text, message in leading]


def faces_of(conversation: Conversation) -> dict[UUID | None, Face]:
    """Return the badge of each member, and that of unknown speakers under None."""
    faces: dict[UUID | None, Face] = {member.id: face(member, number) for number, member in enumerate(queries.members_of(conversation))}
    faces[None] = face(None, len(faces))
    return faces


def _watch_address(conversation: Conversation) -> str:
    """Return the URL path for watching a live conversation; empty for an ended one."""
    try:
        return "" if conversation.ended_at else reverse("watch", args=[conversation.connection_id])
    except NoReverseMatch:
        return ""  # a client may choose an id that cannot be part of a path


@login_required
def conversation(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Show one of the user's own conversations; 404 for any other."""
    one = queries.conversation_for(int(request.user.pk or 0), conversation_id)
    if one is None:
        raise Http404
    last_part = max(1, part_of(max(1, one.message_count)))
    asked = request.GET.get("part", "1")
    part = min(max(1, int(asked)), last_part) if asked.isdecimal() and len(asked) < 7 else 1
    found, all_found = _insights_on(one, part)
    messages = list(queries.transcript_of(one, (part - 1) * parts.PART, part * parts.PART))
    talked = queries.talk_seconds(one)
    faces = faces_of(one)  # read last, so that members of all rows read before are included
    kept = [insight for insight in found if insight.review != Insight.Review.REJECTED]
    kinds = {insight.message_id: kind_of(insight.type) for insight in reversed(kept)}  # the first insight of a message wins
    context = {
        "conversation": one,
        "title": shown_name(one, [share.name for key, share in faces.items() if key]),
        "live": one.ended_at is None,
        "watch": _watch_address(one),
        "local_start": local(one.started_at, one.timezone_offset),
        "duration": duration((one.ended_at - one.started_at).total_seconds()) if one.ended_at else "",
        "turns": turns_of(messages, faces, kinds),
        "cards": cards_of(found, one, faces, part),
        "insight_count": len(kept),
        "all_cards": all_found,
        "topics": topics_of(one, part),
        "shares": shares_of(talked, faces),
        "part": part,
        "parts": last_part,
        "has_audio": queries.audio_of(one).exists(),
        "bin_days": settings.BIN_DAYS,
        "reviews": access.has_role(request.user, access.REVIEWER),
        "viewed_by": access.readers_of(one),
    }
    return render(request, "portal/conversation.html", context)
