"""Persons, dates, amounts and so on, with all places where each was said."""

from collections.abc import Iterable

from django.http import HttpRequest
from ninja import Router, Schema

from insights import queries
from insights.api import auth
from insights.api.values import shown
from insights.models import Entity

router = Router(tags=["Entities"])


class EntityRef(Schema):
    """A place in a message: its id, the words, and the first character's offset."""

    id: str
    text: str
    offset: int


class EntityOut(Schema):
    """One thing that was named; a range has `start` and `end` instead of `value`."""

    type: str
    text: str
    value: str | None = None
    start: str | None = None
    end: str | None = None
    messageRefs: list[EntityRef]


class EntityList(Schema):
    """All entities in the order in which they were first named."""

    entities: list[EntityOut]


@router.get("/v1/conversations/{conversation_id}/entities", response=EntityList, exclude_none=True, summary="Read the entities")
def list_entities(request: HttpRequest, conversation_id: str) -> EntityList:
    """Answer all entities; the same thing named twice is one entity with two places."""
    return EntityList(entities=_grouped(queries.entities_of(auth.conversation(request, conversation_id))))


def _grouped(rows: Iterable[Entity]) -> list[EntityOut]:
    found: dict[tuple[object, ...], EntityOut] = {}
    for row in rows:
        value = shown(row.value)
        entity = found.setdefault(
            (row.type, row.text.lower(), *value.values()), EntityOut(type=row.type, text=row.text, messageRefs=[], **value)
        )
        entity.messageRefs.append(EntityRef(id=str(row.message_id), text=row.text, offset=row.offset))
    return list(found.values())
