"""What a subscription delivers: numbered events; recognition results, progress of jobs and presence, which may be lost; its deletion."""

from dataclasses import dataclass
from uuid import UUID

from insights.recorder import StoredEvent
from insights.snapshots import JobProgress, JsonObject, MemberSnapshot, Payload, TrackerSnapshot
from streaming.speech.engines.base import Word

__all__ = [
    "ConversationDeleted",
    "Delivery",
    "JobProgress",
    "PeopleOfProcess",
    "PresentPeople",
    "PresentPerson",
    "StoredEvent",
    "TranscriptUpdate",
]


@dataclass(frozen=True, slots=True)
class TranscriptUpdate:
    """A recognition result of one session. It has no number and may be dropped (design law 2).

    Times of `words` are seconds since the speaker's first sample; `trackers` were found in interim text. `member` speaks; where several
    people speak in the audio, it is None until that is known, and `audio_owner` is the member whose audio it is. `language` is empty if
    the speaker's client named it; `spoken_language` is there in both cases, `auto` until it is found.
    """

    conversation_id: int
    session_id: UUID
    text: str
    words: tuple[Word, ...]
    confidence: float
    is_final: bool
    member: MemberSnapshot | None = None
    trackers: tuple[TrackerSnapshot, ...] = ()
    language: str = ""
    audio_owner: MemberSnapshot | None = None
    spoken_language: str = "en-US"

    @classmethod
    def parse(cls, conversation_id: int, session_id: UUID, payload: Payload) -> "TranscriptUpdate":
        """Return the result from its JSON form, as `dump` of another process made it."""
        words = tuple([Word(word["text"], word["start"], word["end"], payload["confidence"]) for word in payload["words"]])
        return cls(
            conversation_id,
            session_id,
            payload["text"],
            words,
            payload["confidence"],
            payload["final"],
            MemberSnapshot.parse(payload["member"]) if payload["member"] else None,
            tuple(map(TrackerSnapshot.parse, payload["trackers"])),
            payload.get("language", ""),  # a process of the former version sends none
            MemberSnapshot.parse(payload["owner"]) if payload.get("owner") else None,
            payload.get("spoken", "en-US"),
        )

    def dump(self) -> JsonObject:
        """Return the JSON form, to send to another process."""
        return {
            "text": self.text,
            "words": [{"text": word.text, "start": word.start, "end": word.end} for word in self.words],
            "confidence": self.confidence,
            "final": self.is_final,
            "member": self.member.dump() if self.member else None,
            "trackers": [tracker.dump() for tracker in self.trackers],
            "language": self.language,
            "owner": self.audio_owner.dump() if self.audio_owner else None,
            "spoken": self.spoken_language,
        }


@dataclass(frozen=True, slots=True)
class PresentPerson:
    """Somebody who is connected to a conversation. `id` is the same for all connections of a person."""

    id: str
    name: str
    speaks: bool

    @classmethod
    def parse(cls, payload: Payload) -> "PresentPerson":
        """Return the person from the JSON form, as `dump` of another process made it."""
        return cls(str(payload["id"]), str(payload["name"]), bool(payload["speaks"]))

    def dump(self) -> JsonObject:
        """Return the JSON form."""
        return {"id": self.id, "name": self.name, "speaks": self.speaks}


@dataclass(frozen=True, slots=True)
class PeopleOfProcess:
    """The people of one process who are connected to a conversation, as it tells the others; with `ask` it asks for theirs."""

    people: tuple[PresentPerson, ...]
    ask: bool

    @classmethod
    def parse(cls, payload: Payload) -> "PeopleOfProcess":
        """Return the people from the JSON form, as `dump` of another process made it."""
        return cls(tuple(map(PresentPerson.parse, payload["people"])), bool(payload["ask"]))

    def dump(self) -> JsonObject:
        """Return the JSON form."""
        return {"people": [one.dump() for one in self.people], "ask": self.ask}


@dataclass(frozen=True, slots=True)
class PresentPeople:
    """Everybody who is present in a conversation. It has no number and may be dropped."""

    conversation_id: int
    people: tuple[PresentPerson, ...]


@dataclass(frozen=True, slots=True)
class ConversationDeleted:
    """The conversation was deleted or moved to the bin. It has no number; nothing follows it."""

    conversation_id: int


Delivery = StoredEvent | TranscriptUpdate | JobProgress | PresentPeople | ConversationDeleted
