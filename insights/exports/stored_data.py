"""All stored data of conversations as one JSON document, generated in pieces, so that memory use does not grow with its length."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from insights import queries
from insights.json_text import Form, array_of, nested
from insights.models import Conversation, Insight, Message, Note, Topic
from insights.payloads import conversation_json, iso, member_json, message_json, reviewed_insight_json, topic_json
from insights.tracker_json import tracker_pieces


def _ignore(messages: int) -> None:
    """Count nothing."""


def as_json(conversations: Iterable[Conversation], seen: Callable[[int], None] = _ignore, notes: Sequence[Note] = ()) -> Iterator[str]:
    """Yield the text of {"conversations": [...]}, each with all stored data: members, messages, insights, topics and trackers, with
    corrections and reviews. No query is open between two pieces, except one that `conversations` itself keeps open.

    `seen` is called with the number of messages of each batch. `notes`: private notes of the person who gets the document.
    """
    yield '{"conversations": ['
    for place, conversation in enumerate(conversations):
        yield ",\n" if place else "\n"
        yield from _conversation(conversation, seen, [one for one in notes if one.conversation_id == conversation.pk])
    yield "\n]}\n"


def _conversation(conversation: Conversation, seen: Callable[[int], None], notes: Sequence[Note]) -> Iterator[str]:
    yield _text(_head(conversation))[:-1]
    members = queries.in_batches(queries.members_of(conversation), "joined_at", "id")
    yield from array_of(members, member_json, ', "members": [', dumps=_text)
    messages = queries.in_batches(queries.messages_of(conversation), "number")
    yield from array_of(_counted(messages, seen), _message, ', "messages": [', dumps=_text)
    insights = queries.in_batches(queries.insights_of(conversation), *queries.INSIGHT_ORDER)
    yield from array_of(insights, _insight, ', "insights": [', dumps=_text)
    topics = queries.topics_in_batches(queries.topics_of(conversation).prefetch_related(None), None, None)
    parts = (part for batch in topics for part in queries.references_in_batches(batch))
    yield from nested(parts, _topic, "messageIds", str, ', "topics": [', dumps=_text)
    if notes:
        yield f', "notes": {_text([note_json(one) for one in notes])}'
    yield from tracker_pieces(conversation, ', "trackers": [', "]}")


def _counted(batches: Iterable[list[Message]], seen: Callable[[int], None]) -> Iterator[list[Message]]:
    for batch in batches:
        seen(len(batch))
        yield batch


def _text(form: Any) -> str:
    return json.dumps(form, ensure_ascii=False)


def _head(conversation: Conversation) -> Form:
    return {
        **conversation_json(conversation),
        "endedAt": iso(conversation.ended_at) if conversation.ended_at else None,
        "owner": conversation.owner.get_username(),
        "type": conversation.type,
        "language": conversation.language,
        "timezoneOffset": conversation.timezone_offset,
        "metadata": conversation.metadata,
    }


def _message(row: Message) -> Form:
    corrector = row.corrected_by.get_username() if row.corrected_by else None
    corrected = {"correctedBy": corrector, "correctedAt": iso(row.corrected_at) if row.corrected_at else None}
    return {**message_json(row, row.entities.all()), "phrases": row.phrases, **corrected}


def _insight(row: Insight) -> Form:
    return {**reviewed_insight_json(row), "reviewedBy": row.reviewed_by.get_username() if row.reviewed_by else None}


def note_json(row: Note) -> Form:
    """Return a note as the files of its author have it."""
    return {"id": str(row.id), "text": row.text, "beginTimeOffset": row.at_s, "createdAt": iso(row.created_at)}


def _topic(row: Topic) -> Form:
    form = topic_json(row, ())
    del form["messageIds"]
    return form
