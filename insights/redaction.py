"""Redact stored messages while they are read: every category of personal data but the excluded ones is replaced by a mask."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from insights.analysis.personal_data import CATEGORIES, CUSTOM, Category, Span, category_named, masked, merged, types_without
from insights.analysis.text.supported_languages import knows
from insights.analysis.types import Person
from insights.models import Conversation, Member
from insights.payloads import iso
from insights.queries.spoken import Spoken, custom_spans
from insights.recorder import redact
from insights.recorder.segment import Draft
from insights.recorder.types import SpokenWord
from insights.snapshots import Word

MASK = "****"


class RedactionRefused(Exception):
    """A redaction that cannot be carried out; the text names the field and what is allowed."""


class Redacted(NamedTuple):
    """What is left of a message: its text, its words if they were read, and its action phrases."""

    text: str
    words: Sequence[Word]
    phrases: Sequence[str]


class Redactor:
    """Redacts the messages of one conversation."""

    def __init__(self, conversation: Conversation, members: Sequence[Member], excluded: Collection[Category] = ()) -> None:
        """Raises RedactionRefused for a language whose words are not known."""
        if not knows(conversation.language):
            raise RedactionRefused(f"redact: is possible for English only, not for {conversation.language}")
        self._people = [Person(member.name, member.user_id, member.email) for member in members]
        self._timezone_offset = conversation.timezone_offset
        self._hidden = types_without(excluded)

    def messages(self, batch: Collection[Spoken]) -> Iterator[tuple[Spoken, Redacted]]:
        """Yield each message with what is left of it. One query, for the custom entities."""
        custom = custom_spans(batch) if CUSTOM in self._hidden else {}
        for message in batch:
            draft = _draft(message)
            spans = redact.spans_of(draft, self._people, self._timezone_offset, self._hidden)
            if message.id in custom:
                spans = merged([*spans, *((start, end, CUSTOM) for start, end in custom[message.id])])
            rest = redact.without(draft, spans, MASK)
            words = tuple(Word(word.text, iso(word.start), iso(word.end), word.confidence) for word in rest.words)
            yield message, Redacted(rest.text, words, tuple(map(RedactedText(message.text, tuple(spans)).phrase, message.phrases)))

    def text(self, text: str, at: datetime) -> "RedactedText":
        """Return a text, said at this time, with the spans in it that are hidden. Custom entities are not read."""
        spans = redact.spans_of(Draft(text, "", (), 0.0, at, at), self._people, self._timezone_offset, self._hidden)
        return RedactedText(text, tuple(spans))

    def hides(self, entity_type: str) -> bool:
        """Return whether entities of this type are hidden."""
        return entity_type in self._hidden


@dataclass(frozen=True, slots=True)
class RedactedText:
    """A text with the spans in it that are hidden."""

    original: str
    spans: tuple[Span, ...]

    @property
    def shown(self) -> str:
        """The text with the mask in place of each span."""
        return masked(self.original, self.spans, MASK)

    def offset(self, offset: int) -> int:
        """Return the offset in `shown` of a character of the original text."""
        return len(masked(self.original, self.spans, MASK, 0, offset))

    def covers(self, start: int, end: int) -> bool:
        """Return whether a character from `start` to `end` (exclusive) is hidden."""
        return any(first < end and start < last for first, last, _ in self.spans)

    def phrase(self, phrase: str) -> str:
        """Return a phrase of the text without hidden words; a phrase that is not in the text is hidden as a whole."""
        start = self.original.find(phrase)
        if start < 0:
            return MASK
        hidden = masked(self.original, self.spans, MASK, start, start + len(phrase))
        return MASK + hidden if any(first < start < last for first, last, _ in self.spans) else hidden


def excluded_categories(names: Collection[str]) -> tuple[Category, ...]:
    """Return the categories with these names. Raises RedactionRefused for an unknown one."""
    found = [category_named(name) for name in names]
    if None in found:
        allowed = ", ".join(category.name for category in CATEGORIES)
        raise RedactionRefused(f'exclude: must be a list of categories, such as ["PERSON_NAME"]; there are {allowed}')
    return tuple(category for category in found if category is not None)


def _draft(message: Spoken) -> Draft:
    words = tuple(
        SpokenWord(word["word"], datetime.fromisoformat(word["startTime"]), datetime.fromisoformat(word["endTime"]), word.get("score", 0.0))
        for word in message.words
    )
    return Draft(message.text, "", words, 0.0, message.started_at, message.ended_at)
