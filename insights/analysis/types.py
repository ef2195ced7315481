"""Input and output types of the analysis."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from insights.insight_kinds import KindName

EntityValue: TypeAlias = Mapping[str, str | float]
"""What an entity means: texts and numbers by name; see `FoundEntity`."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message: its text, speaker (any stable key) and timezone-aware time. `index` counts the conversation's messages from 0."""

    text: str
    speaker: str
    at: datetime
    speaker_name: str = ""
    speaker_id: str = ""
    index: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the conversation, or a person who was only mentioned (then without user_id)."""

    name: str
    user_id: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class FoundEntity:
    """A span of a message with a meaning: text == message[offset:offset + len(text)].

    value by type (times are ISO 8601 in the conversation's timezone):
    date {"datetime": "2026-03-03"}; time and datetime {"datetime": "2026-03-03T16:00:00+01:00"};
    daterange {"start": ISO, "end": ISO} (end exclusive); duration {"seconds": float} and, when it points to a moment ("in two weeks", "an
    hour ago"), {"datetime": ISO}; money {"amount": float, "currency": "EUR"};
    percent {"percent": float}; number {"number": float}; email, phone, url {the type: normalised}; organization, location {"name"};
    personal data of other types ("SSN", "ADDRESS": `personal_data.Category`) {"value": text};
    person {"name", "alias"} and, when the person is a member, {"userId", "email"}.
    """

    type: str
    text: str
    offset: int
    value: EntityValue = field(default_factory=dict)

    @property
    def end(self) -> int:
        """Offset of the first character after the span."""
        return self.offset + len(self.text)


@dataclass(frozen=True, slots=True)
class Finding:
    """One insight of a message. confidence is in (0, 1); due is timezone-aware; hint values are strings, as the Symbl protocol requires."""

    type: KindName
    confidence: float
    text: str
    assignee: Person | None = None
    due: datetime | None = None
    definitive: bool = False
    action_phrase: str = ""
    entities: tuple[FoundEntity, ...] = ()
    hints: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MessageAnalysis:
    """Result of the analysis of one message. sentiment is in [-1, 1]; phrases are the distinct action phrases."""

    findings: tuple[Finding, ...] = ()
    entities: tuple[FoundEntity, ...] = ()
    sentiment: float = 0.0
    phrases: tuple[str, ...] = ()
