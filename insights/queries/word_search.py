"""Search over the conversations that a user may see: messages, best first, and conversations by title and member.

1. Messages with all of the words, by the word index.
2. If there are few: related messages, with some of the words or, where vectors are installed, of a similar meaning.
3. If no text has the words, and for scripts without spaces: messages that contain the words as parts of words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import reduce
from operator import and_, or_
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from insights.models import Conversation, Insight, Member, Message
from insights.queries.meaning import similar_messages
from insights.queries.search_terms import SearchTerms, Term
from insights.queries.substring_search import containing, with_texts
from insights.queries.visible import Shown, visible_to
from insights.queries.word_matches import TextMatch, Wanted, word_matches

MOST_FOUND = 200
"""Messages of a search at most."""
FEW = 10
"""With fewer messages that have all of the words, related ones are added."""
MOST_RELATED = 50
MOST_PEOPLE = 50
MOST_CONVERSATIONS = 20
_LISTED = (
    *("number", "text", "offset_s", "speaker__number"),
    *(f"speaker__member__{column}" for column in ("name", "user_id", "email")),
    *(f"conversation__{column}" for column in ("name", "started_at", "timezone_offset", "owner")),
)
"""The columns of `messages_found`: making objects of all of them takes most of the time of a search."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first. `related` messages have some of the words or a similar meaning, and are in no other list."""

    conversations: list[int] = field(default_factory=list)
    messages: list[UUID] = field(default_factory=list)
    related: list[UUID] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.conversations or self.messages or self.related)


def search_scope(user_id: int, terms: SearchTerms, start: datetime | None = None, shown: Shown = Shown.ALL) -> QuerySet[Conversation]:
    """Return the visible conversations that fit `before:`, `after:`, `title:` and a first time of the start."""
    found = visible_to(user_id, shown)
    zone = timezone.get_current_timezone()
    if terms.before is not None:
        found = found.filter(started_at__lt=datetime.combine(terms.before, time(), zone))
    if terms.after is not None:
        found = found.filter(started_at__gte=datetime.combine(terms.after, time(), zone))
    if start is not None:
        found = found.filter(started_at__gte=start)
    for title in terms.titles:
        found = found.filter(name__icontains=title)
    return found


def find(
    user_id: int, terms: SearchTerms, *, kind: str = "", person: str = "", start: datetime | None = None, shown: Shown = Shown.ALL
) -> Found:
    """Return what the search terms find. `kind` and `person` (a member's name) are further filters of messages."""
    scope = search_scope(user_id, terms, start, shown)
    chosen = _chosen(scope, terms, kind, person)
    if not terms.words:
        newest = Message.objects.none() if chosen is None else chosen.order_by("-conversation__started_at", "conversation_id", "number")
        return Found(messages=list(newest.values_list("pk", flat=True)[:MOST_FOUND]))
    ids = None if chosen is None else chosen.order_by().values("pk")
    exact = word_matches(scope, Wanted(every=terms.words, none=terms.excluded), MOST_FOUND, ids)
    if terms.unseparated or not exact:
        exact += _by_parts(scope, terms, chosen)
    messages = _messages(exact)
    related: list[UUID] = []
    if len(messages) < FEW:
        known = set(messages)
        related = [one for one in _related(scope, terms, ids) if one not in known][:MOST_RELATED]
    conversations = [match.conversation_id for match in exact if match.message_id is None]
    if ids is None and len(terms.words) > 1 and len(messages) < FEW:  # each word may be in another message, or in the title
        anywhere = with_texts(scope, [term.text for term in terms.words]).order_by("-started_at", "-id")
        conversations += anywhere.values_list("pk", flat=True)[:MOST_CONVERSATIONS]
    return Found(list(dict.fromkeys(conversations))[:MOST_CONVERSATIONS], messages, related)


def messages_found(ids: Sequence[UUID]) -> list[Message]:
    """Return messages in the order of the ids, with their conversations and members: only what a list shows of them. One query."""
    rows = Message.objects.filter(pk__in=ids).select_related("conversation", "speaker__member").only(*_LISTED)
    by_id = {row.pk: row for row in rows}
    return [by_id[one] for one in ids if one in by_id]


def people_of(user_id: int) -> list[str]:
    """Return at most MOST_PEOPLE names of the members of visible conversations, those in most conversations first."""
    members = Member.objects.filter(conversation__in=visible_to(user_id), merged_into=None).exclude(name="")
    counted = members.order_by().values("name").annotate(conversations=Count("conversation_id", distinct=True))
    return list(counted.order_by("-conversations", "name").values_list("name", flat=True)[:MOST_PEOPLE])


def _chosen(scope: QuerySet[Conversation], terms: SearchTerms, kind: str, person: str) -> QuerySet[Message] | None:
    """Return the messages that fit the filters of messages; None if there are no such filters."""
    kinds = {*terms.kinds, *([kind] if kind else [])}
    if not (kinds or terms.people or person):
        return None
    found = Message.objects.filter(conversation__in=scope)
    if kinds:
        kept = Insight.objects.filter(conversation__in=scope, type__in=kinds).exclude(review=Insight.Review.REJECTED)
        found = found.filter(pk__in=kept.order_by().values("message_id"))
    if terms.people:
        found = found.filter(reduce(or_, (Q(speaker__member__name__icontains=name) for name in terms.people)))
    if person:
        found = found.filter(speaker__member__name=person)
    return found


def _related(scope: QuerySet[Conversation], terms: SearchTerms, ids: QuerySet[Message, Any] | None) -> list[UUID]:
    """Return messages with some of the words, and those of a similar meaning, best first."""
    phrases = [term for term in terms.words if term.phrase]
    words = [term for term in terms.words if not term.phrase]
    telling = [term for term in words if not term.common] or words
    matches: list[TextMatch] = []
    if telling:
        matches = word_matches(scope, Wanted(every=phrases, some=telling, none=terms.excluded), MOST_FOUND, ids)
    if not phrases:
        best = max((match.score for match in matches), default=0.0) or 1.0
        scores = {match.message_id: match.score / best for match in matches if match.message_id is not None}
        found = similar_messages(scope, terms.question, scores, ids, MOST_RELATED)
        if found is not None:
            return _without(found, terms.excluded)
    return _messages(matches)


def _without(ids: Sequence[UUID], excluded: Sequence[Term]) -> list[UUID]:
    """Return the messages whose text has none of the excluded words; no query without such words."""
    if not excluded:
        return list(ids)
    texts = dict(Message.objects.filter(pk__in=ids).order_by().values_list("pk", "text"))
    return [one for one in ids if one in texts and not any(term.occurs_in(texts[one]) for term in excluded)]


def _by_parts(scope: QuerySet[Conversation], terms: SearchTerms, chosen: QuerySet[Message] | None) -> list[TextMatch]:
    """Return the newest messages that contain all of the words anywhere, also within a word."""
    texts = [term.text for term in terms.words]
    if any(len(text) < 3 and text.isascii() for text in texts):
        return []
    among = Message.objects.filter(conversation__in=scope) if chosen is None else chosen
    rows = among.filter(reduce(and_, (containing(text) for text in texts)))
    for term in terms.excluded:
        rows = rows.exclude(text__icontains=term.text)
    newest = rows.order_by("-conversation__started_at", "conversation_id", "number").values_list("conversation_id", "pk")
    return [TextMatch(conversation_id, message_id) for conversation_id, message_id in newest[:MOST_FOUND]]


def _messages(matches: Iterable[TextMatch]) -> list[UUID]:
    return list(dict.fromkeys(match.message_id for match in matches if match.message_id is not None))
