"""The managed trackers, which every account has and `enableAllTrackers` turns on. They are read-only."""

from django.http import HttpRequest
from ninja import Router, Schema

from insights.analysis.managed_trackers import ManagedTracker, managed_trackers
from insights.api.errors import ApiError

router = Router(tags=["Managed trackers"])


class ManagedOut(Schema):
    """A tracker with its phrases and its purpose."""

    id: str
    name: str
    vocabulary: list[str]
    description: str
    categories: list[str]
    languages: list[str]


class ManagedList(Schema):
    """A list of managed trackers."""

    trackers: list[ManagedOut]


class ManagedOne(Schema):
    """One tracker."""

    tracker: ManagedOut


@router.get("/v1/manage/trackers", response=ManagedList, summary="List managed trackers")
def list_managed_trackers(request: HttpRequest, name: str | None = None) -> ManagedList:
    """Return all managed trackers, or only those with this name (case-sensitive)."""
    return ManagedList(trackers=[_out(one) for one in managed_trackers() if name is None or one.tracker.name == name])


@router.get("/v1/manage/tracker/{tracker_id}", response=ManagedOne, summary="Get a managed tracker")
def read_managed_tracker(request: HttpRequest, tracker_id: str) -> ManagedOne:
    """Return the managed tracker with this id. 404 if there is none."""
    for one in managed_trackers():
        if one.tracker.id == tracker_id:
            return ManagedOne(tracker=_out(one))
    raise ApiError(404, "The trackerId is either invalid or does not exist.")


def _out(one: ManagedTracker) -> ManagedOut:
    tracker = one.tracker
    return ManagedOut(
        id=tracker.id,
        name=tracker.name,
        vocabulary=list(tracker.vocabulary),
        description=one.description,
        categories=[one.category],
        languages=["en-US"],
    )
