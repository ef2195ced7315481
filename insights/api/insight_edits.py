"""Edit an insight, and add one by hand. Not part of Symbl's API, which only reads insights."""

from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from insights import queries, recorder
from insights.api import auth
from insights.api.editing import EDIT_PROBLEMS, UNKNOWN_INSIGHT, aware, editing
from insights.api.errors import Done
from insights.api.insights import InsightOut, insight_json, router
from insights.api.times import TimeText
from insights.models import Conversation
from insights.recorder import Assignee, InsightEdit, UnknownMessage

_ROOT = "/v1/conversations/{conversation_id}/insights"


class AssigneeIn(Schema):
    """To whom an insight is assigned: a member by `id`, else anybody by `name`."""

    model_config = {"extra": "forbid"}

    id: UUID | None = None
    name: str = Field("", max_length=4096)


class InsightFields(Schema):
    """What a person can set. A field that is left out does not change; null removes the assignee or the due date."""

    model_config = {"extra": "forbid"}

    text: str | None = None
    assignee: AssigneeIn | None = None
    dueBy: TimeText | None = None
    done: bool | None = None


class InsightIn(InsightFields):
    """The fields to change. `review` is the verdict of a person."""

    review: Literal["accepted", "rejected", "pending"] | None = None


class NewInsight(InsightFields):
    """A new insight of a message. Its text is that of the message if there is none."""

    type: str
    messageId: UUID


class InsightEdited(Schema):
    """The insight after the edit. `changeId`: see /changes; without one, nothing was different."""

    insight: InsightOut
    changeId: str | None = None


@router.patch(
    _ROOT + "/{insight_id}", response={200: InsightEdited, **EDIT_PROBLEMS}, by_alias=True, exclude_none=True, summary="Edit an insight"
)
def edit_insight(request: HttpRequest, conversation_id: str, insight_id: str, body: InsightIn) -> dict[str, object]:
    """Accept, reject, reword, assign, date or finish an insight. The lists of insights leave rejected ones out."""
    conversation = auth.conversation(request, conversation_id)
    with editing(UNKNOWN_INSIGHT):
        insight = queries.insight_of(conversation, insight_id)
        if insight is None:
            raise UnknownMessage(insight_id)
        edited = recorder.edit_insight(insight.pk, auth.caller(request).pk, _wanted(body, body.review))
    return _answer(conversation, insight_id, edited.change_id)


@router.post(_ROOT, response={200: InsightEdited, **EDIT_PROBLEMS}, by_alias=True, exclude_none=True, summary="Add an insight")
def add_insight(request: HttpRequest, conversation_id: str, body: NewInsight) -> dict[str, object]:
    """Add an insight to a message by hand. Its confidence is 1."""
    conversation = auth.conversation(request, conversation_id)
    with editing():
        if queries.message_of(conversation, str(body.messageId)) is None:
            raise UnknownMessage(str(body.messageId))
        insight, edited = recorder.add_insight(body.messageId, auth.caller(request).pk, body.type, _wanted(body))
    return _answer(conversation, str(insight.pk), edited.change_id)


def _wanted(body: InsightFields, verdict: str | None = None) -> InsightEdit:
    """Return what the body asks for; a field counts as null only if it was sent."""
    sent, to = body.model_fields_set, body.assignee
    assignee = (Assignee(to.id, to.name) if to else Assignee()) if "assignee" in sent else None
    due = aware(body.dueBy) if body.dueBy else None
    return InsightEdit(verdict=verdict, text=body.text, assignee=assignee, due_at=due, has_due="dueBy" in sent, done=body.done)


@router.delete(_ROOT + "/{insight_id}", response={200: Done, **EDIT_PROBLEMS}, summary="Delete an insight")
def delete_insight(request: HttpRequest, conversation_id: str, insight_id: str) -> Done:
    """Delete an insight for good, in all earlier events and edits too; its message stays. It cannot be undone."""
    conversation = auth.conversation(request, conversation_id)
    with editing(UNKNOWN_INSIGHT):
        insight = queries.insight_of(conversation, insight_id)
        if insight is None:
            raise UnknownMessage(insight_id)
        recorder.delete_insight(conversation.id, insight.id, auth.caller(request).pk)
    return Done(message="successfully deleted the insight")


def _answer(conversation: Conversation, insight_id: str, change_id: int | None) -> dict[str, object]:
    """Return an InsightEdited."""
    insight = queries.insight_of(conversation, insight_id)
    if insight is None:  # it was deleted meanwhile
        raise UnknownMessage(insight_id)
    form = insight_json(insight)
    return {"insight": form | {"from_": form.pop("from")}, **({"changeId": str(change_id)} if change_id else {})}
