"""What the pages show, read from the tables and put into rows. Every function is scoped to one owner."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet

from insights import queries
from insights.models import Conversation, Insight, Member, Message
from insights.portal.wording import VOICES, duration, initials, shorten

PER_PAGE = 20
MOST_SEARCH_WORDS = 8
UNKNOWN = "Unknown speaker"


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


def local(at: datetime, offset_minutes: int) -> datetime:
    """Return the wall clock of a zone so many minutes east of UTC, for showing."""
    return at + timedelta(minutes=offset_minutes)


def words_of(query: str) -> list[str]:
    """Return the words to search for: at most eight, NUL (which PostgreSQL refuses) removed."""
    return query.replace("\x00", " ").split()[:MOST_SEARCH_WORDS]


def owned(user_id: int) -> QuerySet[Conversation]:
    """Return the conversations of one owner, newest first."""
    return queries.conversations_of(user_id)


def search(user_id: int, query: str) -> QuerySet[Conversation]:
    """Return the owner's conversations in which every word of `query` is in the title, a name, or a message."""
    found = owned(user_id)
    for word in words_of(query):
        said = Message.objects.filter(conversation=OuterRef("pk"), text__icontains=word)
        there = Member.objects.filter(conversation=OuterRef("pk"), name__icontains=word)
        found = found.filter(Q(name__icontains=word) | Exists(said) | Exists(there))
    return found


def marked(text: str, words: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """Return `text` in pieces, each with whether it is one of the words that were searched for."""
    if not words:
        return ((text, False),)
    pieces = re.split(f"({'|'.join(re.escape(word) for word in words)})", text, flags=re.IGNORECASE)
    return tuple((piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece)


def _snippets(conversations: Sequence[Conversation], words: Sequence[str]) -> dict[int, str]:
    """Return, for each conversation, the first message that has one of the words."""
    if not words:
        return {}
    any_word = Q()
    for word in words:
        any_word |= Q(text__icontains=word)
    said = Message.objects.filter(any_word, conversation__in=conversations).order_by("conversation_id", "-number")
    return dict(said.values_list("conversation_id", "text"))  # the last of each wins: the lowest number


def _row(conversation: Conversation, counts: Counter[str], members: Sequence[Member], found: tuple[tuple[str, bool], ...]) -> Row:
    faces = tuple(face(member, number) for number, member in enumerate(members))
    length = (conversation.ended_at - conversation.started_at).total_seconds() if conversation.ended_at else 0
    return Row(
        id=conversation.id,
        name=conversation.name,
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


def page_of(user_id: int, query: str, number: str) -> tuple[Page[Conversation], list[Row]]:
    """Return one page of the owner's conversations that match `query`, and its rows; a nonsense number gives a page that exists."""
    page = Paginator(search(user_id, query), PER_PAGE).get_page(number)
    conversations = list(page.object_list)
    words = words_of(query)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    kept = Insight.objects.filter(conversation__in=conversations).exclude(review="rejected")
    for conversation_id, kind in kept.values_list("conversation_id", "type"):
        counts[conversation_id][kind] += 1
    members: dict[int, list[Member]] = defaultdict(list)
    for member in Member.objects.filter(conversation__in=conversations):
        members[member.conversation_id].append(member)
    snippets = _snippets(conversations, words)
    rows = [
        _row(
            one,
            counts[one.id],
            members[one.id],
            marked(shorten(snippets[one.id], words[0]), words) if one.id in snippets else (),
        )
        for one in conversations
    ]
    return page, rows
