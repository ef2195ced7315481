"""Where trackers' phrases were said. Both routes answer a bare list: the published SDKs cannot read anything else."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema

from insights.api.paging import of_conversation, responses
from insights.tracker_json import tracker_pieces

router = Router(tags=["Trackers"])
_ROOT = "/v1/conversations/{conversation_id}"


class MessageRef(Schema):
    """A place in a message; offset -1: similar words, no exact place."""

    id: str
    text: str
    offset: int
    startTime: str
    endTime: str


class InsightRef(Schema):
    """A place in an insight."""

    id: str
    text: str
    type: str
    offset: int


class Match(Schema):
    """All places of one phrase of a tracker's vocabulary."""

    type: str
    value: str
    messageRefs: list[MessageRef]
    insightRefs: list[InsightRef]


class TrackerOut(Schema):
    """A tracker that was heard."""

    id: str
    name: str
    matches: list[Match]


@router.get(_ROOT + "/trackers", response=responses(list[TrackerOut]), summary="Read the trackers that were heard")
def list_trackers(request: HttpRequest, conversation_id: str) -> HttpResponseBase:
    """Answer the trackers with all places where they were heard."""
    return of_conversation(request, conversation_id, tracker_pieces)


@router.get(_ROOT + "/trackers-detected", response=responses(list[TrackerOut]), summary="The same under its newer name")
def list_trackers_detected(request: HttpRequest, conversation_id: str) -> HttpResponseBase:
    """Answer what `/trackers` answers."""
    return of_conversation(request, conversation_id, tracker_pieces)
