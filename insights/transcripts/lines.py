"""The lines of a transcript: one per message, with the name of its speaker, its times, and the phrases to highlight."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar

from insights import queries
from insights.models import Conversation
from insights.queries import BriefRow, Spoken, TextRow
from insights.redaction import Redactor

Row = TypeVar("Row", TextRow, BriefRow)

TURN_S = 60
"""Seconds after which a longer turn is split, so that a long monologue has headings with times."""


class Highlight(StrEnum):
    """The phrases of messages that are highlighted: none, those of insights, or all action phrases."""

    NONE = "none"
    INSIGHTS = "insights"
    ALL = "all"


class TranscriptLine(NamedTuple):
    """One message of a transcript. `offset_s`: seconds from the start of the conversation. `id` and `started_at`: empty unless read.

    `overlap`: another person of the same audio speaks at the same time.
    """

    speaker: str
    text: str
    offset_s: float
    duration_s: float
    phrases: tuple[str, ...] = ()
    id: str = ""
    started_at: datetime | None = None
    overlap: bool = False

    def begins_turn(self, first: "TranscriptLine | None") -> bool:
        """Return whether a turn begins here: another speaker than the turn's first line, or TURN_S seconds later."""
        return first is None or self.speaker != first.speaker or self.offset_s - first.offset_s >= TURN_S


def lines_of(
    conversation: Conversation,
    highlight: Highlight = Highlight.NONE,
    redactor: Redactor | None = None,
    *,
    full: bool = False,
    naming: Callable[[str], str] = str,
) -> Iterator[list[TranscriptLine]]:
    """Yield the lines in order, in batches; a redactor replaces personal data in their texts and phrases.

    A speaker without a member is called `Speaker 1`. `full`: with ids and start times. `naming` returns the name to show for a stored one.
    """
    if highlight is Highlight.NONE and redactor is None and not full:
        yield from _brief_lines(conversation, naming)
        return
    names = {number: naming(str(member)) for number, member in queries.members_by_speaker(conversation).items()}
    for batch in queries.spoken_in(conversation, phrases=highlight is Highlight.ALL):
        found = queries.insight_phrases(batch) if highlight is Highlight.INSIGHTS else {}
        if highlight is Highlight.INSIGHTS:
            batch = [message._replace(phrases=found.get(message.id, [])) for message in batch]
        if redactor is None:
            texts = ((message, message.text, tuple(message.phrases)) for message in batch)
        else:
            texts = ((message, rest.text, tuple(rest.phrases)) for message, rest in redactor.messages(batch))
        shown = highlight is not Highlight.NONE
        yield [_line(message, names, naming, text, phrases if shown else ()) for message, text, phrases in texts]


def texts_of(conversation: Conversation) -> Iterator[list[tuple[str, str]]]:
    """Yield speaker and text of the lines in order, in batches: cheaper than whole lines for a format that shows no more."""
    for names, batch in _with_names(conversation, queries.texts_in(conversation), str):
        yield [(names[speaker], text) for speaker, _, text in batch]


def _brief_lines(conversation: Conversation, naming: Callable[[str], str]) -> Iterator[list[TranscriptLine]]:
    for names, batch in _with_names(conversation, queries.said_briefly(conversation), naming):
        yield [
            TranscriptLine(names[speaker], text, offset_s, duration_s, (), "", None, overlap == 1)  # keywords take twice as long
            for speaker, _, text, offset_s, duration_s, overlap in batch
        ]


def _with_names(
    conversation: Conversation, batches: Iterator[list[Row]], naming: Callable[[str], str]
) -> Iterator[tuple[dict[str, str], list[Row]]]:
    """Yield each batch of rows with the names of its speakers, whose keys are the first column."""
    names: dict[str, str] = {}
    for batch in batches:
        if not names.keys() >= {row[0] for row in batch}:  # the first batch, or somebody spoke meanwhile
            names = {key: naming(name) for key, name in queries.speaker_names(conversation).items()}
        yield names, batch


def _line(message: Spoken, names: Mapping[int, str], naming: Callable[[str], str], text: str, phrases: tuple[str, ...]) -> TranscriptLine:
    name = names.get(message.speaker) or naming(f"Speaker {message.speaker}")
    return TranscriptLine(name, text, message.offset_s, message.duration_s, phrases, message.id, message.started_at, message.overlap)
