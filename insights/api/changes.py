"""The changes that people made to a conversation, and undoing one. Not part of Symbl's API."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router, Schema
from pydantic import Field, JsonValue

from insights import queries, recorder
from insights.api import auth
from insights.api.editing import EDIT_PROBLEMS, EditOut, editing
from insights.api.errors import ApiError
from insights.api.paging import MOST_ITEMS, of_conversation, responses
from insights.json_text import array_of
from insights.models import Change, Conversation
from insights.payloads import iso
from insights.recorder.edits.row_states import split_key
from insights.snapshots import JsonObject

router = Router(tags=["Changes"])
UNKNOWN_CHANGE = "The changeId is either invalid or does not exist."


class ChangeOut(Schema):
    """One edit: what it changed, from what and to what, by table and id of the row; null stands for a row that does not exist.

    `changedBy` is `voice profile` where a voice profile named a speaker.
    `undoes` is the id of the change that this one undid, `undoneBy` the id of the change that undid this one.
    """

    id: str
    kind: str
    target: str
    changedBy: str | None = None
    changedAt: str
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]
    undoes: str | None = None
    undoneBy: str | None = None


class ChangeList(Schema):
    """Changes, oldest first."""

    changes: list[ChangeOut]


class ChangePart(Schema):
    """The part of the list to return: at most `limit` changes after the one with the id `after`; by default all."""

    limit: int | None = Field(None, ge=1, le=MOST_ITEMS)
    after: int = Field(0, ge=0, le=2**53)


@router.get(
    "/v1/conversations/{conversation_id}/changes", response=responses(ChangeList), exclude_none=True, summary="List the changes by people"
)
def list_changes(request: HttpRequest, conversation_id: str, part: Query[ChangePart]) -> HttpResponseBase:
    """Return the edits that people made, and the names that voice profiles gave, oldest first."""

    def pieces(conversation: Conversation) -> Iterator[str]:
        rows = queries.changes_of(conversation).filter(id__gt=part.after)
        return array_of(queries.in_batches(rows, "id", most=part.limit), _form, '{"changes": [', "]}")

    return of_conversation(request, conversation_id, pieces)


@router.post(
    "/v1/conversations/{conversation_id}/changes/{change_id}/undo",
    response={200: EditOut, **EDIT_PROBLEMS},
    exclude_none=True,
    summary="Undo a change",
)
def undo_change(request: HttpRequest, conversation_id: str, change_id: str) -> EditOut:
    """Restore what a change of yours, or of a voice profile, changed. 409 if the same was changed again since, 403 for another's change."""
    conversation = auth.conversation(request, conversation_id)
    change = queries.change_of(conversation, change_id)
    if change is None:
        raise ApiError(404, UNKNOWN_CHANGE)
    with editing():
        edited = recorder.undo(change.pk, auth.caller(request).pk)
    return EditOut(message=f"Change {change.pk} was undone.", changeId=str(edited.change_id))


def _form(row: Change) -> dict[str, object]:
    """Return a ChangeOut."""
    form: dict[str, object] = {"id": str(row.pk), "kind": row.kind, "target": row.target, "changedAt": iso(row.created_at)}
    if row.user is not None:
        form["changedBy"] = row.user.get_username()
    elif row.by_profile:
        form["changedBy"] = recorder.BY_PROFILE
    form |= {"before": _rows(row.before if row.after else {}), "after": _rows(row.after)}  # without `after` a redaction emptied it
    if row.undoes_id is not None:
        form["undoes"] = str(row.undoes_id)
    if hasattr(row, "undone_by"):
        form["undoneBy"] = str(row.undone_by.pk)
    return form


def _rows(states: JsonObject) -> JsonObject:
    """Return the states without the places of messages, which only the recorder uses."""
    return {key: state for key, state in states.items() if split_key(key)[0] != "place"}
