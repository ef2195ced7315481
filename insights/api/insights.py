"""The insights of a conversation: one list per kind, and all of them together, without rejected ones."""

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema
from pydantic import create_model

from insights import queries
from insights.api.messages import Phrase
from insights.api.paging import Part, item_after, of_conversation, responses
from insights.api.people import Person, SpeakerRef, person_json, speaker_json
from insights.api.values import shown
from insights.insight_kinds import InsightKind, KindName, kind_of, kinds
from insights.json_text import Form, array_of
from insights.models import Conversation, Insight
from insights.payloads import iso

router = Router(tags=["Insights"])
_ROOT = "/v1/conversations/{conversation_id}"


class InsightEntity(Schema):
    """An entity in an insight with the offset of its first character. A range has `start` and `end` instead of `value`."""

    type: str
    text: str
    offset: int
    value: str | None = None
    start: str | None = None
    end: str | None = None


class InsightOut(Schema):
    """An insight. A question has the first six fields; kinds with an assignee have all, `dueBy` only if a date was said.

    `review` is the verdict of a person, if there is one; `done` is true if a person marked it as done.
    """

    id: str
    text: str
    type: str
    score: float
    messageIds: list[str]
    from_: SpeakerRef = Field(serialization_alias="from")
    entities: list[InsightEntity] | None = None
    phrases: list[Phrase] | None = None
    definitive: bool | None = None
    assignee: Person | None = None
    dueBy: str | None = None
    review: str | None = None
    done: bool | None = None


class Insights(Schema):
    """Insights in order."""

    insights: list[InsightOut]


_SHAPE: dict[str, Any] = {"by_alias": True, "exclude_none": True}


def _list_of(kind: InsightKind) -> type[Schema]:
    """Return the schema of a response with the insights of one kind; OpenAPI names it by the key: `ActionItems`."""
    name = kind.json_name[:1].upper() + kind.json_name[1:]
    fields: dict[str, Any] = {kind.json_name: (list[InsightOut], ...)}
    return create_model(name, __base__=Schema, __doc__=f"{kind.plural} in order.", **fields)


def _operation(kind: InsightKind) -> Callable[..., HttpResponseBase]:
    """Return the operation that lists the insights of one kind; OpenAPI names it by the function."""

    def list_kind(request: HttpRequest, conversation_id: str, part: Query[Part]) -> HttpResponseBase:
        return _answer(request, conversation_id, part, kind.json_name, kind.name)

    list_kind.__name__ = f"list_{kind.path.replace('-', '_')}"
    list_kind.__doc__ = f"Return the {kind.noun(2)}, without rejected ones."
    return list_kind


for _kind in kinds():
    router.get(f"{_ROOT}/{_kind.path}", response=responses(_list_of(_kind)), **_SHAPE, summary=f"List {_kind.noun(2)}")(_operation(_kind))


@router.get(_ROOT + "/insights", response=responses(Insights), **_SHAPE, summary="List insights")
def list_insights(request: HttpRequest, conversation_id: str, part: Query[Part]) -> HttpResponseBase:
    """Return the insights of all kinds in the order of speech, without rejected ones."""
    return _answer(request, conversation_id, part, "insights")


def _answer(request: HttpRequest, conversation_id: str, part: Part, name: str, *names: KindName) -> HttpResponseBase:
    def pieces(conversation: Conversation) -> Iterator[str]:
        rows = queries.insights_of(conversation, *names)
        kept = rows.exclude(review=Insight.Review.REJECTED)
        batches = queries.in_batches(kept, *queries.INSIGHT_ORDER, after=item_after(rows, part), most=part.limit)
        return array_of(batches, insight_json, f'{{"{name}": [', "]}")

    return of_conversation(request, conversation_id, pieces)


def insight_json(row: Insight) -> dict[str, object]:
    """Return an InsightOut."""
    form: dict[str, object] = {
        "id": str(row.id),
        "text": row.text,
        "type": row.type,
        "score": round(row.confidence, 4),
        "messageIds": [str(row.message_id)],
        "from": speaker_json(row.message.member) if row.message.member else {},
    }
    if row.review != Insight.Review.PENDING:
        form["review"] = row.review
    if row.done_at:
        form["done"] = True
    if not kind_of(row.type).assignable and not row.assignee and not row.assignee_name and not row.due_at:
        return form
    form["entities"] = [_entity(entity) for entity in row.entities]
    form["phrases"] = [{"type": "action_phrase", "text": row.action_phrase}] if row.action_phrase else []
    form["definitive"] = row.definitive
    form["assignee"] = person_json(row.assignee) if row.assignee else {"name": row.assignee_name} if row.assignee_name else {}
    if row.due_at:
        form["dueBy"] = iso(row.due_at)
    return form


def _entity(entity: Form) -> dict[str, object]:
    """Return an InsightEntity."""
    values = {name: value for name, value in shown(entity["value"]).items() if value is not None}
    return {"type": entity["type"], "text": entity["text"], "offset": entity["offset"], **values}
