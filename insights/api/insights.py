"""Questions, action items, follow-ups, and all of them together. What a person rejected is left out."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from insights import queries
from insights.api import auth
from insights.api.messages import Phrase
from insights.api.people import Person, SpeakerRef, person, speaker
from insights.api.values import shown
from insights.models import Insight
from insights.payloads import iso

router = Router(tags=["Insights"])
_ROOT = "/v1/conversations/{conversation_id}"


class InsightEntity(Schema):
    """Something named in an insight, with its first character's place; a range has `start` and `end` instead of `value`."""

    type: str
    text: str
    offset: int
    value: str | None = None
    start: str | None = None
    end: str | None = None


class InsightOut(Schema):
    """A question has the first six fields; action items and follow-ups have all of them, `dueBy` only where a date was said."""

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


class Questions(Schema):
    """All questions in order."""

    questions: list[InsightOut]


class ActionItems(Schema):
    """All action items in order."""

    actionItems: list[InsightOut]


class FollowUps(Schema):
    """All follow-ups in order."""

    followUps: list[InsightOut]


class Insights(Schema):
    """All insights in order."""

    insights: list[InsightOut]


_SHAPE: dict[str, Any] = {"by_alias": True, "exclude_none": True}


@router.get(_ROOT + "/questions", response=Questions, **_SHAPE, summary="Read the questions")
def list_questions(request: HttpRequest, conversation_id: str) -> Questions:
    """Answer all questions."""
    return Questions(questions=_of(request, conversation_id, Insight.Type.QUESTION))


@router.get(_ROOT + "/action-items", response=ActionItems, **_SHAPE, summary="Read the action items")
def list_action_items(request: HttpRequest, conversation_id: str) -> ActionItems:
    """Answer all action items."""
    return ActionItems(actionItems=_of(request, conversation_id, Insight.Type.ACTION_ITEM))


@router.get(_ROOT + "/follow-ups", response=FollowUps, **_SHAPE, summary="Read the follow-ups")
def list_follow_ups(request: HttpRequest, conversation_id: str) -> FollowUps:
    """Answer all follow-ups."""
    return FollowUps(followUps=_of(request, conversation_id, Insight.Type.FOLLOW_UP))


@router.get(_ROOT + "/insights", response=Insights, **_SHAPE, summary="Read all insights")
def list_insights(request: HttpRequest, conversation_id: str) -> Insights:
    """Answer questions, action items and follow-ups in the order in which they were said."""
    return Insights(insights=_of(request, conversation_id))


def _of(request: HttpRequest, conversation_id: str, *types: str) -> list[InsightOut]:
    rows: Iterable[Insight] = queries.insights_of(auth.conversation(request, conversation_id), *types)
    return [_out(row) for row in rows if row.review != Insight.Review.REJECTED]


def _out(row: Insight) -> InsightOut:
    said_by = speaker(row.message.member) if row.message.member else SpeakerRef()
    out = InsightOut(
        id=str(row.id), text=row.text, type=row.type, score=round(row.confidence, 4), messageIds=[str(row.message_id)], from_=said_by
    )
    if row.type == Insight.Type.QUESTION:
        return out
    out.entities = [InsightEntity(type=e["type"], text=e["text"], offset=e["offset"], **shown(e["value"])) for e in row.entities]
    out.phrases = [Phrase(text=row.action_phrase)] if row.action_phrase else []
    out.definitive = row.definitive
    out.assignee = person(row.assignee) if row.assignee else Person(name=row.assignee_name or None)
    out.dueBy = iso(row.due_at) if row.due_at else None
    return out
