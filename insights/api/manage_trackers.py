"""The trackers of an account. The managed trackers, which every account has, are in the same lists and are read-only.

The older calls (`/tracker`, PUT) and the newer ones (everything under `/trackers`, PATCH) do the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema
from ninja.decorators import decorate_view
from pydantic import Discriminator, Field, RootModel, Tag

from insights import long_responses, managed, queries
from insights.analysis.managed_trackers import ManagedTracker, managed_trackers
from insights.api import auth, tracker_patch
from insights.api.errors import ApiError
from insights.api.managing import READ_PROBLEMS, WRITE_PROBLEMS, Deleted, at_most_1_mb, kind_of_body, listed, managing
from insights.json_text import Form
from insights.managed import TrackerFields
from insights.models import AccountTracker
from insights.payloads import iso

router = Router(tags=["Trackers of the account"])
UNKNOWN = "The trackerId is either invalid or does not exist."
READ_ONLY = "This tracker is built in and read-only. A tracker of your own with the same name replaces it."


class TrackerOut(Schema):
    """A tracker. `readOnly`: a managed tracker, which cannot be changed and has no times."""

    id: str
    name: str
    vocabulary: list[str]
    description: str
    categories: list[str]
    languages: list[str]
    createdOn: str | None = None
    updatedOn: str | None = None
    readOnly: bool


class TrackerList(Schema):
    """A list of trackers."""

    trackers: list[TrackerOut]


class TrackerOne(Schema):
    """One tracker."""

    tracker: TrackerOut


class TrackerIn(Schema):
    """A tracker to create: a name, unique for the account and case-sensitive, and 1 to 50 different phrases."""

    name: str
    vocabulary: list[str]
    description: str = ""
    categories: list[str] = []
    languages: list[str] = ["en-US"]

    def fields(self) -> TrackerFields:
        """Return the fields to store."""
        return TrackerFields(self.name, self.vocabulary, self.description, self.categories, self.languages)


class TrackerChange(Schema):
    """The fields to replace; the others stay. An `id` in the body is ignored."""

    name: str | None = None
    vocabulary: list[str] | None = None
    description: str | None = None
    categories: list[str] | None = None
    languages: list[str] | None = None


class Operation(Schema):
    """One step of a PATCH. `value` is a text, a list of texts, or a list as JSON text; `remove` of an item names the item."""

    op: str
    path: str
    value: str | list[str] | None = None


_OneOrMany = Annotated[
    Annotated[TrackerIn, Tag("body")] | Annotated[list[TrackerIn], Field(min_length=1, max_length=500), Tag("list")],
    Discriminator(kind_of_body),
]


class NewTrackers(RootModel[_OneOrMany]):
    """One object, or a list of them."""

    @property
    def items(self) -> list[TrackerIn]:
        """The objects."""
        return self.root if isinstance(self.root, list) else [self.root]


@router.get("/v1/manage/trackers", response={200: TrackerList, **READ_PROBLEMS}, exclude_none=True, summary="List trackers")
@router.get(
    "/v1/manage/tracker", response={200: TrackerList, **READ_PROBLEMS}, operation_id="list_trackers_singular", summary="List trackers"
)
def list_managed_trackers(request: HttpRequest, name: str | None = None) -> HttpResponseBase:
    """Return your own trackers, oldest first, then the managed ones; only those with this name (case-sensitive) if one is given."""
    account = auth.caller(request).pk
    return long_responses.answer(request, listed("trackers", _all(account, name)), account=account)


@router.post("/v1/manage/trackers", response={200: TrackerOne | TrackerList, **WRITE_PROBLEMS}, summary="Create trackers")
@router.post(
    "/v1/manage/tracker",
    response={200: TrackerOne | TrackerList, **WRITE_PROBLEMS},
    operation_id="create_tracker",
    summary="Create a tracker",
)
@decorate_view(at_most_1_mb)
def create_trackers(request: HttpRequest, body: NewTrackers) -> TrackerOne | TrackerList:
    """Create the tracker of an object, or all trackers of a list. 409 if the account has one with this name."""
    with managing(UNKNOWN):
        rows = managed.create_trackers(auth.caller(request).pk, [one.fields() for one in body.items])
    made = [TrackerOut.model_validate(_form(row)) for row in rows]
    return TrackerList(trackers=made) if isinstance(body.root, list) else TrackerOne(tracker=made[0])


@router.get("/v1/manage/tracker/{tracker_id}", response={200: TrackerOne, **READ_PROBLEMS}, exclude_none=True, summary="Get a tracker")
@router.get(
    "/v1/manage/trackers/{tracker_id}",
    response={200: TrackerOne, **READ_PROBLEMS},
    exclude_none=True,
    operation_id="read_tracker_plural",
    summary="Get a tracker (newer path)",
)
def read_managed_tracker(request: HttpRequest, tracker_id: str) -> TrackerOne:
    """Return the tracker with this id. 404 if you have none."""
    built_in = _built_in(tracker_id)
    if built_in is not None:
        return TrackerOne(tracker=TrackerOut.model_validate(_managed_form(built_in)))
    with managing(UNKNOWN):
        return TrackerOne(tracker=TrackerOut.model_validate(_form(managed.tracker(auth.caller(request).pk, tracker_id))))


@router.put("/v1/manage/tracker/{tracker_id}", response={200: TrackerOne, **WRITE_PROBLEMS}, summary="Change a tracker")
@router.put(
    "/v1/manage/trackers/{tracker_id}",
    response={200: TrackerOne, **WRITE_PROBLEMS},
    operation_id="change_tracker_plural",
    summary="Change a tracker (newer path)",
)
@decorate_view(at_most_1_mb)
def change_tracker(request: HttpRequest, tracker_id: str, body: TrackerChange) -> TrackerOne:
    """Replace the given fields; a new `vocabulary` replaces the whole list. 403 for a managed tracker."""
    given = {name: value for name, value in body.dict().items() if value is not None}
    _refuse_built_in(tracker_id)
    with managing(UNKNOWN):
        row = managed.change_tracker(auth.caller(request).pk, tracker_id, lambda fields: replace(fields, **given))
    return TrackerOne(tracker=TrackerOut.model_validate(_form(row)))


@router.patch("/v1/manage/trackers/{tracker_id}", response={200: TrackerOne, **WRITE_PROBLEMS}, summary="Change a tracker step by step")
@router.patch(
    "/v1/manage/tracker/{tracker_id}",
    response={200: TrackerOne, **WRITE_PROBLEMS},
    operation_id="patch_tracker_singular",
    summary="Change a tracker step by step",
)
@decorate_view(at_most_1_mb)
def patch_tracker(request: HttpRequest, tracker_id: str, body: list[Operation]) -> TrackerOne:
    """Apply the operations in order, all or none. 403 for a managed tracker."""
    steps = [(one.op, one.path, one.value) for one in body]
    _refuse_built_in(tracker_id)
    with managing(UNKNOWN):
        row = managed.change_tracker(auth.caller(request).pk, tracker_id, lambda fields: tracker_patch.applied(fields, steps))
    return TrackerOne(tracker=TrackerOut.model_validate(_form(row)))


@router.delete("/v1/manage/tracker/{tracker_id}", response={200: Deleted, **WRITE_PROBLEMS}, summary="Delete a tracker")
@router.delete(
    "/v1/manage/trackers/{tracker_id}",
    response={200: Deleted, **WRITE_PROBLEMS},
    operation_id="delete_tracker_plural",
    summary="Delete a tracker (newer path)",
)
def delete_tracker(request: HttpRequest, tracker_id: str) -> Deleted:
    """Delete a tracker; matches that it has found stay. 403 for a managed tracker."""
    _refuse_built_in(tracker_id)
    with managing(UNKNOWN):
        managed.delete_tracker(auth.caller(request).pk, tracker_id)
    return Deleted(id=tracker_id, type="tracker")


def _all(account: int, name: str | None) -> Iterator[list[Form]]:
    for batch in queries.in_batches(managed.trackers_in(account, name), "created_at", "id"):
        yield list(map(_form, batch))
    yield [_managed_form(one) for one in managed_trackers() if name is None or one.tracker.name == name]


def _built_in(tracker_id: str) -> ManagedTracker | None:
    return next((one for one in managed_trackers() if one.tracker.id == tracker_id), None)


def _refuse_built_in(tracker_id: str) -> None:
    if _built_in(tracker_id) is not None:
        raise ApiError(403, READ_ONLY)


def _form(row: AccountTracker) -> Form:
    """Return a TrackerOut."""
    return {
        "id": str(row.id),
        "name": row.name,
        "vocabulary": row.vocabulary,
        "description": row.description,
        "categories": row.categories,
        "languages": row.languages,
        "createdOn": iso(row.created_at),
        "updatedOn": iso(row.updated_at),
        "readOnly": False,
    }


def _managed_form(one: ManagedTracker) -> Form:
    """Return a TrackerOut without times."""
    return {
        "id": one.tracker.id,
        "name": one.tracker.name,
        "vocabulary": list(one.tracker.vocabulary),
        "description": one.description,
        "categories": [one.category],
        "languages": ["en-US"],
        "readOnly": True,
    }
