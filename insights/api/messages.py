"""The messages of a conversation."""

from collections.abc import Iterator
from datetime import datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from insights import queries
from insights.api.paging import Part, item_after, of_conversation, responses
from insights.api.people import Person, person_json
from insights.api.sentiment import Sentiment, sentiment_json
from insights.json_text import Form, array_of
from insights.models import Conversation, Message
from insights.payloads import iso

router = Router(tags=["Messages"])
_VERBOSE_BATCH = 50
"""Messages of one batch if their words are included: 10 ms of work, as much as twice as many messages without words."""


class Phrase(Schema):
    """The words of a text that name an action."""

    type: str = "action_phrase"
    text: str


class Word(Schema):
    """A word. `timeOffset`: seconds from the start of the conversation. `duration`: seconds."""

    word: str
    startTime: str
    endTime: str
    score: float
    timeOffset: float
    duration: float


class MessageOut(Schema):
    """A sentence. `timeOffset`: seconds from the start of the conversation. `duration`: seconds."""

    id: str
    text: str
    from_: Person = Field(serialization_alias="from")
    startTime: str
    endTime: str
    timeOffset: float
    duration: float
    conversationId: str
    phrases: list[Phrase]
    sentiment: Sentiment | None = None
    words: list[Word] | None = None


class MessageList(Schema):
    """Messages in order."""

    messages: list[MessageOut]


@router.get(
    "/v1/conversations/{conversation_id}/messages",
    response=responses(MessageList),
    by_alias=True,
    exclude_none=True,
    summary="List messages",
)
def list_messages(
    request: HttpRequest, conversation_id: str, part: Query[Part], verbose: bool = False, sentiment: bool = False
) -> HttpResponseBase:
    """Return the messages in order. `verbose` adds words with times and scores, `sentiment` adds sentiments."""

    def pieces(conversation: Conversation) -> Iterator[str]:
        rows = queries.spoken_in(conversation, words=verbose)
        size = _VERBOSE_BATCH if verbose else queries.BATCH
        batches = queries.in_batches(rows, "number", after=item_after(rows, part), most=part.limit, size=size)
        return array_of(batches, lambda row: message_form(row, conversation.started_at, verbose, sentiment), '{"messages": [', "]}")

    return of_conversation(request, conversation_id, pieces)


def message_form(row: Message, origin: datetime, verbose: bool = False, with_sentiment: bool = False) -> dict[str, object]:
    """Return a MessageOut."""
    form = {
        "id": str(row.id),
        "text": row.text,
        "from": person_json(row.member) if row.member else {},
        "startTime": iso(row.started_at),
        "endTime": iso(row.ended_at),
        "timeOffset": round(row.offset_s, 2),
        "duration": round(row.duration_s, 2),
        "conversationId": str(row.conversation_id),
        "phrases": [{"type": "action_phrase", "text": text} for text in row.phrases],
    }
    if with_sentiment:
        form["sentiment"] = sentiment_json(row.sentiment)
    if verbose:
        form["words"] = [_word(word, origin) for word in row.words]
    return form


def _word(word: Form, origin: datetime) -> dict[str, object]:
    """Return a Word."""
    start, end = datetime.fromisoformat(word["startTime"]), datetime.fromisoformat(word["endTime"])
    return {
        "word": word["word"],
        "startTime": word["startTime"],
        "endTime": word["endTime"],
        "score": word["score"],
        "timeOffset": round((start - origin).total_seconds(), 2),
        "duration": round((end - start).total_seconds(), 2),
    }
