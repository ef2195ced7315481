"""The messages of a conversation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from insights import queries
from insights.api.member_json import Person, person_json
from insights.api.paging import Part, item_after, of_conversation, responses
from insights.api.redaction import Redaction, redactor
from insights.api.sentiment import Sentiment, sentiment_json
from insights.api.shapes import Phrase, Shape, phrases_json, shape_of
from insights.json_text import array_of
from insights.models import Conversation
from insights.payloads import iso
from insights.queries import Spoken
from insights.redaction import Redacted, Redactor
from insights.snapshots import Word as SpokenWord
from insights.snapshots import parse_words

router = Router(tags=["Messages"])


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
    """A sentence. `timeOffset`: seconds from the start of the conversation. `duration`: seconds.

    `overlap` is true if another person of the same audio speaks at the same time, else left out; `languageCode` is there if it is not
    that of the conversation, `translation` (into English) if it was wanted; all three are additions.
    """

    id: str
    text: str
    from_: Person = Field(serialization_alias="from")
    startTime: str
    endTime: str
    timeOffset: float
    duration: float
    conversationId: str
    phrases: list[Phrase | str]
    overlap: bool | None = None
    sentiment: Sentiment | None = None
    words: list[Word] | None = None
    languageCode: str | None = None
    translation: str | None = None


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
        speakers = queries.members_by_speaker(conversation)
        view = _View(
            str(conversation.id),
            conversation.started_at,
            {number: person_json(member) for number, member in speakers.items()},
            verbose,
            sentiment,
            conversation.detect_phrases if detectPhrases is None else detectPhrases,
            shape_of(request, shape),
        )
        first = item_after(queries.message_rows(conversation), part)
        batches = queries.spoken_in(conversation, phrases=view.phrases, words=verbose, after=first.number if first else 0, most=part.limit)
        hidden = redactor(conversation, redaction)
        return array_of((_shown(batch, view, hidden) for batch in batches), lambda form: form, '{"messages": [', "]}")

    return of_conversation(request, conversation_id, pieces)


@dataclass(frozen=True, slots=True)
class _View:
    """What a request shows of each message; `people` has the Person of each speaker whose member is known."""

    conversation_id: str
    origin: datetime
    people: dict[int, dict[str, str]]
    words: bool = False
    sentiment: bool = False
    phrases: bool = False
    shape: Shape = Shape.DOCUMENTED


def message_forms(conversation: Conversation, messages: Sequence[Spoken]) -> list[dict[str, object]]:
    """Return the MessageOut of messages of a conversation, without words and sentiments."""
    people = {number: person_json(member) for number, member in queries.members_by_speaker(conversation).items()}
    return _shown(list(messages), _View(str(conversation.id), conversation.started_at, people), None)


def _shown(batch: list[Spoken], view: _View, hidden: Redactor | None) -> list[dict[str, object]]:
    """Return the MessageOut of each message."""
    if hidden is not None:
        return [_form(message, rest, view) for message, rest in hidden.messages(batch)]
    return [_form(one, Redacted(one.text, parse_words(one.words) if view.words else (), one.phrases), view) for one in batch]


def _form(message: Spoken, shown: Redacted, view: _View) -> dict[str, object]:
    form: dict[str, object] = {
        "id": message.id,
        "text": shown.text,
        "from": view.people.get(message.speaker, {}),
        "startTime": iso(message.started_at),
        "endTime": iso(message.ended_at),
        "timeOffset": round(message.offset_s, 2),
        "duration": round(message.duration_s, 2),
        "conversationId": view.conversation_id,
        "phrases": phrases_json(shown.phrases, view.shape) if view.phrases else [],
    }
    if message.language:
        form["languageCode"] = message.language
    if message.translation and shown.text == message.text:  # hidden words would be in the translation
        form["translation"] = message.translation
    if message.overlap:
        form["overlap"] = True
    if view.sentiment:
        form["sentiment"] = sentiment_json(message.sentiment)
    if view.words:
        form["words"] = [_word(word, view.origin, message.speaker) for word in shown.words]
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
