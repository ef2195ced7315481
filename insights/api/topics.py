"""What a conversation was about."""

from django.http import HttpRequest
from ninja import Router, Schema

from insights import queries
from insights.api import auth
from insights.api.errors import ApiError
from insights.api.sentiment import Sentiment
from insights.api.sentiment import sentiment as feeling
from insights.models import Topic

router = Router(tags=["Topics"])


class ParentRef(Schema):
    """The broader topic that this one belongs to."""

    type: str = "topic"
    text: str


class TopicOut(Schema):
    """A topic with the messages it came up in; `score` is from 0 to 1, 1 for the strongest."""

    id: str
    text: str
    type: str = "topic"
    score: float
    messageIds: list[str]
    sentiment: Sentiment | None = None
    parentRefs: list[ParentRef]


class TopicList(Schema):
    """All topics, strongest first."""

    topics: list[TopicOut]


@router.get("/v1/conversations/{conversation_id}/topics", response=TopicList, exclude_none=True, summary="Read the topics")
def list_topics(
    request: HttpRequest, conversation_id: str, sentiment: bool = False, parentRefs: bool = False, refresh: bool = False
) -> TopicList:
    """Answer all topics. They are always up to date, so `refresh` changes nothing; `sentiment` excludes `parentRefs`."""
    if sentiment and parentRefs:
        raise ApiError(400, "parentRefs: is not allowed together with sentiment; set one of them")
    rows = queries.topics_of(auth.conversation(request, conversation_id))
    return TopicList(topics=[_out(row, sentiment, parentRefs) for row in rows])


def _out(row: Topic, with_sentiment: bool, with_parents: bool) -> TopicOut:
    return TopicOut(
        id=str(row.id),
        text=row.text,
        score=round(row.score, 4),
        messageIds=[str(reference.message_id) for reference in row.references.all()],
        sentiment=feeling(row.sentiment) if with_sentiment else None,
        parentRefs=[ParentRef(text=row.parent_text)] if with_parents and row.parent_text else [],
    )
