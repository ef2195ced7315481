"""Figures and summaries of conversations, cached and updated with the messages that were stored since the last request.

Only the new messages are read, by number and in pieces, because a live conversation may have 20,000 messages and grows one by one.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Case, CharField, F, Func, IntegerField, QuerySet, TextField, Value, When
from django.db.models.functions import Cast

from insights.analysis import Topic
from insights.analysis.digest import Digest
from insights.analytics import Figures, Talk, TimedMessage
from insights.database import release_connection
from insights.derived import CachedValue, Derived, Sized
from insights.events import Kind
from insights.models import Conversation, Event, Message
from insights.models import Topic as TopicRow

T = TypeVar("T", bound=Sized)

PIECE = 2000
"""Messages that one query reads."""

_ADDING = (
    Kind.CONVERSATION_CREATED,
    Kind.MEMBER_JOINED,
    Kind.MESSAGES,
    Kind.INSIGHTS,
    Kind.TOPICS,
    Kind.TRACKERS,
    Kind.INSIGHT_REVIEWED,
    Kind.INSIGHT_DELETED,
    Kind.CONVERSATION_CHANGED,
    Kind.MEMBER_CHANGED,
    Kind.BOOKMARK_CHANGED,
    Kind.BOOKMARK_DELETED,
    Kind.CONVERSATION_COMPLETED,
)
"""Events that do not change older messages. Any other event makes a cached value be computed again from the first message."""

SUMMARY_MESSAGES = 5
_MOST_SPANS = 500_000
"""Time spans that are cached, of all conversations together: 16 bytes each, enough for about ten conversations of 20,000 messages."""

_MOST_DIGESTED = 20_000
"""Messages whose words are cached for summaries and decisions, of all conversations together: about 2 KB each."""

_long_reads = threading.BoundedSemaphore(2)
"""Limits how many threads read more than one piece at a time, so that many long conversations do not use all of the CPU."""

_talks = Derived(Talk, _MOST_SPANS)
_digests = Derived(Digest, _MOST_DIGESTED)


class _Length(Func):
    """SQL function: the number of items of a JSON array."""

    function = "jsonb_array_length"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL of SQLite."""
        return self.as_sql(compiler, connection, function="json_array_length", **context)


def figures_of(conversation: Conversation, total: float) -> Figures:
    """Return talk time, silence, overlap and pace of a conversation of `total` seconds, or until its last word if that is later.

    The speakers are member ids, None for unknown speakers, in the order of their first message.
    """
    with _talk(conversation) as talk:
        return talk.figures(total)


def talk_seconds(conversation: Conversation) -> dict[UUID | None, float]:
    """Return seconds of talk by member id, None for unknown speakers; members who did not talk are left out."""
    with _talk(conversation) as talk:
        return {key: seconds for key, seconds in talk.spoken_seconds().items() if key is None or isinstance(key, UUID)}


@contextmanager
def _talk(conversation: Conversation) -> Iterator[Talk]:
    with _talks.of(conversation.id, release_connection) as entry:
        members: dict[str | None, UUID | None] = {None: None}  # few, so that few texts become UUIDs
        for rows in _new_rows(_talks, entry, conversation, _spoken_rows):
            add = entry.value.add  # of the value that is there now: the first step may have replaced it
            for _, member, offset, duration, words, text in rows:
                if member not in members:
                    members[member] = UUID(member)
                add(TimedMessage(members[member], offset, offset + duration, words or len(text.split())))
        yield entry.value


def summary_of(conversation: Conversation) -> list[tuple[str, str]]:
    """Return (id, text) of at most SUMMARY_MESSAGES messages that summarise the conversation, in their order."""
    with _digest(conversation) as digest:
        topics = TopicRow.objects.filter(conversation=conversation).order_by("-score", "text").values_list("text", "score", "sentiment")
        chosen = digest.candidates.best([Topic(text, score, (), sentiment) for text, score, sentiment in topics], SUMMARY_MESSAGES)
    return _with_texts(chosen)


def decisions_of(conversation: Conversation) -> list[tuple[str, str]]:
    """Return (id, text) of the messages that say what was decided, in their order."""
    with _digest(conversation) as digest:
        chosen = list(digest.decisions)
    return _with_texts(chosen)


@contextmanager
def _digest(conversation: Conversation) -> Iterator[Digest]:
    with _digests.of(conversation.id, release_connection) as entry:
        for rows in _new_rows(_digests, entry, conversation, _text_rows):
            for _, identity, text in rows:
                entry.value.add(str(identity), text)
        yield entry.value


def _with_texts(ids: list[str]) -> list[tuple[str, str]]:
    """Return (id, text) of these messages in the given order, without deleted ones."""
    rows = Message.objects.filter(id__in=ids).values_list("id", "text")  # by conversation, SQLite would read all its messages
    by_id = {str(identity): text for identity, text in rows}
    return [(identity, by_id[identity]) for identity in ids if identity in by_id]


def _spoken_rows(messages: QuerySet[Message]) -> QuerySet[Message, tuple[Any, ...]]:
    counted = messages.annotate(said=_Length("words"))
    text = Case(When(said=0, then=F("text")), default=Value(""), output_field=TextField())
    return counted.values_list("number", Cast("speaker__member_id", CharField()), "offset_s", "duration_s", "said", text)


def _text_rows(messages: QuerySet[Message]) -> QuerySet[Message, tuple[Any, ...]]:
    return messages.values_list("number", "id", "text")


def _new_rows(
    derived: Derived[T], entry: CachedValue[T], conversation: Conversation, columns: Callable[[QuerySet[Message]], Any]
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield batches of the rows that an entry does not include yet, or all rows if older ones changed; then update the entry's numbers."""
    if entry.event >= conversation.last_event:
        return
    if entry.event >= 0 and _changed(conversation, entry.event):
        derived.reset(entry)
    known = max(entry.message, 0)
    release_connection()
    with _long_reads if conversation.message_count - known > PIECE else nullcontext():
        yield from _pieces(conversation, known, columns)
    entry.message, entry.event = conversation.message_count, conversation.last_event


def _pieces(conversation: Conversation, last: int, columns: Callable[[QuerySet[Message]], Any]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield batches of the rows after the number `last`. No database connection is held while the caller processes the rows of a piece."""
    while last < conversation.message_count:
        messages = Message.objects.filter(conversation=conversation, number__gt=last, number__lte=conversation.message_count)
        rows = list(columns(messages).order_by("number")[:PIECE])
        release_connection()
        yield rows
        if len(rows) < PIECE:
            break
        last = rows[-1][0]


def _changed(conversation: Conversation, event: int) -> bool:
    return Event.objects.filter(conversation=conversation, number__gt=event).exclude(kind__in=_ADDING).exists()
