"""The entities of a conversation (persons, dates, amounts and others) with all places of each."""

import json
from array import array
from collections.abc import Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema

from insights import queries
from insights.analysis.personal_data import CUSTOM, category_of
from insights.api.entity_values import shown
from insights.api.paging import of_conversation, responses
from insights.api.shapes import Shape, shape_of
from insights.json_text import Form, resolved
from insights.models import Conversation
from insights.snapshots import Payload

router = Router(tags=["Entities"])
_ORDER = ("message__number", "offset", "id")
_BATCH = 500


class EntityRef(Schema):
    """A place in a message: the message's id and text, and the offset of the entity's first character."""

    id: str
    text: str
    offset: int


class EntityMatch(Schema):
    """All places of an entity, for the Go SDK."""

    detectedValue: str
    messageRefs: list[EntityRef]


class EntityOut(Schema):
    """An entity. A range has `start` and `end` instead of `value`; a custom entity has `customType`.

    `subType`: its category of personal data, or the account's subtype of a custom entity. `category`: Managed or Custom. The Go SDK gets
    `type`, `subType`, `category` and `matches` only.
    """

    type: str
    subType: str
    category: str
    text: str | None = None
    value: str | None = None
    start: str | None = None
    end: str | None = None
    customType: str | None = None
    messageRefs: list[EntityRef] | None = None
    matches: list[EntityMatch] | None = None


class EntityList(Schema):
    """Entities in the order of their first place."""

    entities: list[EntityOut]


@router.get("/v1/conversations/{conversation_id}/entities", response=responses(EntityList), exclude_none=True, summary="List entities")
def list_entities(request: HttpRequest, conversation_id: str, shape: Shape | None = None) -> HttpResponseBase:
    """Return all entities. An entity that was named twice is listed once with two places."""
    chosen = shape_of(request, shape)
    return of_conversation(request, conversation_id, lambda conversation: resolved(_segments(conversation, chosen), _references))


def _segments(conversation: Conversation, shape: Shape) -> "Iterator[str | array[int]]":
    """Yield the JSON of all entities in segments, with an array of row ids in place of each `messageRefs`; see `json_text.resolved`."""
    places: dict[str, array[int]] = {}
    rows = queries.entities_of(conversation).values("type", "text", "value", *_ORDER)
    form = _go_form if shape is Shape.GO else _form
    begun: dict[str, str] = {}
    for batch in queries.in_batches(rows, *_ORDER, size=_BATCH):
        for row in batch:
            known = form(row)
            key = json.dumps({**known, "text": row["text"].lower()})
            if key not in places:
                places[key] = array("q")
                begun[key] = _begin(known, row["text"], shape)
            places[key].append(row["id"])
        yield ""
    end = "]}]}" if shape is Shape.GO else "]}"
    yield '{"entities": ['
    for number, (key, ids) in enumerate(places.items()):
        yield f"{', ' if number else ''}{begun[key]}"
        yield ids
        yield end
    yield "]}"


def _begin(form: Form, text: str, shape: Shape) -> str:
    """Return the JSON of an entity up to its first place."""
    if shape is Shape.GO:
        return f'{json.dumps(form)[:-1]}, "matches": [{{"detectedValue": {json.dumps(text)}, "messageRefs": ['
    return f'{json.dumps({**form, "text": text})[:-1]}, "messageRefs": ['


def _form(row: Payload) -> Form:
    """Return an EntityOut without its text and places."""
    value = row["value"]
    if row["type"] == CUSTOM:
        names = {"type": CUSTOM, "customType": value.get("customType") or "", "value": value.get("value") or row["text"]}
        return {**names, "subType": value.get("subType") or "", "category": value.get("category") or "Custom"}
    values = {name: text for name, text in shown(value).items() if text is not None}
    return {"type": row["type"], "subType": _sub_type(row["type"]), "category": "Managed", **values}


def _go_form(row: Payload) -> Form:
    """Return what the Go SDK reads of an entity, without its matches. The type of ours is the group of its category, such as PII."""
    value = row["value"]
    if row["type"] == CUSTOM:
        return {
            "type": value.get("customType") or CUSTOM,
            "subType": value.get("subType") or "",
            "category": value.get("category") or "Custom",
        }
    category = category_of(row["type"])
    return {"type": category.group if category else "General", "subType": _sub_type(row["type"]), "category": "Managed"}


def _sub_type(kind: str) -> str:
    category = category_of(kind)
    return category.name if category else kind.upper()


def _references(ids: list[int]) -> dict[int, str]:
    """Return the JSON of an EntityRef by row id. One query."""
    rows = queries.entity_places(ids) if ids else ()
    return {key: json.dumps({"id": str(message_id), "text": text, "offset": offset}) for key, message_id, text, offset in rows}
