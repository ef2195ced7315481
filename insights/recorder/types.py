"""What the recorder is asked and what it answers: plain values, no ORM."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4, uuid5

from insights.analysis.trackers import Tracker
from insights.analysis.types import FindingType
from insights.events import MemberSnapshot
from insights.payloads import StoredEvent


class RecorderError(Exception):
    """The recorder cannot do what it was asked."""


class UnknownConversation(RecorderError):
    """There is no conversation of this id."""


class UnknownMember(RecorderError):
    """There is no member of this id in the conversation."""


class UnknownMessage(RecorderError):
    """There is no message, or no insight, of this id."""


class ConversationBusy(RecorderError):
    """The conversation was opened and closed by others again and again; trying later may help."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, as the client says."""

    user_id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Somebody joins the live conversation of a connection id, or starts it.

    `timezone_offset` is minutes east of UTC; `keep_s` is how many seconds the conversation waits when this connection was
    its last one and got lost; `process` names the server process. An empty name becomes the conversation's id.
    """

    owner_id: int
    connection_id: str
    session_id: UUID
    process: str
    name: str = ""
    timezone_offset: int = 0
    language: str = "en-US"
    speaker: Speaker | None = None
    keep_s: int = 0


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to an opening; `cursor` is the number of the last event, those in `events` included."""

    conversation_id: int
    member: MemberSnapshot | None
    created: bool
    cursor: int
    events: list[StoredEvent]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word with its aware times and a confidence from 0 to 1."""

    text: str
    start: datetime
    end: datetime
    confidence: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """The final text of a turn; times are aware, the confidence is from 0 to 1.

    By its id it is known again when it is stored once more: whoever lost the database while it answered cannot tell whether it was.
    """

    text: str
    words: tuple[SpokenWord, ...]
    confidence: float
    start: datetime
    end: datetime
    id: UUID = field(default_factory=uuid4)

    def message_id(self, place: int) -> UUID:
        """Return the id of the message that is made of its sentence at this place, counted from 0."""
        return uuid5(self.id, str(place))


@dataclass(frozen=True, slots=True)
class Listening:
    """What this speaker asked for: insights from which confidence on, which trackers, which words to put right.

    `noted` is the type of insight that every message is to be, if the analysis does not find one of that type in it: a note that
    somebody takes is no guess. `mask`, where it is not empty, stands for what tells who somebody is or how to reach or charge them.
    In a `language` that the detectors do not know nothing is found but the very words of trackers.
    """

    member_id: UUID | str | None = None
    confidence_threshold: float = 0.5
    trackers: tuple[Tracker, ...] = ()
    vocabulary: tuple[str, ...] = ()
    noted: FindingType | None = None
    language: str = "en-US"
    mask: str = ""
