"""The entities of a conversation (persons, dates, amounts and others) with all places of each."""

import json
from array import array
from collections.abc import Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema

from insights import queries
from insights.api.paging import of_conversation, responses
from insights.api.values import shown
from insights.json_text import resolved
from insights.models import Conversation

router = Router(tags=["Entities"])
_ORDER = ("message__number", "offset", "id")
_BATCH = 500


class EntityRef(Schema):
    """A place in a message: the message's id, the words, and the offset of the first character."""

    id: str
    text: str
    offset: int


class EntityOut(Schema):
    """An entity. A range has `start` and `end` instead of `value`."""

    type: str
    text: str
    value: str | None = None
    start: str | None = None
    end: str | None = None
    messageRefs: list[EntityRef]


class EntityList(Schema):
    """Entities in the order of their first place."""

    entities: list[EntityOut]


@router.get("/v1/conversations/{conversation_id}/entities", response=responses(EntityList), exclude_none=True, summary="List entities")
def list_entities(request: HttpRequest, conversation_id: str) -> HttpResponseBase:
    """Return all entities. An entity that was named twice is listed once with two places."""
    return of_conversation(request, conversation_id, lambda conversation: resolved(_segments(conversation), _references))


def _segments(conversation: Conversation) -> "Iterator[str | array[int]]":
    """Yield the JSON of all entities in segments, with an array of row ids in place of each `messageRefs`; see `json_text.resolved`."""
    places: dict[tuple[object, ...], array[int]] = {}
    forms: list[str] = []
    rows = queries.entities_of(conversation).values("type", "text", "value", *_ORDER)
    for batch in queries.in_batches(rows, *_ORDER, size=_BATCH):
        for row in batch:
            value = {name: text for name, text in shown(row["value"]).items() if text is not None}
            key = (row["type"], row["text"].lower(), *value.items())
            if key not in places:
                places[key] = array("q")
                forms.append(json.dumps({"type": row["type"], "text": row["text"], **value})[:-1])
            places[key].append(row["id"])
        yield ""
    yield '{"entities": ['
    for number, (form, ids) in enumerate(zip(forms, places.values(), strict=True)):
        yield f'{", " if number else ""}{form}, "messageRefs": ['
        yield ids
        yield "]}"
    yield "]}"


def _references(ids: list[int]) -> dict[int, str]:
    """Return the JSON of an EntityRef by row id. One query."""
    rows = queries.entity_places(ids) if ids else ()
    return {key: json.dumps({"id": str(message_id), "text": text, "offset": offset}) for key, message_id, text, offset in rows}
