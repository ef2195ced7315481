"""What a language model wrote about a conversation, and what it reads."""

from dataclasses import dataclass

from insights.abstractive import Line, Statement
from insights.models import Conversation, LanguageResult, Message


@dataclass(frozen=True, slots=True)
class Written:
    """Statements, and the number of the last message that they are about."""

    statements: tuple[Statement, ...]
    messages: int


def written_about(conversation: Conversation, kind: str) -> Written | None:
    """Return what a language model wrote; None: nothing, or messages were edited since."""
    row = LanguageResult.objects.filter(conversation=conversation, kind=kind).first()
    if row is None:
        return None
    return Written(tuple(Statement(one["text"], tuple(one["messageIds"])) for one in row.value), row.messages)


def lines_of(conversation: Conversation) -> list[Line]:
    """Return all messages, up to the number that the conversation object has, with the names of their speakers."""
    rows = Message.objects.filter(conversation=conversation, number__lte=conversation.message_count).order_by("number")
    columns = rows.values_list("id", "speaker__member__name", "text")
    return [Line(str(identity), name or "", text) for identity, name, text in columns]
