"""Arguments, results and errors of the recorder: plain values without the ORM."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4, uuid5

from insights.analysis.custom_entities import CustomEntity
from insights.analysis.trackers import Tracker
from insights.insight_kinds import InsightKind
from insights.payloads import StoredEvent
from insights.snapshots import JsonObject, MemberSnapshot


class RecorderError(Exception):
    """Base of the recorder's errors: a request that it cannot carry out."""


class UnknownConversation(RecorderError):
    """No conversation has this id."""


class UnknownMember(RecorderError):
    """No member of the conversation has this id."""


class UnknownMessage(RecorderError):
    """No message, or no insight, has this id."""


class UnknownChange(RecorderError):
    """No change has this id."""


class NotTheAuthor(RecorderError):
    """Only the author of a change can undo it."""


class ChangeConflict(RecorderError):
    """The edit does not fit what is stored by now."""


class UnknownKind(RecorderError):
    """No registered kind of insight has this name."""


class TooManySpeakers(RecorderError):
    """As many people speak in the account's conversations as an administrator allows."""


class ConversationBusy(RecorderError):
    """Other processes opened and closed the conversation repeatedly meanwhile. The caller may retry."""


@dataclass(frozen=True, slots=True)
class SpeakerIdentity:
    """A speaker's identity as the client sent it; not an account of ours. `attributes` are kept and returned, not used."""

    user_id: str = ""
    name: str = ""
    email: str = ""
    attributes: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A request to join the live conversation of a connection id, or to start it.

    `timezone_offset`: minutes east of UTC. `keep_s`: seconds for which the conversation stays open after its last connection, this one,
    was lost. `process`: id of the registered server process; a session without one is stale until it leaves. An empty `name` becomes
    the conversation's id. `metadata` is added to that of the conversation, at most METADATA_FIELDS together; the first `webhook_url` is
    kept; `detect_phrases` is set by any speaker. `audio_id`: id of the stored audio of this session, None if none is stored.
    `conversation_id`: the conversation to join; it is not started. `trackers` and `all_trackers` (those of the account, and the managed
    ones) are kept, for words that are corrected later. `several_speakers`: several people speak in the audio of the session.
    """

    owner_id: int
    connection_id: str
    session_id: UUID
    process: UUID | None = None
    name: str = ""
    timezone_offset: int = 0
    language: str = "en-US"
    speaker: SpeakerIdentity | None = None
    keep_s: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    webhook_url: str = ""
    detect_phrases: bool = False
    trackers: tuple[Tracker, ...] = ()
    all_trackers: bool = False
    audio_id: UUID | None = None
    conversation_id: int | None = None
    several_speakers: bool = False


@dataclass(frozen=True, slots=True)
class Diarized:
    """An audio source whose speakers are told apart: its id, the start of its conversation, and the state of its voices, empty at first.

    `stored_until`: the end of its last stored message, in seconds from that start.
    """

    id: UUID
    started_at: datetime
    state: bytes = b""
    stored_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Joined:
    """The result of an opening. `cursor` is the number of the conversation's last event, `events` included.

    `audio_recorded`: whether the audio of any connected session of the conversation is stored, `audio_id`: that of this session, if it is.
    `diarized`: set if several people speak in the audio of the session.
    """

    conversation_id: int
    member: MemberSnapshot | None
    created: bool
    cursor: int
    events: list[StoredEvent]
    started_at: datetime
    audio_recorded: bool = False
    diarized: Diarized | None = None
    audio_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A recognised word with timezone-aware times and a confidence from 0 to 1."""

    text: str
    start: datetime
    end: datetime
    confidence: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """The final text of a turn, with timezone-aware times and a confidence from 0 to 1.

    `id` makes storing idempotent: a caller whose database connection was lost during the commit may store the same utterance again.
    `overlap`: another person of the same audio source speaks at the same time. `translation`: the text in English, if it was wanted.
    """

    text: str
    words: tuple[SpokenWord, ...]
    confidence: float
    start: datetime
    end: datetime
    id: UUID = field(default_factory=uuid4)
    overlap: bool = False
    translation: str = ""

    def message_id(self, place: int) -> UUID:
        """Return the id of the message for the sentence at this place, counted from 0."""
        return uuid5(self.id, str(place))


@dataclass(frozen=True, slots=True)
class Voice:
    """One of the voices in an audio source whose speakers are told apart: the id of the diarization, and its number there, from 0."""

    diarization_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class VoiceSpan:
    """A stretch in which a voice speaks, in seconds from the start of the conversation. `overlap`: another one speaks, too."""

    start: float
    end: float
    voice: int
    overlap: bool = False


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the words of an utterance come from, and the options of their analysis.

    `member_id`: the member who speaks, None if unknown. `session_id`: the session whose audio was recognised; the audio source is that
    session while the same member speaks in it. A speaker that points to another member by now keeps that one. `voice`: the voice that
    speaks, where several people speak in the audio source; a new one becomes a member called `Speaker 1`.
    `confidence_threshold`: smallest confidence (0 to 1) of insights that are stored. `trackers`: phrases to watch for. `vocabulary`:
    words that recognised text is corrected to. `noted`: kind of insight that every message becomes, with confidence 1, unless the
    analysis finds one of that kind in it; for clients that take notes. `mask`: if not empty, replaces personal data (who a person is,
    how to reach or charge them). `entities`: custom entities to find. In a `language` that the detectors do
    not support, only exact phrases of trackers and custom entities are found. `language_found`: the language was found in the audio, and
    becomes that of a conversation whose language is still to be found.
    """

    member_id: UUID | str | None = None
    session_id: UUID | None = None
    confidence_threshold: float = 0.5
    trackers: tuple[Tracker, ...] = ()
    vocabulary: tuple[str, ...] = ()
    noted: InsightKind | None = None
    language: str = "en-US"
    language_found: bool = False
    mask: str = ""
    entities: tuple[CustomEntity, ...] = ()
    voice: Voice | None = None
