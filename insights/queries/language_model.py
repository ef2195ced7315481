"""What a language model wrote about a conversation, and what it reads."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from insights.abstractive import SpokenLine, Statement
from insights.call_score import CALL_SCORE, Score
from insights.models import Conversation, LanguageResult, Message

Result = TypeVar("Result", covariant=True)


@dataclass(frozen=True, slots=True)
class Written(Generic[Result]):
    """A result, and the number of the last message that it is about."""

    result: Result
    messages: int


def written_about(conversation: Conversation, kind: str) -> Written[tuple[Statement, ...]] | None:
    """Return the statements of this kind; None: there are none, or messages were edited since."""
    row = _row(conversation, kind)
    if row is None:
        return None
    return Written(tuple(Statement(one["text"], tuple(one["messageIds"])) for one in row.value), row.messages)


def score_of(conversation: Conversation) -> Written[Score] | None:
    """Return the call score; None: there is none, or messages were edited since."""
    row = _row(conversation, CALL_SCORE)
    return None if row is None else Written(Score.parse(row.value), row.messages)


def _row(conversation: Conversation, kind: str) -> LanguageResult | None:
    return LanguageResult.objects.filter(conversation=conversation, kind=kind).first()


def lines_of(conversation: Conversation) -> list[SpokenLine]:
    """Return all messages, up to the number that the conversation object has, with the names of their speakers."""
    rows = Message.objects.filter(conversation=conversation, number__lte=conversation.message_count).order_by("number")
    columns = rows.values_list("id", "speaker__member__name", "text")
    return [SpokenLine(str(identity), name or "", text) for identity, name, text in columns]
