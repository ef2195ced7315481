"""Where trackers' phrases were said. Both routes answer a bare list: the published SDKs cannot read anything else."""

from django.http import HttpRequest
from ninja import Router, Schema

from insights import queries
from insights.api import auth
from insights.events import JsonObject
from insights.payloads import trackers_json

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


@router.get(_ROOT + "/trackers", response=list[TrackerOut], summary="Read the trackers that were heard")
def list_trackers(request: HttpRequest, conversation_id: str) -> list[JsonObject]:
    """Answer the trackers with all places where they were heard."""
    return trackers_json(queries.tracker_matches_of(auth.conversation(request, conversation_id)))


@router.get(_ROOT + "/trackers-detected", response=list[TrackerOut], summary="The same under its newer name")
def list_trackers_detected(request: HttpRequest, conversation_id: str) -> list[JsonObject]:
    """Answer what `/trackers` answers."""
    return trackers_json(queries.tracker_matches_of(auth.conversation(request, conversation_id)))
