"""The messages of a conversation."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from insights import queries
from insights.api.paging import Part, item_after, of_conversation, responses
from insights.api.people import Person, person_json
from insights.api.redaction import Redaction, redactor
from insights.api.sentiment import Sentiment, sentiment_json
from insights.api.shapes import Phrase, Shape, phrases_json, shape_of
from insights.json_text import array_of
from insights.models import Conversation, Message
from insights.payloads import iso
from insights.redaction import Redacted, Redactor
from insights.snapshots import Word as SpokenWord
from insights.snapshots import parse_words

router = Router(tags=["Messages"])
_LARGE_BATCH = 50
"""Messages of one batch if their words are included or personal data is searched: 10 ms of work or more."""


class Word(Schema):
    """A word. `timeOffset`: seconds from the start of the conversation. `duration`: seconds. `speakerTag`: the speaker's number, from 1."""

    word: str
    startTime: str
    endTime: str
    speakerTag: int
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
    phrases: list[Phrase | str]
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
    request: HttpRequest,
    conversation_id: str,
    part: Query[Part],
    redaction: Query[Redaction],
    verbose: bool = False,
    sentiment: bool = False,
    detectPhrases: bool | None = None,
    shape: Shape | None = None,
) -> HttpResponseBase:
    """Return the messages in order. `verbose` adds words with times and scores, `sentiment` adds sentiments, `redact` hides personal
    data. `phrases` is empty unless `detectPhrases` was requested here or when the conversation was made.
    """

    def pieces(conversation: Conversation) -> Iterator[str]:
        hidden = redactor(conversation, redaction)
        phrases = conversation.detect_phrases if detectPhrases is None else detectPhrases
        view = MessageView(conversation.started_at, verbose, sentiment, phrases, shape_of(request, shape), hidden)
        rows = queries.spoken_in(conversation, words=verbose)
        if hidden is not None:
            rows = queries.with_custom_entities(rows)
        size = queries.BATCH if hidden is None and not verbose else _LARGE_BATCH
        batches = queries.in_batches(rows, "number", after=item_after(rows, part), most=part.limit, size=size)
        return array_of(batches, lambda row: message_form(row, view), '{"messages": [', "]}")

    return of_conversation(request, conversation_id, pieces, redacts=True)


@dataclass(frozen=True, slots=True)
class MessageView:
    """What a request shows of each message."""

    origin: datetime
    words: bool = False
    sentiment: bool = False
    phrases: bool = False
    shape: Shape = Shape.DOCUMENTED
    redactor: Redactor | None = None


def message_form(row: Message, view: MessageView) -> dict[str, object]:
    """Return a MessageOut."""
    if view.redactor is not None:
        shown = view.redactor.message(row, with_words=view.words, custom=row.entities.all())
    else:
        shown = Redacted(row.text, parse_words(row.words) if view.words else (), tuple(row.phrases))
    form = {
        "id": str(row.id),
        "text": shown.text,
        "from": person_json(row.member) if row.member else {},
        "startTime": iso(row.started_at),
        "endTime": iso(row.ended_at),
        "timeOffset": round(row.offset_s, 2),
        "duration": round(row.duration_s, 2),
        "conversationId": str(row.conversation_id),
        "phrases": phrases_json(shown.phrases, view.shape) if view.phrases else [],
    }
    if view.sentiment:
        form["sentiment"] = sentiment_json(row.sentiment)
    if view.words:
        form["words"] = [_word(word, view.origin, row.speaker.number) for word in shown.words]
    return form


def _word(word: SpokenWord, origin: datetime, speaker: int) -> dict[str, object]:
    """Return a Word."""
    start, end = datetime.fromisoformat(word.start_time), datetime.fromisoformat(word.end_time)
    return {
        "word": word.word,
        "startTime": word.start_time,
        "endTime": word.end_time,
        "speakerTag": speaker,
        "score": word.score,
        "timeOffset": round((start - origin).total_seconds(), 2),
        "duration": round((end - start).total_seconds(), 2),
    }
