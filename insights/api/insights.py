"""The insights of a conversation: one list per kind, and all of them together, without rejected ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema
from pydantic import create_model

from insights import queries
from insights.api.entity_values import shown
from insights.api.member_json import Person, SpeakerRef, person_json, speaker_json
from insights.api.paging import Part, item_after, of_conversation, responses
from insights.api.redaction import Redaction, redactor
from insights.api.shapes import Phrase, Shape, phrases_json, shape_of
from insights.insight_kinds import InsightKind, KindName, kind_of, kinds
from insights.json_text import array_of
from insights.models import Conversation, Insight
from insights.payloads import iso
from insights.redaction import MASK, RedactedText, Redactor
from insights.snapshots import Payload

router = Router(tags=["Insights"])
_ROOT = "/v1/conversations/{conversation_id}"
_WHOLE_SCORES = "follow_up"
"""The kind whose score the Go SDK reads as a whole number."""


class PersonValue(Schema):
    """The person that an entity names, and whether the insight is assigned to them."""

    assignee: bool
    name: str
    userId: str | None = None
    email: str | None = None


class InsightEntity(Schema):
    """An entity in an insight with the offset of its first character. A range has `start` and `end` instead of `value`."""

    type: str
    text: str
    offset: int
    value: PersonValue | str | None = None
    start: str | None = None
    end: str | None = None


class InsightOut(Schema):
    """An insight. A question has the first six fields; kinds with an assignee have all, `dueBy` only if a date was said.

    `review` is the verdict of a person, if there is one; `done` is true if a person marked it as done.
    """

    id: str
    text: str
    type: str
    score: float = Field(description="From 0 to 1. The Go SDK gets a whole number for follow-ups, as it reads no other.")
    messageIds: list[str]
    from_: SpeakerRef = Field(serialization_alias="from")
    entities: list[InsightEntity] | None = None
    phrases: list[Phrase | str] | None = None
    definitive: bool | None = None
    assignee: Person | None = None
    dueBy: str | None = None
    review: str | None = None
    done: bool | None = None


class Insights(Schema):
    """Insights in order."""

    insights: list[InsightOut]


def _list_of(kind: InsightKind) -> type[Schema]:
    """Return the schema of a response with the insights of one kind; OpenAPI names it by the key: `ActionItems`."""
    name = kind.json_name[:1].upper() + kind.json_name[1:]
    fields: dict[str, Any] = {kind.json_name: (list[InsightOut], ...)}
    return create_model(name, __base__=Schema, __doc__=f"{kind.plural} in order.", **fields)


def _operation(kind: InsightKind) -> Callable[..., HttpResponseBase]:
    """Return the operation that lists the insights of one kind; OpenAPI names it by the function."""

    def list_kind(
        request: HttpRequest, conversation_id: str, part: Query[Part], redaction: Query[Redaction], shape: Shape | None = None
    ) -> HttpResponseBase:
        return _answer(request, conversation_id, _InsightQuery(part, redaction, shape, kind.json_name), kind.name)

    list_kind.__name__ = f"list_{kind.path.replace('-', '_')}"
    list_kind.__doc__ = f"Return the {kind.noun(2)}, without rejected ones."
    return list_kind


for _kind in kinds():
    router.get(
        f"{_ROOT}/{_kind.path}", response=responses(_list_of(_kind)), by_alias=True, exclude_none=True, summary=f"List {_kind.noun(2)}"
    )(_operation(_kind))


@router.get(_ROOT + "/insights", response=responses(Insights), by_alias=True, exclude_none=True, summary="List insights")
def list_insights(
    request: HttpRequest, conversation_id: str, part: Query[Part], redaction: Query[Redaction], shape: Shape | None = None
) -> HttpResponseBase:
    """Return the insights of all kinds in the order of speech, without rejected ones."""
    return _answer(request, conversation_id, _InsightQuery(part, redaction, shape, "insights"))


@dataclass(frozen=True, slots=True)
class _InsightQuery:
    """The query of a list of insights; `name` is the key of the list in the response."""

    part: Part
    redaction: Redaction
    shape: Shape | None
    name: str


def _answer(request: HttpRequest, conversation_id: str, wanted: _InsightQuery, *names: KindName) -> HttpResponseBase:
    def pieces(conversation: Conversation) -> Iterator[str]:
        hidden, shape = redactor(conversation, wanted.redaction), shape_of(request, wanted.shape)
        rows = queries.insights_of(conversation, *names)
        kept = rows.exclude(review=Insight.Review.REJECTED)
        batches = queries.in_batches(kept, *queries.INSIGHT_ORDER, after=item_after(rows, wanted.part), most=wanted.part.limit)
        return array_of(batches, lambda row: insight_json(row, shape, hidden), f'{{"{wanted.name}": [', "]}")

    return of_conversation(request, conversation_id, pieces)


def insight_json(row: Insight, shape: Shape = Shape.DOCUMENTED, redactor: Redactor | None = None, context: str = "") -> dict[str, object]:
    """Return an InsightOut. `context`: a text before that of the insight."""
    whole = context + row.text
    text = RedactedText(whole, ()) if redactor is None else redactor.text(whole, row.message.started_at)
    in_whole_numbers = shape is Shape.GO and row.type == _WHOLE_SCORES
    form: dict[str, object] = {
        "id": str(row.id),
        "text": text.shown,
        "type": row.type,
        "score": round(row.confidence) if in_whole_numbers else round(row.confidence, 4),
        "messageIds": [str(row.message_id)],
        "from": speaker_json(row.message.member) if row.message.member else {},
    }
    if row.review != Insight.Review.PENDING:
        form["review"] = row.review
    if row.done_at:
        form["done"] = True
    if not kind_of(row.type).assignable and not row.assignee and not row.assignee_name and not row.due_at:
        return form
    form["entities"] = list(_entities(row, text, redactor, len(context)))
    form["phrases"] = phrases_json([text.phrase(row.action_phrase)] if row.action_phrase else [], shape)
    form["definitive"] = row.definitive
    form["assignee"] = _assignee(row, redactor)
    if row.due_at and not (redactor and redactor.hides("date")):
        form["dueBy"] = iso(row.due_at)
    return form


def _assignee(row: Insight, redactor: Redactor | None) -> dict[str, str]:
    """Return a Person: a member, or the name of somebody else, which is personal data."""
    if row.assignee is not None:
        return person_json(row.assignee)
    if not row.assignee_name:
        return {}
    return {"name": MASK if redactor is not None and redactor.hides("person") else row.assignee_name}


def _entities(row: Insight, text: RedactedText, redactor: Redactor | None, before: int) -> Iterator[dict[str, object]]:
    """Yield each InsightEntity that is not hidden. `before`: characters of the text before that of the insight."""
    for entity in row.entities:
        start, kind = before + entity["offset"], entity["type"]
        if redactor is not None and (redactor.hides(kind) or text.covers(start, start + len(entity["text"]))):
            continue
        yield {"type": kind, "text": entity["text"], "offset": text.offset(start), **_value(entity, row)}


def _value(entity: Payload, row: Insight) -> dict[str, object]:
    """Return {value}, or {start, end} for a range. The value of a person is a PersonValue."""
    value = entity["value"]
    if entity["type"] != "person":
        return {name: text for name, text in shown(value).items() if text is not None}
    name = str(value.get("name") or entity["text"])
    known = {key: str(value[key]) for key in ("userId", "email") if value.get(key)}
    return {"value": {"assignee": name == row.assignee_name, "name": name, **known}}
