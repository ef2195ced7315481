"""The tracker matches of a conversation. Both routes return a JSON array, as Symbl's published SDKs cannot read anything else."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema

from insights.api.paging import of_conversation, responses
from insights.tracker_json import tracker_pieces

router = Router(tags=["Trackers"])
_ROOT = "/v1/conversations/{conversation_id}"


class MessageRef(Schema):
    """A match in a message. `offset` is -1 for similar words without an exact place."""

    id: str
    text: str
    offset: int
    startTime: str
    endTime: str


class InsightRef(Schema):
    """A match in an insight."""

    id: str
    text: str
    type: str
    offset: int


class Match(Schema):
    """All matches of one phrase of a tracker's vocabulary."""

    type: str
    value: str
    messageRefs: list[MessageRef]
    insightRefs: list[InsightRef]


class TrackerOut(Schema):
    """A tracker with its matches."""

    id: str
    name: str
    matches: list[Match]


@router.get(_ROOT + "/trackers", response=responses(list[TrackerOut]), summary="List tracker matches")
def list_trackers(request: HttpRequest, conversation_id: str) -> HttpResponseBase:
    """Return the trackers that were detected, with all matches in messages and insights."""
    return of_conversation(request, conversation_id, tracker_pieces)


@router.get(_ROOT + "/trackers-detected", response=responses(list[TrackerOut]), summary="List tracker matches (newer path)")
def list_trackers_detected(request: HttpRequest, conversation_id: str) -> HttpResponseBase:
    """Return the same as `/trackers`."""
    return of_conversation(request, conversation_id, tracker_pieces)
