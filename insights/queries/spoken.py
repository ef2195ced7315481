"""What was said in a conversation, as plain rows in batches: cheaper than model objects for lists and transcripts of any length."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.db.models import CharField, Exists, IntegerField, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from insights.analysis.personal_data import CUSTOM
from insights.models import Conversation, Entity, Insight, Member, Message, Speaker
from insights.queries.plain_rows import dashed, plain_rows
from insights.snapshots import Payload

BATCH = 300
"""Rows of a batch: about 10 ms of work."""
BATCH_WITH_WORDS = 50
BRIEF_BATCH = 2400
TEXT_BATCH = 5000
"""PostgreSQL may read the whole table for each batch if one conversation is most of it, so fewer batches cost less."""

Rows: TypeAlias = QuerySet[Message, tuple[Any, ...]]
"""A query whose rows are tuples of columns of messages."""


class Spoken(NamedTuple):
    """One message with the number of its speaker, its language if it is not that of the conversation, and its translation.

    `overlap`: another person of the same audio speaks at the same time. `phrases` and `words` are empty unless requested.
    """

    id: str
    number: int
    text: str
    started_at: datetime
    ended_at: datetime
    offset_s: float
    duration_s: float
    sentiment: float
    speaker: int
    language: str = ""
    translation: str = ""
    overlap: bool = False
    phrases: Sequence[str] = ()
    words: Sequence[Payload] = ()


_FIELDS = (
    "number",
    "text",
    "started_at",
    "ended_at",
    "offset_s",
    "duration_s",
    "sentiment",
    "speaker__number",
    "language",
    "translation",
    "overlap",
)
_JSON_FIELDS = ("phrases", "words")
"""They are read only if they are wanted, because decoding them takes as long as all the rest."""


def spoken_in(
    conversation: Conversation,
    *,
    phrases: bool = False,
    words: bool = False,
    after: int = 0,
    most: int | None = None,
) -> Iterator[list[Spoken]]:
    """Yield batches of messages in order, after the number `after`, at most `most`. One or two queries a batch.

    A message that is stored while the batches are read is included.
    """
    size = BATCH_WITH_WORDS if words else BATCH
    wanted_fields = [field for field, wanted in zip(_JSON_FIELDS, (phrases, words), strict=True) if wanted]
    rows = Message.objects.filter(conversation=conversation).order_by("number")
    columns = rows.values_list(Cast("id", CharField()), *_FIELDS, *wanted_fields)
    while most is None or most > 0:
        wanted = size if most is None else min(size, most)
        found = _next_numbers(columns, after, wanted, conversation.message_count)
        batch = [Spoken(dashed(row[0]), *row[1:12], **dict(zip(wanted_fields, row[12:], strict=True))) for row in found]
        if batch:
            yield batch
        if len(batch) < wanted:
            return
        after, most = batch[-1].number, None if most is None else most - len(batch)


def _next_numbers(
    rows: Rows, after: int, most: int, last: int, read: Callable[[Rows], list[tuple[Any, ...]]] = list
) -> list[tuple[Any, ...]]:
    """Return the next rows after the number `after`, in order, at most `most`; `last`: the highest number, as far as known.

    `read` returns the rows of a query.

    The range of numbers has both bounds, because PostgreSQL without statistics of the table reads and sorts a whole open range for a few
    rows. Deleted messages leave gaps: what is lacking then comes from a second query.
    """
    found = read(rows.filter(number__gt=after, number__lte=after + most))
    if len(found) == most or after + most >= last:
        return found
    return found + read(rows.filter(number__gt=after + most)[: most - len(found)])


def message_rows(conversation: Conversation) -> QuerySet[Message]:
    """Return the messages of a conversation, in no order, for `item_after`."""
    return Message.objects.filter(conversation=conversation)


def spoken_with_ids(conversation: Conversation, ids: Collection[UUID]) -> list[Spoken]:
    """Return the messages of a conversation with these ids, in order, without phrases and words."""
    rows = Message.objects.filter(conversation=conversation, id__in=ids).order_by("number")
    return [Spoken(dashed(row[0]), *row[1:]) for row in rows.values_list(Cast("id", CharField()), *_FIELDS)]


def masked_messages(conversation: Conversation) -> list[Spoken]:
    """Return the messages that may have a mask in place of words, in order, with their words. One query."""
    recorded = Exists(Entity.objects.filter(message_id=OuterRef("id"), value={}))
    typed = reduce(or_, (Q(text__contains=sign) for sign in ("***", "[", "<", "{")))
    rows = Message.objects.filter(recorded | typed, conversation=conversation).order_by("number")
    return [
        Spoken(dashed(row[0]), *row[1:12], **{"words": row[12]}) for row in rows.values_list(Cast("id", CharField()), *_FIELDS, "words")
    ]


TextRow = tuple[str, int, str]
"""The key of a speaker in `speaker_names`, the number of a message, and its text."""

BriefRow = tuple[str, int, str, float, float, int]
"""As TextRow; besides, offset and duration in seconds, and 1 if another person of the same audio speaks at the same time, else 0."""


def texts_in(conversation: Conversation) -> Iterator[list[TextRow]]:
    """Yield batches of all messages in order, only with speaker, number and text."""
    return _plain_batches(conversation, TEXT_BATCH, "text")


def said_briefly(conversation: Conversation) -> Iterator[list[BriefRow]]:
    """Yield batches of all messages in order, with their times."""
    overlap = Cast("overlap", IntegerField())  # SQLite's driver converts each value of a boolean column
    return _plain_batches(conversation, BRIEF_BATCH, "text", "offset_s", "duration_s", overlap)


def _plain_batches(conversation: Conversation, size: int, *columns: str | Cast) -> Iterator[list[tuple[Any, ...]]]:
    """Yield batches of `size` messages in order: speaker, number, and these columns, which the driver returns without conversion.

    One or two queries a batch, without a join, which takes as long as reading the messages on PostgreSQL.
    """
    messages = Message.objects.filter(conversation=conversation).order_by("number")
    rows, after = messages.values_list(Cast("speaker_id", CharField()), "number", *columns), 0
    while batch := _next_numbers(rows, after, size, conversation.message_count, plain_rows):
        yield batch
        after = batch[-1][1]
        if len(batch) < size:
            return


def speaker_names(conversation: Conversation) -> dict[str, str]:
    """Return the name to show for each speaker of a conversation, by the key that `texts_in` and `said_briefly` yield."""
    speakers = Speaker.objects.filter(conversation=conversation).select_related("member")
    return {speaker.key: str(speaker) for speaker in speakers.annotate(key=Cast("id", CharField()))}


def members_by_speaker(conversation: Conversation) -> dict[int, Member]:
    """Return the member of each speaker by the speaker's number, without unknown ones."""
    speakers = Speaker.objects.filter(conversation=conversation, member__isnull=False).select_related("member")
    return {speaker.number: speaker.member for speaker in speakers if speaker.member is not None}


def custom_spans(messages: Collection[Spoken]) -> dict[str, list[tuple[int, int]]]:
    """Return the start and end offsets of the custom entities of each message that has any."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    rows = Entity.objects.filter(message_id__in=[message.id for message in messages], type=CUSTOM).order_by()
    for message_id, offset, text in rows.values_list("message_id", "offset", "text"):
        found[str(message_id)].append((offset, offset + len(text)))
    return found


def insight_phrases(messages: Collection[Spoken]) -> dict[str, list[str]]:
    """Return the action phrases of the insights of each message that has any, without those of rejected insights."""
    found: dict[str, list[str]] = defaultdict(list)
    rows = Insight.objects.filter(message_id__in=[message.id for message in messages]).exclude(action_phrase="")
    for message_id, phrase in rows.exclude(review=Insight.Review.REJECTED).order_by().values_list("message_id", "action_phrase"):
        found[str(message_id)].append(phrase)
    return found


MOST_BEFORE = 2
"""Messages before another one that are read as its context."""
PAUSE_S = 2.0
"""Seconds between two messages of one speaker that end a stretch of speech."""


def said_just_before(messages: Sequence[Message]) -> dict[UUID, list[tuple[UUID, str]]]:
    """Return (id, text) of up to MOST_BEFORE messages that the speaker of each message said right before it, in order. One query.

    The messages are of one conversation; those without such a context are left out.
    """
    wanted = {message.number - step for message in messages for step in range(1, MOST_BEFORE + 1)}
    if not wanted:
        return {}
    rows = Message.objects.filter(conversation_id=messages[0].conversation_id, number__in=wanted).order_by()
    columns = rows.values_list("number", "id", "text", "speaker_id", "started_at", "ended_at")
    by_number = {row[0]: _Before(*row[1:]) for row in columns}
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for message in messages:
        started_at, said = message.started_at, []
        for number in range(message.number - 1, message.number - 1 - MOST_BEFORE, -1):
            before = by_number.get(number)
            if before is None or before.speaker_id != message.speaker_id or (started_at - before.ended_at).total_seconds() > PAUSE_S:
                break
            said.append((before.id, before.text))
            started_at = before.started_at
        if said:
            found[message.id] = said[::-1]
    return found


class _Before(NamedTuple):
    """A message that may be the context of a later one."""

    id: UUID
    text: str
    speaker_id: UUID
    started_at: datetime
    ended_at: datetime
