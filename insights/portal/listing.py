"""The rows of the list of conversations; also member badges, titles and local times for all pages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.utils import timezone

from insights import queries
from insights.insight_kinds import InsightKind, is_registered, kind_of, kinds
from insights.models import Conversation, Member, Message
from insights.portal.parts import message_link
from insights.portal.wording import VOICES, duration, initials, shorten

PER_PAGE = 20
UNKNOWN = "Unknown speaker"
PERIODS = {"1": "Past 24 hours", "7": "Past 7 days", "30": "Past 30 days", "365": "Past year"}


@dataclass(frozen=True, slots=True)
class ListFilter:
    """The filters of the list: search words, a kind of insight, and a maximum age in days. Empty: no filter."""

    query: str = ""
    kind: str = ""
    days: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Return the filters of a URL's query; invalid values are ignored."""
        kind, days = query.get("kind", ""), query.get("days", "")
        return cls(query.get("q", "").strip()[:200], kind if is_registered(kind) else "", days if days in PERIODS else "")

    @property
    def address(self) -> str:
        """The filters as the start of a URL query: empty, or ending with `&`."""
        values = {"q": self.query, "kind": self.kind, "days": self.days}
        return "".join(f"{urlencode({name: value})}&" for name, value in values.items() if value)


@dataclass(frozen=True, slots=True)
class Face:
    """A member's badge: name, initials and colour number (from 0, in the order of joining)."""

    name: str
    initials: str
    voice: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many insights of a kind a conversation has; `noun` is the word behind the number."""

    kind: InsightKind
    number: int
    noun: str


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in the list. `local_start` is in the conversation's time zone."""

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
    counts: tuple[Count, ...] = ()
    found: tuple[tuple[str, bool], ...] = ()
    found_at: str = ""
    """The link from the conversation's page to the message that was found; empty without one."""


def face(member: Member | None, index: int) -> Face:
    """Return the badge of the member at place `index` (from 0) in the order of joining."""
    name = (str(member) if member else "") or UNKNOWN
    return Face(name, initials(name if member else ""), index % VOICES)


def local(at: datetime, offset_minutes: int) -> datetime:
    """Return a time shifted to a zone `offset_minutes` east of UTC, for display only."""
    return at + timedelta(minutes=offset_minutes)


def shown_name(conversation: Conversation, names: Sequence[str]) -> str:
    """Return the title; if the client sent none (then it is the id), the names of the members."""
    if conversation.name and conversation.name != str(conversation.pk):
        return conversation.name
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0] if names else "Untitled conversation"


def marked(text: str, words: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """Split `text` into pieces, each with whether it is one of the searched words."""
    if not words:
        return ((text, False),)
    pieces = re.split(f"({'|'.join(re.escape(word) for word in words)})", text, flags=re.IGNORECASE)
    return tuple((piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece)


def counts_of(numbers: Mapping[str, int]) -> tuple[Count, ...]:
    """Return the counts by kind, in the order of the registry, then those of kinds that are not registered any more."""
    names = list(dict.fromkeys([*(kind.name for kind in kinds()), *sorted(numbers)]))
    return tuple(Count(kind_of(name), numbers[name], kind_of(name).noun(numbers[name])) for name in names if numbers.get(name))


def _present(conversation: Conversation) -> list[Member]:
    """Return the members, which were prefetched, without those that were merged with another."""
    return [member for member in conversation.members.all() if member.merged_into_id is None]


def _row(conversation: Conversation, counts: Mapping[str, int], found: tuple[tuple[str, bool], ...], found_at: str) -> Row:
    faces = tuple(face(member, number) for number, member in enumerate(_present(conversation)))
    length = (conversation.ended_at - conversation.started_at).total_seconds() if conversation.ended_at else 0
    return Row(
        id=conversation.id,
        name=shown_name(conversation, [one.name for one in faces]),
        started_at=conversation.started_at,
        local_start=local(conversation.started_at, conversation.timezone_offset),
        live=conversation.ended_at is None,
        connection_id=conversation.connection_id,
        duration=duration(length),
        messages=conversation.messages_left,
        faces=faces[:4],
        more_faces=max(0, len(faces) - 4),
        names=", ".join(one.name for one in faces),
        counts=counts_of(counts),
        found=found,
        found_at=found_at,
    )


def _quoted(message: Message, words: Sequence[str]) -> tuple[tuple[tuple[str, bool], ...], str]:
    """Return the message that was found, marked, and the link to it from the first part of its conversation's page."""
    return marked(shorten(message.text, words[0]), words), message_link(message, 1)


def page_of(user_id: int, wanted: ListFilter, number: str) -> tuple[Page[Conversation], list[Row]]:
    """Return one page of the owner's filtered conversations and its rows; an invalid number gives the first or the last page."""
    start = timezone.now() - timedelta(days=int(wanted.days)) if wanted.days else None
    found = queries.conversations_of(user_id, search=wanted.query, holding=wanted.kind, start=start)
    page = Paginator(found, PER_PAGE).get_page(number)
    conversations, words = list(page.object_list), queries.search_words(wanted.query)
    counts, hits = queries.insight_counts(conversations), queries.first_hits(conversations, words)
    rows = [_row(one, counts.get(one.id, {}), *_quoted(hits[one.id], words) if one.id in hits else ((), "")) for one in conversations]
    return page, rows
