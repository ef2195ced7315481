"""Talk time, silence, overlap and pace of a conversation."""

from collections.abc import Hashable, Mapping
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from insights import queries
from insights.analytics import Figures
from insights.api import auth
from insights.api.member_json import speaker
from insights.api.paging import responses
from insights.models import Conversation, Member

router = Router(tags=["Analytics"])


class Metric(Schema):
    """Seconds and their share of the conversation in percent. `type`: total_silence, total_talk_time or total_overlap."""

    type: str
    percent: float
    seconds: float


class Pace(Schema):
    """Words per minute of talk."""

    wpm: int


class TimeShare(Schema):
    """Seconds and their share of all talk in percent; the two shares of a member are 100 together."""

    percentage: float
    seconds: float


class OverlapWith(Schema):
    """Another member who talked at the same time; `percent` is of the talk of both."""

    id: str | None = None
    name: str | None = None
    userId: str | None = None
    percent: float
    seconds: float


class Overlap(Schema):
    """Seconds of talk that overlapped with other members."""

    overlapDuration: float
    overlappingMembers: list[OverlapWith]


class MemberAnalytics(Schema):
    """The figures of one member."""

    id: str | None = None
    name: str | None = None
    userId: str | None = None
    pace: Pace
    talkTime: TimeShare
    listenTime: TimeShare
    overlap: Overlap


class AnalyticsOut(Schema):
    """The figures of the whole conversation and of each member who talked."""

    metrics: list[Metric]
    members: list[MemberAnalytics]


@router.get("/v1/conversations/{conversation_id}/analytics", response=responses(AnalyticsOut), exclude_none=True, summary="Get analytics")
def read_analytics(request: HttpRequest, conversation_id: str) -> AnalyticsOut:
    """Return talk time, silence, overlap and pace. A live conversation is measured until its last word."""
    conversation = auth.conversation(request, conversation_id)
    figures = queries.figures_of(conversation, _seconds(conversation))
    members = {member.id: member for member in queries.members_of(conversation)}
    people: dict[Hashable, Member | None] = {key: members.get(key) for key in figures.speakers if isinstance(key, UUID)}
    return AnalyticsOut(
        metrics=[
            Metric(type="total_silence", **_length_share(figures.silence, figures)),
            Metric(type="total_talk_time", **_length_share(figures.talk, figures)),
            Metric(type="total_overlap", **_length_share(figures.overlap, figures)),
        ],
        members=[_member(member, figures, people) for member in people.values() if member is not None],
    )


def _seconds(conversation: Conversation) -> float:
    return (conversation.ended_at - conversation.started_at).total_seconds() if conversation.ended_at else 0.0


def _length_share(seconds: float, figures: Figures) -> dict[str, float]:
    """Return the share of the length of the conversation."""
    return {"percent": _percent(seconds, figures.total), "seconds": round(seconds, 3)}


def _percent(seconds: float, of: float) -> float:
    return round(100 * seconds / of, 3) if of else 0.0


def _member(member: Member, figures: Figures, people: Mapping[Hashable, Member | None]) -> MemberAnalytics:
    own = figures.speakers[member.id]
    talked = _percent(own.talk, figures.talk)
    others = [
        OverlapWith(**speaker(other).dict(), percent=_percent(seconds, own.talk + figures.speakers[key].talk), seconds=round(seconds, 3))
        for key, seconds in own.overlaps.items()
        if (other := people.get(key)) is not None
    ]
    return MemberAnalytics(
        **speaker(member).dict(),
        pace=Pace(wpm=round(own.pace)),
        talkTime=TimeShare(percentage=talked, seconds=round(own.talk, 3)),
        listenTime=TimeShare(percentage=round(100 - talked, 3) if figures.talk else 0.0, seconds=round(own.listen, 3)),
        overlap=Overlap(overlapDuration=round(sum(own.overlaps.values()), 3), overlappingMembers=others),
    )
