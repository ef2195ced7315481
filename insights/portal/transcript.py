"""The transcript of a conversation as paragraphs: consecutive messages of one speaker, with the time at which they begin."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from insights import queries
from insights.analysis.chapters import TimedSentence, chapters
from insights.analysis.text.supported_languages import knows
from insights.insight_kinds import InsightKind
from insights.models import Conversation, Message
from insights.portal.faces import ShownPeople, person_of
from insights.portal.listing import Face
from insights.portal.wording import TURN_S, clock

MOST_TOPICS = 40
"""Topics of which headings are chosen."""


@dataclass(frozen=True, slots=True)
class MarkedInsight:
    """An insight of a message, as a mark in the transcript."""

    insight_id: UUID
    kind: InsightKind


@dataclass(frozen=True, slots=True)
class ParagraphLine:
    """One message in a paragraph. `at`: seconds from the start of the conversation, as a text for scripts. `english`: its translation.

    `overlap`: another person of the same audio speaks at the same time.
    """

    id: UUID
    text: str
    at: str
    edited: bool
    found: Sequence[MarkedInsight]
    english: str = ""
    overlap: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Consecutive messages of one speaker, within TURN_S seconds. `place` is the time of the first one, such as `0:42`.

    `chapter`: the heading of a stretch of the conversation that begins here; empty within a stretch.
    """

    id: UUID
    person: UUID
    face: Face
    place: str
    started_at: datetime
    chapter: str = ""
    lines: list[ParagraphLine] = field(default_factory=list)


def seconds_from_start(conversation: Conversation, at: datetime) -> float:
    """Return seconds from the start of a conversation, the clock of its stored audio."""
    return max(0.0, (at - conversation.started_at).total_seconds())


def headings_of(conversation: Conversation, messages: Sequence[Message]) -> dict[UUID, str]:
    """Return the headings of the stretches, each by the id of the message with which its stretch begins."""
    if not knows(conversation.language):
        return {}
    stretches = chapters([TimedSentence(one.text, one.offset_s) for one in messages], queries.topic_texts(conversation, MOST_TOPICS))
    return {messages[one.first].id: one.heading for one in stretches if one.heading}


def paragraphs_of(
    conversation: Conversation,
    messages: Iterable[Message],
    people: ShownPeople,
    found: Mapping[UUID, Sequence[MarkedInsight]],
    headings: Mapping[UUID, str],
) -> list[Paragraph]:
    """Group messages into paragraphs; `found` has the insights by message id, `headings` those of stretches."""
    paragraphs: list[Paragraph] = []
    first: Message | None = None
    for one in messages:
        at = seconds_from_start(conversation, one.started_at)
        person = person_of(one)
        heading = headings.get(one.id, "")
        if first is None or heading or person != person_of(first) or one.offset_s - first.offset_s >= TURN_S:
            first = one
            paragraphs.append(Paragraph(one.id, person, people.face(person), clock(one.offset_s), one.started_at, heading))
        edited, marks = one.corrected_at is not None, found.get(one.id, ())
        paragraphs[-1].lines.append(ParagraphLine(one.id, one.text, f"{at:.2f}", edited, marks, one.translation, one.overlap))
    return paragraphs
