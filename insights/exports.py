"""A selection of conversations as one JSON document, made and sent piece by piece: however long they are, little is in memory."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from insights import queries
from insights.models import Conversation, Insight, Message
from insights.payloads import Json, conversation_json, iso, member_json, message_json, reviewed_insight_json, topic_json, trackers_json

_CHUNK = 200


def answer(request: HttpRequest, pieces: Iterator[str], content_type: str, name: str) -> StreamingHttpResponse:
    """Answer a file of this name, sent while its pieces are made."""
    content: Any = _in_threads(pieces) if isinstance(request, ASGIRequest) else pieces  # Django would gather a plain iterator first
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type=content_type, headers=disposition)


async def _in_threads(pieces: Iterator[str]) -> AsyncIterator[str]:
    """Yield the pieces, each made in a thread, so that the event loop never waits for the database."""
    following = sync_to_async(lambda: next(pieces, None))
    while (piece := await following()) is not None:
        yield piece


def as_json(conversations: Iterable[Conversation]) -> Iterator[str]:
    """Yield the text of {"conversations": [...]}, each with everything that is kept of it: members, messages, insights,
    topics and trackers, with corrections and reviews.
    """
    yield '{"conversations": ['
    for place, conversation in enumerate(conversations):
        yield ",\n" if place else "\n"
        yield from _conversation(conversation)
    yield "\n]}\n"


def _conversation(conversation: Conversation) -> Iterator[str]:
    yield json.dumps(_head(conversation), ensure_ascii=False)[:-1]
    yield from _list("messages", (_message(row) for row in queries.messages_of(conversation).iterator(_CHUNK)))
    yield from _list("insights", (_insight(row) for row in queries.insights_of(conversation).iterator(_CHUNK)))
    topics = queries.topics_of(conversation).iterator(_CHUNK)
    yield from _list("topics", (topic_json(row, (str(ref.message_id) for ref in row.references.all())) for row in topics))
    yield from _list("trackers", trackers_json(queries.tracker_matches_of(conversation).iterator(_CHUNK)))
    yield "}"


def _list(name: str, items: Iterable[Json]) -> Iterator[str]:
    yield f', "{name}": ['
    for place, item in enumerate(items):
        yield (", " if place else "") + json.dumps(item, ensure_ascii=False)
    yield "]"


def _head(conversation: Conversation) -> Json:
    return {
        **conversation_json(conversation),
        "endedAt": iso(conversation.ended_at) if conversation.ended_at else None,
        "owner": conversation.owner.get_username(),
        "type": conversation.type,
        "language": conversation.language,
        "timezoneOffset": conversation.timezone_offset,
        "metadata": conversation.metadata,
        "members": [member_json(member) for member in queries.members_of(conversation)],
    }


def _message(row: Message) -> Json:
    corrector = row.corrected_by.get_username() if row.corrected_by else None
    corrected = {"correctedBy": corrector, "correctedAt": iso(row.corrected_at) if row.corrected_at else None}
    return {**message_json(row, row.entities.all()), "phrases": row.phrases, **corrected}


def _insight(row: Insight) -> Json:
    return {**reviewed_insight_json(row), "reviewedBy": row.reviewed_by.get_username() if row.reviewed_by else None}
