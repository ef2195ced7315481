"""The results of a search: conversations by title and speaker, and messages with the words marked, each with a link to its sentence."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize
from uuid import UUID

from django.core.paginator import Page, Paginator

from insights import queries
from insights.exports.titles import local, shown_name, shown_speaker
from insights.models import Message
from insights.portal.listing import PER_PAGE, ListedConversation, ListFilter, owners_of, rows_of
from insights.portal.parts import message_address
from insights.portal.wording import clock, shorten
from insights.queries import SearchTerms, Term

LONGEST = 300
"""Characters that are shown of a message."""

Marked = tuple[tuple[str, bool], ...]
"""Pieces of a text, each with whether it was searched for."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found. `local_start` is the start of its conversation, in its time zone; `owner`: see `ListedConversation`."""

    href: str
    text: Marked
    who: str
    place: str
    title: str
    started_at: datetime
    local_start: datetime
    owner: str


@dataclass(frozen=True, slots=True)
class Results:
    """One page of results. `related` is on the first page only."""

    rows: list[ListedConversation]
    page: Page[UUID]
    hits: list[Hit]
    related: list[Hit]

    @property
    def count(self) -> int:
        """The number of all results with all of the words."""
        return self.page.paginator.count + len(self.rows)

    @property
    def many(self) -> bool:
        """Whether there may be more messages than are listed."""
        return self.page.paginator.count >= queries.MOST_FOUND


def results_of(user_id: int, wanted: ListFilter, terms: SearchTerms, number: str) -> Results:
    """Return a page of what the search finds; a fixed number of queries."""
    found = queries.find(user_id, terms, kind=wanted.kind, person=wanted.person, start=wanted.start, shown=wanted.shown)
    page = Paginator(found.messages, PER_PAGE).get_page(number)
    shown = list(page.object_list)
    first = page.number == 1
    related = found.related if first else []
    messages = {one.pk: one for one in queries.messages_found([*shown, *related])}
    owners = owners_of([one.conversation for one in messages.values()], user_id)
    by_id = {one.pk: one for one in queries.conversations_of(user_id).filter(pk__in=found.conversations)} if first else {}
    return Results(
        rows=rows_of([by_id[one] for one in found.conversations if one in by_id], user_id),
        page=page,
        hits=[_hit(messages[one], terms, owners) for one in shown if one in messages],
        related=[_hit(messages[one], terms, owners) for one in related if one in messages],
    )


def marked(text: str, terms: Sequence[Term]) -> Marked:
    """Split a text into pieces, each with whether it is one of the searched words; a word that begins with one is marked whole."""
    low = "".join(normalize("NFKD", char)[0].lower()[:1] or char for char in text)
    patterns = [_pattern(term) for term in terms]
    if not patterns:
        return ((text, False),)
    pieces: list[tuple[str, bool]] = []
    place = 0
    for match in re.finditer("|".join(patterns), low):
        pieces += [(text[place : match.start()], False), (text[match.start() : match.end()], True)]
        place = match.end()
    pieces.append((text[place:], False))
    return tuple(piece for piece in pieces if piece[0])


def _pattern(term: Term) -> str:
    words = r"[\W_]+".join(map(re.escape, term.tokens))
    return rf"(?<![^\W_]){words}" + (r"[^\W_]*" if term.prefix else r"(?![^\W_])")


def _hit(message: Message, terms: SearchTerms, owners: Mapping[int, str]) -> Hit:
    conversation = message.conversation
    telling = [term for term in terms.words if not term.common] or terms.words
    pieces = marked(message.text, telling)
    if telling and not any(hit for _, hit in pieces):  # found as a part of a word
        pieces = _marked_parts(message.text, telling)
    return Hit(
        href=message_address(message, dict.fromkeys(text for text, hit in pieces if hit)),
        text=_shortened(pieces),
        who=shown_speaker(message),
        place=clock(message.offset_s),
        title=shown_name(conversation, []),
        started_at=conversation.started_at,
        local_start=local(conversation.started_at, conversation.timezone_offset),
        owner=owners.get(conversation.owner_id, ""),
    )


def _marked_parts(text: str, terms: Sequence[Term]) -> Marked:
    pieces = re.split(f"({'|'.join(re.escape(term.text) for term in terms)})", text, flags=re.IGNORECASE)
    return tuple((piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece)


def _shortened(pieces: Marked) -> Marked:
    """Return the pieces around the first mark of a long message, at most LONGEST characters."""
    text = "".join(piece for piece, _ in pieces)
    if len(text) <= LONGEST:
        return pieces
    first = next((number for number, (_, hit) in enumerate(pieces) if hit), None)
    if first is None:
        return ((shorten(text, "", LONGEST), False),)
    before = "".join(piece for piece, _ in pieces[:first])
    kept: list[tuple[str, bool]] = [("…" + before[-LONGEST // 3 :] if len(before) > LONGEST // 3 else before, False)]
    left = LONGEST - len(kept[0][0])
    for piece, hit in pieces[first:]:
        kept.append((piece[:left] + ("…" if len(piece) > left else ""), hit))
        left -= len(piece)
        if left <= 0:
            break
    return tuple(piece for piece in kept if piece[0])
