"""The tracker matches of a conversation: a JSON array, as Symbl's Python SDK reads nothing else, or an object for its Go SDK."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema

from insights.api.paging import of_conversation, responses
from insights.api.shapes import Shape, shape_of
from insights.tracker_json import first_tracker_pieces, tracker_pieces

router = Router(tags=["Trackers"])
_ROOT = "/v1/conversations/{conversation_id}"


class TrackerMessage(Schema):
    """A match in a message. `offset` is -1 for similar words without an exact place."""

    id: str
    text: str
    offset: int
    startTime: str
    endTime: str


class TrackerInsight(Schema):
    """A match in an insight."""

    id: str
    text: str
    type: str
    offset: int


class Match(Schema):
    """All matches of one phrase of a tracker's vocabulary."""

    type: str
    value: str
    messageRefs: list[TrackerMessage]
    insightRefs: list[TrackerInsight]


class DetectedTracker(Schema):
    """A tracker with its matches."""

    id: str
    name: str
    matches: list[Match]


class FirstTracker(Schema):
    """What the Go SDK reads: the first tracker, without fields if there is none."""

    id: str | None = None
    name: str | None = None
    matches: list[Match] | None = None


_RESPONSES = responses(list[DetectedTracker] | FirstTracker)


@router.get(_ROOT + "/trackers", response=_RESPONSES, summary="List tracker matches")
def list_trackers(request: HttpRequest, conversation_id: str, shape: Shape | None = None) -> HttpResponseBase:
    """Return the trackers that were detected, with all matches in messages and insights. The Go SDK gets the first as an object."""
    return _answer(request, conversation_id, shape)


@router.get(_ROOT + "/trackers-detected", response=_RESPONSES, summary="List tracker matches (newer path)")
def list_trackers_detected(request: HttpRequest, conversation_id: str, shape: Shape | None = None) -> HttpResponseBase:
    """Return the same as `/trackers`."""
    return _answer(request, conversation_id, shape)


def _answer(request: HttpRequest, conversation_id: str, wanted: Shape | None) -> HttpResponseBase:
    go = shape_of(request, wanted) is Shape.GO
    return of_conversation(request, conversation_id, first_tracker_pieces if go else tracker_pieces)
