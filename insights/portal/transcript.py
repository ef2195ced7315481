"""The transcript of a conversation as paragraphs: consecutive messages of one speaker, with the time at which they begin."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from insights.insight_kinds import InsightKind
from insights.models import Conversation, Message
from insights.portal.faces import People, person_of
from insights.portal.listing import Face
from insights.portal.wording import TURN_S, clock


@dataclass(frozen=True, slots=True)
class Found:
    """An insight of a message, as a mark in the transcript."""

    insight_id: UUID
    kind: InsightKind


@dataclass(frozen=True, slots=True)
class Line:
    """One message in a paragraph. `at`, `to`: seconds from the start of the conversation, as a text for scripts."""

    id: UUID
    text: str
    at: str
    to: str
    edited: bool
    found: Sequence[Found]

    @property
    def kind(self) -> InsightKind | None:
        """The kind of its first insight; None without one."""
        return self.found[0].kind if self.found else None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Consecutive messages of one speaker, within TURN_S seconds. `place` is the time of the first one, such as `0:42`."""

    id: UUID
    person: UUID
    face: Face
    place: str
    at: str
    started_at: datetime
    lines: list[Line] = field(default_factory=list)


def seconds_from_start(conversation: Conversation, at: datetime) -> float:
    """Return seconds from the start of a conversation, the clock of its stored audio."""
    return max(0.0, (at - conversation.started_at).total_seconds())


def paragraphs_of(
    conversation: Conversation, messages: Iterable[Message], people: People, found: Mapping[UUID, Sequence[Found]]
) -> list[Paragraph]:
    """Group messages into paragraphs; `found` has the insights by message id."""
    paragraphs: list[Paragraph] = []
    first: Message | None = None
    for one in messages:
        at = seconds_from_start(conversation, one.started_at)
        person = person_of(one)
        if first is None or person != person_of(first) or one.offset_s - first.offset_s >= TURN_S:
            first = one
            paragraphs.append(Paragraph(one.id, person, people.face(person), clock(one.offset_s), f"{at:.2f}", one.started_at))
        to = max(at, seconds_from_start(conversation, one.ended_at))
        paragraphs[-1].lines.append(Line(one.id, one.text, f"{at:.2f}", f"{to:.2f}", one.corrected_at is not None, found.get(one.id, ())))
    return paragraphs
