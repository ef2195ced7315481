"""A selection of conversations as one JSON document, made and sent piece by piece: however long they are, little is in memory."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from weakref import finalize

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from insights import queries
from insights.events import JsonObject
from insights.models import Conversation, Insight, Message
from insights.payloads import conversation_json, iso, member_json, message_json, reviewed_insight_json, topic_json, trackers_json

_CHUNK = 200
_IN_MEMORY = 1 << 20
_PIECE = 1 << 16


def answer(request: HttpRequest, pieces: Iterator[str], content_type: str, name: str) -> StreamingHttpResponse:
    """Answer a file of this name. It is made to its end first: whoever reads slowly must not hold the database meanwhile."""
    with ExitStack() as unsent:
        file = unsent.enter_context(SpooledTemporaryFile(max_size=_IN_MEMORY))
        for piece in pieces:
            file.write(piece.encode())
        unsent.pop_all()
    length = file.tell()
    file.seek(0)
    content: Any = _Later(file) if isinstance(request, ASGIRequest) else _Now(file)  # Django would gather a plain iterator first
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(length)}
    return StreamingHttpResponse(content, content_type=content_type, headers=headers)


class _Sent:
    """A file on its way to a client: closed with its response, or when nobody holds a response that was never sent."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.close = finalize(self, file.close)


class _Now(_Sent):
    """Sent from a thread."""

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.file.read(_PIECE):
            yield chunk


class _Later(_Sent):
    """Sent from the event loop, which never waits for the disk."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = sync_to_async(self.file.read)
        while chunk := await read(_PIECE):
            yield chunk


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


def _list(name: str, items: Iterable[JsonObject]) -> Iterator[str]:
    yield f', "{name}": ['
    for place, item in enumerate(items):
        yield (", " if place else "") + json.dumps(item, ensure_ascii=False)
    yield "]"


def _head(conversation: Conversation) -> JsonObject:
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


def _message(row: Message) -> JsonObject:
    corrector = row.corrected_by.get_username() if row.corrected_by else None
    corrected = {"correctedBy": corrector, "correctedAt": iso(row.corrected_at) if row.corrected_at else None}
    return {**message_json(row, row.entities.all()), "phrases": row.phrases, **corrected}


def _insight(row: Insight) -> JsonObject:
    return {**reviewed_insight_json(row), "reviewedBy": row.reviewed_by.get_username() if row.reviewed_by else None}
