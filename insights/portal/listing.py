"""What the list of conversations shows, put into rows; also badges and wall clocks, for all pages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.utils import timezone

from insights import queries
from insights.models import Conversation, Member, Message
from insights.portal.wording import LABELS, TURN_S, VOICES, duration, initials, shorten

PER_PAGE = 20
UNKNOWN = "Unknown speaker"
PERIODS = {"1": "Past 24 hours", "7": "Past 7 days", "30": "Past 30 days", "365": "Past year"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for: words, a type of insight, and how many days ago at most; an empty one asks for everything."""

    query: str = ""
    kind: str = ""
    days: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        """Return what the query of an address asks for; what makes no sense counts as not asked."""
        kind, days = asked.get("kind", ""), asked.get("days", "")
        return cls(asked.get("q", "").strip()[:200], kind if kind in LABELS else "", days if days in PERIODS else "")

    @property
    def address(self) -> str:
        """Return it as the beginning of a query: empty, or with `&` at its end."""
        asked = {"q": self.query, "kind": self.kind, "days": self.days}
        return "".join(f"{urlencode({name: value})}&" for name, value in asked.items() if value)


@dataclass(frozen=True, slots=True)
class Face:
    """A member's badge: name, initials, and the number of the colour (from 0, in the order of joining)."""

    name: str
    initials: str
    voice: int


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in the list; `local_start` is in the conversation's own time zone."""

    id: int
    name: str
    started_at: datetime
    local_start: datetime
    live: bool
    connection_id: str
    duration: str
    messages: int
    faces: tuple[Face, ...]
    more_faces: int
    names: str
    counts: dict[str, int] = field(default_factory=dict)
    found: tuple[tuple[str, bool], ...] = ()


def face(member: Member | None, index: int) -> Face:
    """Return the badge of the member who joined as number `index` (from 0)."""
    name = (str(member) if member else "") or UNKNOWN
    return Face(name, initials(name if member else ""), index % VOICES)


def begins_turn(first: Message, message: Message) -> bool:
    """Say whether a message begins a new turn after one whose first message is given: of somebody else, or after a minute."""
    return message.member_id != first.member_id or message.offset_s - first.offset_s >= TURN_S


def local(at: datetime, offset_minutes: int) -> datetime:
    """Return the wall clock of a zone so many minutes east of UTC, for showing."""
    return at + timedelta(minutes=offset_minutes)


def shown_name(conversation: Conversation, names: Sequence[str]) -> str:
    """Return the title; where the client gave none (it is the id then), who took part."""
    if conversation.name and conversation.name != str(conversation.pk):
        return conversation.name
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0] if names else "Untitled conversation"


def marked(text: str, words: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """Return `text` in pieces, each with whether it is one of the words that were searched for."""
    if not words:
        return ((text, False),)
    pieces = re.split(f"({'|'.join(re.escape(word) for word in words)})", text, flags=re.IGNORECASE)
    return tuple((piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece)


def _row(conversation: Conversation, counts: Mapping[str, int], found: tuple[tuple[str, bool], ...]) -> Row:
    faces = tuple(face(member, number) for number, member in enumerate(conversation.members.all()))  # fetched with the conversation
    length = (conversation.ended_at - conversation.started_at).total_seconds() if conversation.ended_at else 0
    return Row(
        id=conversation.id,
        name=shown_name(conversation, [one.name for one in faces]),
        started_at=conversation.started_at,
        local_start=local(conversation.started_at, conversation.timezone_offset),
        live=conversation.ended_at is None,
        connection_id=conversation.connection_id,
        duration=duration(length),
        messages=conversation.message_count,
        faces=faces[:4],
        more_faces=max(0, len(faces) - 4),
        names=", ".join(one.name for one in faces),
        counts=dict(counts),
        found=found,
    )


def page_of(user_id: int, wanted: Wanted, number: str) -> tuple[Page[Conversation], list[Row]]:
    """Return one page of the owner's conversations that are wanted, and its rows; a nonsense number gives a page that exists."""
    start = timezone.now() - timedelta(days=int(wanted.days)) if wanted.days else None
    found = queries.conversations_of(user_id, search=wanted.query, holding=wanted.kind, start=start)
    page = Paginator(found, PER_PAGE).get_page(number)
    conversations, words = list(page.object_list), queries.search_words(wanted.query)
    counts, hits = queries.insight_counts(conversations), queries.first_hits(conversations, words)
    rows = [
        _row(one, counts.get(one.id, {}), marked(shorten(hits[one.id], words[0]), words) if one.id in hits else ()) for one in conversations
    ]
    return page, rows
