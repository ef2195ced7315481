"""Snapshots of the objects of a conversation: read from JSON with `parse`, written as JSON with `dump`.

Pure: no Django, no I/O. Events consist of snapshots (`insights/events.py`). A snapshot holds what was stored when its event happened; it
never changes afterwards. Snapshots of earlier versions parse: missing fields get defaults, additional ones are ignored.

Times are ISO 8601 texts in UTC with milliseconds and Z, ids are texts, offsets and durations are seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from insights.insight_kinds import KindName

JsonValue: TypeAlias = "None | bool | int | float | str | list[JsonValue] | dict[str, JsonValue]"
JsonObject: TypeAlias = dict[str, JsonValue]
Payload: TypeAlias = Mapping[str, Any]
"""A JSON object from a row or from another process, not validated before `parse`."""

CUSTOM = "custom"
"""The type of custom entities. Their value is {customType, subType, category, value}."""

REJECTED = "rejected"
"""The review of an insight that is hidden from readers."""


@dataclass(frozen=True, slots=True)
class MemberSnapshot:
    """A member of a conversation; `id` is empty for a person who was named but is not a member.

    `attributes` are further fields that the client gave this person: texts, numbers and truth values by name.
    """

    id: str
    name: str = ""
    user_id: str = ""
    email: str = ""
    attributes: JsonObject = field(default_factory=dict)

    @classmethod
    def parse(cls, payload: Payload) -> "MemberSnapshot":
        """Return the member that a JSON object describes."""
        get = payload.get
        return cls(payload["id"], get("name") or "", get("userId") or "", get("email") or "", get("attributes") or {})

    def dump(self) -> JsonObject:
        """Return {id, name, userId, email}, and `attributes` if there are any."""
        named: JsonObject = {"id": self.id, "name": self.name, "userId": self.user_id, "email": self.email}
        return named | {"attributes": self.attributes} if self.attributes else named


@dataclass(frozen=True, slots=True)
class SpeakerSnapshot:
    """A voice in one audio source. `number` counts the speakers of a conversation from 1."""

    id: str
    number: int

    @classmethod
    def parse(cls, payload: Payload) -> "SpeakerSnapshot":
        """Return the speaker that a JSON object describes."""
        return cls(payload["id"], payload["number"])

    def dump(self) -> JsonObject:
        """Return {id, number}."""
        return {"id": self.id, "number": self.number}


class Word(NamedTuple):
    """A recognised word with its score from 0 to 1. A tuple for speed: a message has many, and every process parses every event."""

    word: str
    start_time: str
    end_time: str
    score: float


@dataclass(frozen=True, slots=True)
class EntitySnapshot:
    """An entity in a text: its type, words, offset of the first character (from 0) and normalised value."""

    type: str
    text: str
    offset: int
    value: JsonObject = field(default_factory=dict)

    @classmethod
    def parse(cls, payload: Payload) -> "EntitySnapshot":
        """Return the entity that a JSON object describes."""
        return cls(payload["type"], payload["text"], payload["offset"], payload.get("value") or {})

    def dump(self) -> JsonObject:
        """Return {type, text, offset, value}."""
        return {"type": self.type, "text": self.text, "offset": self.offset, "value": self.value}


@dataclass(frozen=True, slots=True)
class MessageSnapshot:
    """A message. `number` counts messages from 1. `original_text` is the recognised text if the text differs from it, else empty.

    `member` is the speaker's member when the event happened. `speaker` is None in events of versions that stored no speakers.
    `offset` is seconds from the start of the conversation; `confidence` is from 0 to 1, `sentiment` from -1 to 1. `overlap`: another
    person of the same audio source speaks at the same time. `language` is empty if it is that of the conversation; `translation` is the
    text in English, empty if there is none.
    """

    id: str
    number: int
    text: str
    member: MemberSnapshot | None
    start_time: str
    end_time: str
    original_text: str = ""
    words: tuple[Word, ...] = ()
    confidence: float = 0.0
    offset: float = 0.0
    duration: float = 0.0
    sentiment: float = 0.0
    entities: tuple[EntitySnapshot, ...] = ()
    speaker: SpeakerSnapshot | None = None
    overlap: bool = False
    language: str = ""
    translation: str = ""

    @property
    def deleted(self) -> bool:
        """Whether the message was deleted: only then it has no text."""
        return not self.text

    @classmethod
    def parse(cls, payload: Payload) -> "MessageSnapshot":
        """Return the message that a JSON object describes."""
        get = payload.get
        return cls(
            payload["id"],
            get("number", 0),
            payload["text"],
            _member(get("member")),
            payload["startTime"],
            payload["endTime"],
            get("originalText") or "",
            parse_words(get("words") or ()),
            *(get("confidence", 0.0), get("offset", 0.0), get("duration", 0.0), get("sentiment", 0.0)),
            tuple(map(EntitySnapshot.parse, get("entities") or ())),
            SpeakerSnapshot.parse(speaker) if (speaker := get("speaker")) else None,
            bool(get("overlap")),
            get("language") or "",
            get("translation") or "",
        )

    def dump(self) -> JsonObject:
        """Return the JSON form, every field present but those that say nothing: no `speaker`, `overlap`, `language` or `translation`."""
        rest: JsonObject = {"speaker": self.speaker.dump()} if self.speaker else {}
        if self.overlap:
            rest["overlap"] = True
        rest |= {name: text for name, text in (("language", self.language), ("translation", self.translation)) if text}
        return {
            "id": self.id,
            "number": self.number,
            "text": self.text,
            "originalText": self.original_text,
            "member": self.member.dump() if self.member else None,
            "words": [{"word": one[0], "startTime": one[1], "endTime": one[2], "score": one[3]} for one in self.words],
            "confidence": self.confidence,
            "startTime": self.start_time,
            "endTime": self.end_time,
            "offset": self.offset,
            "duration": self.duration,
            "sentiment": self.sentiment,
            "entities": [entity.dump() for entity in self.entities],
            **rest,
        }


@dataclass(frozen=True, slots=True)
class InsightSnapshot:
    """An insight; `type` is the name of its kind. `member` is the speaker; `due_by` is empty if no date was said.

    `tags`, `hints` and `entities` are JSON in the form that clients get. `review` is pending, accepted or rejected; `reviewed_at` is
    empty while it is pending, `done_at` until a person marks it as done. Only the events of reviews store those three and `original_text`.
    """

    id: str
    type: KindName
    text: str
    message_id: str
    member: MemberSnapshot | None = None
    assignee: MemberSnapshot | None = None
    confidence: float = 0.0
    due_by: str = ""
    definitive: bool = False
    action_phrase: str = ""
    tags: tuple[JsonObject, ...] = ()
    hints: tuple[JsonObject, ...] = ()
    entities: tuple[JsonObject, ...] = ()
    original_text: str = ""
    review: str = "pending"
    reviewed_at: str = ""
    done_at: str = ""

    @property
    def deleted(self) -> bool:
        """Whether the insight was deleted: only then it has no text."""
        return not self.text

    @classmethod
    def parse(cls, payload: Payload) -> "InsightSnapshot":
        """Return the insight that a JSON object describes."""
        get = payload.get
        return cls(
            id=payload["id"],
            type=payload["type"],
            text=payload["text"],
            message_id=payload["messageId"],
            member=_member(get("member")),
            assignee=_member(get("assignee")),
            confidence=get("confidence", 0.0),
            due_by=get("dueBy") or "",
            definitive=get("definitive", False),
            action_phrase=get("actionPhrase") or "",
            tags=tuple(get("tags") or ()),
            hints=tuple(get("hints") or ()),
            entities=tuple(get("entities") or ()),
            original_text=get("originalText") or "",
            review=get("review") or "pending",
            reviewed_at=get("reviewedAt") or "",
            done_at=get("doneAt") or "",
        )

    def dump(self) -> JsonObject:
        """Return the JSON form without the review."""
        return {
            "id": self.id,
            "type": self.type,
            "text": self.text,
            "confidence": self.confidence,
            "messageId": self.message_id,
            "member": self.member.dump() if self.member else None,
            "assignee": self.assignee.dump() if self.assignee else None,
            "dueBy": self.due_by or None,
            "definitive": self.definitive,
            "actionPhrase": self.action_phrase,
            "tags": list(self.tags),
            "hints": list(self.hints),
            "entities": list(self.entities),
        }

    def dump_reviewed(self) -> JsonObject:
        """Return the JSON form with the review."""
        review: JsonObject = {"originalText": self.original_text, "review": self.review, "reviewedAt": self.reviewed_at or None}
        return self.dump() | review | ({"doneAt": self.done_at} if self.done_at else {})


@dataclass(frozen=True, slots=True)
class TopicSnapshot:
    """A topic with the ids of messages; `score` is from 0 to 1, `sentiment` from -1 to 1, `parent` empty without a broader topic."""

    id: str
    text: str
    score: float
    sentiment: float = 0.0
    parent: str = ""
    message_ids: tuple[str, ...] = ()

    @classmethod
    def parse(cls, payload: Payload) -> "TopicSnapshot":
        """Return the topic that a JSON object describes."""
        get = payload.get
        references = tuple(get("messageIds") or ())
        return cls(payload["id"], payload["text"], payload["score"], get("sentiment", 0.0), get("parent") or "", references)

    def dump(self) -> JsonObject:
        """Return {id, text, score, sentiment, parent, messageIds}."""
        return {
            "id": self.id,
            "text": self.text,
            "score": self.score,
            "sentiment": self.sentiment,
            "parent": self.parent or None,
            "messageIds": list(self.message_ids),
        }


@dataclass(frozen=True, slots=True)
class MessageReference:
    """A match in a message. `offset` is -1 for similar words without an exact place. In interim text, id and times are empty."""

    id: str
    text: str
    offset: int
    start_time: str = ""
    end_time: str = ""

    def dump(self) -> JsonObject:
        """Return {id, text, offset}, with startTime and endTime if they are known."""
        place: JsonObject = {"id": self.id, "text": self.text, "offset": self.offset}
        return place | {"startTime": self.start_time, "endTime": self.end_time} if self.start_time else place


@dataclass(frozen=True, slots=True)
class InsightReference:
    """A match in an insight; `type` is the name of its kind."""

    id: str
    text: str
    type: KindName
    offset: int

    def dump(self) -> JsonObject:
        """Return {id, text, type, offset}."""
        return {"id": self.id, "text": self.text, "type": self.type, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class TrackerMatchSnapshot:
    """All new matches of one phrase of a tracker's vocabulary."""

    value: str
    messages: tuple[MessageReference, ...]
    insights: tuple[InsightReference, ...] = ()
    type: str = "vocabulary"

    @classmethod
    def parse(cls, payload: Payload) -> "TrackerMatchSnapshot":
        """Return the match that a JSON object describes."""
        said = tuple(
            MessageReference(one["id"], one["text"], one["offset"], one.get("startTime") or "", one.get("endTime") or "")
            for one in payload.get("messageRefs") or ()
        )
        found = tuple(InsightReference(one["id"], one["text"], one["type"], one["offset"]) for one in payload.get("insightRefs") or ())
        return cls(payload["value"], said, found, payload.get("type") or "vocabulary")

    def dump(self) -> JsonObject:
        """Return {type, value, messageRefs, insightRefs}."""
        said, found = [one.dump() for one in self.messages], [one.dump() for one in self.insights]
        return {"type": self.type, "value": self.value, "messageRefs": [*said], "insightRefs": [*found]}


@dataclass(frozen=True, slots=True)
class TrackerSnapshot:
    """A tracker with its matches."""

    id: str
    name: str
    matches: tuple[TrackerMatchSnapshot, ...]

    @classmethod
    def parse(cls, payload: Payload) -> "TrackerSnapshot":
        """Return the tracker that a JSON object describes."""
        return cls(payload["id"], payload["name"], tuple(map(TrackerMatchSnapshot.parse, payload["matches"])))

    def dump(self) -> JsonObject:
        """Return {id, name, matches}."""
        return {"id": self.id, "name": self.name, "matches": [match.dump() for match in self.matches]}


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job of a conversation is: a notification without a number, which no event contains."""

    conversation_id: int
    job_id: str
    kind: str
    status: str
    percent: int
    reason: str = ""

    @classmethod
    def parse(cls, payload: Payload) -> "JobProgress":
        """Return the progress that a JSON object describes."""
        return cls(
            int(payload["conversationId"]), payload["jobId"], payload["kind"], payload["status"], payload["progress"], payload["reason"]
        )

    def dump(self) -> JsonObject:
        """Return {jobId, conversationId, kind, status, progress, reason}."""
        return {
            "jobId": self.job_id,
            "conversationId": str(self.conversation_id),
            "kind": self.kind,
            "status": self.status,
            "progress": self.percent,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class BookmarkSnapshot:
    """A bookmark: seconds from the start of the conversation, or the ids of messages. `begin` is None for one with messages."""

    id: str
    label: str
    description: str = ""
    user: MemberSnapshot = MemberSnapshot("")
    begin: float | None = None
    duration: float | None = None
    message_ids: tuple[str, ...] = ()

    @classmethod
    def parse(cls, payload: Payload) -> "BookmarkSnapshot":
        """Return the bookmark that a JSON object describes."""
        get = payload.get
        user = MemberSnapshot.parse({"id": "", **(get("user") or {})})
        ids = tuple(get("messageIds") or ())
        return cls(payload["id"], payload["label"], get("description") or "", user, get("beginTimeOffset"), get("duration"), ids)

    def dump(self) -> JsonObject:
        """Return {id, label, description, user, beginTimeOffset, duration, messageIds}."""
        return {
            "id": self.id,
            "label": self.label,
            "description": self.description,
            "user": {"name": self.user.name, "userId": self.user.user_id, "email": self.user.email},
            "beginTimeOffset": self.begin,
            "duration": self.duration,
            "messageIds": list(self.message_ids),
        }


def parse_words(words: Iterable[Payload]) -> tuple[Word, ...]:
    """Return the words of a message, stored as a list of {word, startTime, endTime, score}."""
    new = tuple.__new__  # twice as fast as calling Word(...)
    return tuple([new(Word, (one["word"], one["startTime"], one["endTime"], one.get("score", 0.0))) for one in words])


def _member(payload: Payload | None) -> MemberSnapshot | None:
    return MemberSnapshot.parse(payload) if payload else None
