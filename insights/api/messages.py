"""What was said."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Router, Schema

from insights import queries
from insights.api import auth
from insights.api.people import Person, person
from insights.api.sentiment import Sentiment, sentiment
from insights.models import Message
from insights.payloads import iso

router = Router(tags=["Messages"])


class Phrase(Schema):
    """Words that say what shall be done."""

    type: str = "action_phrase"
    text: str


class Word(Schema):
    """A word; `timeOffset` and `duration` are seconds, the former from the start of the conversation."""

    word: str
    startTime: str
    endTime: str
    score: float
    timeOffset: float
    duration: float


class MessageOut(Schema):
    """A sentence; `timeOffset` and `duration` are seconds, the former from the start of the conversation."""

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
    """All messages in order."""

    messages: list[MessageOut]


@router.get(
    "/v1/conversations/{conversation_id}/messages",
    response=MessageList,
    by_alias=True,
    exclude_none=True,
    summary="Read what was said",
)
def list_messages(request: HttpRequest, conversation_id: str, verbose: bool = False, sentiment: bool = False) -> MessageList:
    """Answer all messages; `verbose` adds words with times and scores, `sentiment` adds sentiments."""
    conversation = auth.conversation(request, conversation_id)
    rows = queries.messages_of(conversation)
    return MessageList(messages=[_out(row, conversation.started_at, verbose, sentiment) for row in rows])


def _out(row: Message, origin: datetime, verbose: bool, with_sentiment: bool) -> MessageOut:
    return MessageOut(
        id=str(row.id),
        text=row.text,
        from_=person(row.member) if row.member else Person(),
        startTime=iso(row.started_at),
        endTime=iso(row.ended_at),
        timeOffset=round(row.offset_s, 2),
        duration=round(row.duration_s, 2),
        conversationId=str(row.conversation_id),
        phrases=[Phrase(text=text) for text in row.phrases],
        sentiment=sentiment(row.sentiment) if with_sentiment else None,
        words=_words(row, origin) if verbose else None,
    )


def _words(row: Message, origin: datetime) -> list[Word]:
    words = []
    for word in row.words:
        start, end = datetime.fromisoformat(word["startTime"]), datetime.fromisoformat(word["endTime"])
        times = {"timeOffset": round((start - origin).total_seconds(), 2), "duration": round((end - start).total_seconds(), 2)}
        words.append(Word(word=word["word"], startTime=word["startTime"], endTime=word["endTime"], score=word["score"], **times))
    return words
