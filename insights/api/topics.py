"""The topics of a conversation."""

import json
from collections.abc import Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from insights import queries
from insights.analysis.topics import names_one_of
from insights.api.errors import ApiError
from insights.api.paging import Part, item_after, of_conversation, responses
from insights.api.sentiment import Sentiment, sentiment_json
from insights.json_text import nested
from insights.managed.vocabulary import vocabulary_of
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


class TopicVocabulary(Schema):
    """The words of which each listed topic contains one."""

    customTopicVocabulary: str | None = Field(
        None,
        max_length=2000,
        description='Only topics that contain one of these words or phrases: a JSON list such as `["budget"]`, words between commas,'
        " or `true` for the vocabulary of the account.",
    )
    customVocabulary: str | None = Field(None, max_length=2000, description="The older name of customTopicVocabulary.")


@router.get("/v1/conversations/{conversation_id}/topics", response=responses(TopicList), exclude_none=True, summary="List topics")
def list_topics(
    request: HttpRequest,
    conversation_id: str,
    part: Query[Part],
    vocabulary: Query[TopicVocabulary],
    sentiment: bool = False,
    parentRefs: bool = False,
    refresh: bool = False,
) -> HttpResponseBase:
    """Return the topics, strongest first. `refresh` has no effect: topics are always up to date."""

    def pieces(conversation: Conversation) -> Iterator[str]:
        topics = queries.topics_of(conversation).prefetch_related(None)
        words = _phrases(vocabulary, conversation.owner_id)
        if words is not None:
            named = list(topics.values_list("id", "text"))
            topics = topics.filter(id__in=[identity for identity, text in named if names_one_of(text, words)])
        batches = queries.topics_in_batches(topics, item_after(topics, part), part.limit)
        parts = (one for batch in batches for one in queries.references_in_batches(batch))
        return nested(parts, lambda topic: _form(topic, sentiment, parentRefs), "messageIds", str, '{"topics": [', "]}")

    return of_conversation(request, conversation_id, pieces)


def _phrases(vocabulary: TopicVocabulary, owner_id: int) -> list[str] | None:
    """Return the phrases of a JSON list, or between commas; those of the account for `true`; None for all topics."""
    text = vocabulary.customVocabulary if vocabulary.customTopicVocabulary is None else vocabulary.customTopicVocabulary
    if text is None or text.strip().lower() in {"", "false"}:
        return None
    if text.strip().lower() == "true":
        if known := vocabulary_of(owner_id):
            return list(known)
        raise ApiError(400, 'customTopicVocabulary: the account has no vocabulary; give the words, such as ["budget","price list"]')
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = text.split(",")
    if not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
        raise ApiError(400, 'customTopicVocabulary: must be a JSON list of texts, such as ["budget","price list"]')
    return [value for value in values if value.strip()]


class AbstractTopicOut(Schema):
    """A topic that is part of no broader one, with the ids of its messages and of those of its narrower topics."""

    id: str
    text: str
    type: str = "abstract_topic"
    score: float
    messageIds: list[str]


class AbstractTopicList(Schema):
    """Abstract topics, strongest first."""

    abstractTopics: list[AbstractTopicOut]


@router.get(
    "/v1/conversations/{conversation_id}/abstract-topics",
    response=responses(AbstractTopicList),
    exclude_none=True,
    summary="List abstract topics",
)
def list_abstract_topics(request: HttpRequest, conversation_id: str, refresh: bool = False) -> HttpResponseBase:
    """Return the topics that have no broader topic, strongest first. `refresh` has no effect: topics are always up to date."""

    def pieces(conversation: Conversation) -> Iterator[str]:
        return nested(queries.topic_families(conversation), _abstract_form, "messageIds", str, '{"abstractTopics": [', "]}")

    return of_conversation(request, conversation_id, pieces)


def _abstract_form(row: Topic) -> dict[str, object]:
    """Return an AbstractTopicOut without its messages."""
    return {"id": str(row.id), "text": row.text, "type": "abstract_topic", "score": round(row.score, 4)}


def _form(row: Topic, with_sentiment: bool, with_parents: bool) -> dict[str, object]:
    """Return a TopicOut without its messages."""
    form: dict[str, object] = {"id": str(row.id), "text": row.text, "type": "topic", "score": round(row.score, 4)}
    if with_sentiment:
        form["sentiment"] = sentiment_json(row.sentiment)
    form["parentRefs"] = [{"type": "topic", "text": row.parent_text}] if with_parents and row.parent_text else []
    return form
