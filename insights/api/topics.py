"""The topics of a conversation."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router, Schema

from insights import queries
from insights.api.paging import Part, item_after, of_conversation, responses
from insights.api.sentiment import Sentiment, sentiment_json
from insights.json_text import nested
from insights.models import Conversation, Topic

router = Router(tags=["Topics"])


class ParentRef(Schema):
    """The broader topic that this one belongs to."""

    type: str = "topic"
    text: str


class TopicOut(Schema):
    """A topic with the ids of its messages. `score`: from 0 to 1 (strongest)."""

    id: str
    text: str
    type: str = "topic"
    score: float
    messageIds: list[str]
    sentiment: Sentiment | None = None
    parentRefs: list[ParentRef]


class TopicList(Schema):
    """Topics, strongest first."""

    topics: list[TopicOut]


@router.get("/v1/conversations/{conversation_id}/topics", response=responses(TopicList), exclude_none=True, summary="List topics")
def list_topics(
    request: HttpRequest,
    conversation_id: str,
    part: Query[Part],
    sentiment: bool = False,
    parentRefs: bool = False,
    refresh: bool = False,
) -> HttpResponseBase:
    """Return the topics, strongest first. `refresh` has no effect: topics are always up to date."""

    def pieces(conversation: Conversation) -> Iterator[str]:
        topics = queries.topics_of(conversation).prefetch_related(None)
        batches = queries.topics_in_batches(topics, item_after(topics, part), part.limit)
        parts = (one for batch in batches for one in queries.references_in_batches(batch))
        return nested(parts, lambda topic: _form(topic, sentiment, parentRefs), "messageIds", str, '{"topics": [', "]}")

    return of_conversation(request, conversation_id, pieces)


def _form(row: Topic, with_sentiment: bool, with_parents: bool) -> dict[str, object]:
    """Return a TopicOut without its messages."""
    form: dict[str, object] = {"id": str(row.id), "text": row.text, "type": "topic", "score": round(row.score, 4)}
    if with_sentiment:
        form["sentiment"] = sentiment_json(row.sentiment)
    form["parentRefs"] = [{"type": "topic", "text": row.parent_text}] if with_parents and row.parent_text else []
    return form
