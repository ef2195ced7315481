"""The lines of a transcript: one per message, with the name of its speaker, its times, and the phrases to highlight."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from insights import queries
from insights.models import Conversation, Member
from insights.queries import Spoken
from insights.redaction import Redactor

TURN_S = 60
"""Seconds after which a longer turn is split, so that a long monologue has headings with times."""


class Highlight(StrEnum):
    """The phrases of messages that are highlighted: none, those of insights, or all action phrases."""

    NONE = "none"
    INSIGHTS = "insights"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a transcript. `offset_s`: seconds from the start of the conversation."""

    id: UUID
    speaker: str
    member: Member | None
    text: str
    started_at: datetime
    offset_s: float
    duration_s: float
    phrases: tuple[str, ...] = ()

    def begins_turn(self, first: "Line | None") -> bool:
        """Return whether a turn begins here: another speaker than the turn's first line, or TURN_S seconds later."""
        return first is None or self.speaker != first.speaker or self.offset_s - first.offset_s >= TURN_S


def speaker_name(message: Spoken, member: Member | None) -> str:
    """Return the name of a speaker, or `Speaker 1` for an unknown one."""
    return str(member or "") or f"Speaker {message.speaker}"


def lines_of(conversation: Conversation, highlight: Highlight = Highlight.NONE, redactor: Redactor | None = None) -> Iterator[list[Line]]:
    """Yield the lines in order, in batches; a redactor replaces personal data in their texts and phrases."""
    members = {member.id: member for member in queries.members_of(conversation)}
    for batch in queries.spoken_in(conversation):
        found = queries.insight_phrases(batch) if highlight is Highlight.INSIGHTS else {}
        if highlight is Highlight.INSIGHTS:
            batch = [message._replace(phrases=found.get(message.id, [])) for message in batch]
        if redactor is None:
            texts = ((message, message.text, tuple(message.phrases)) for message in batch)
        else:
            texts = ((message, rest.text, rest.phrases) for message, rest in redactor.messages(batch))
        yield [_line(message, members, text, () if highlight is Highlight.NONE else phrases) for message, text, phrases in texts]


def _line(message: Spoken, members: Mapping[UUID, Member], text: str, phrases: tuple[str, ...]) -> Line:
    member = members.get(message.member_id) if message.member_id else None
    name = speaker_name(message, member)
    return Line(message.id, name, member, text, message.started_at, message.offset_s, message.duration_s, phrases)
