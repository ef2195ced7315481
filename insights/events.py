"""The events of a conversation: one class per kind, read from a stored row with `parse` and written to it with `dump`.

Pure: no Django, no I/O. All code that sends, shows or replays an event uses these classes. A renderer is a `match` over
`ConversationEvent` that ends in `assert_never`, so that the type checker reports each renderer that lacks a new kind.

Rows of earlier versions parse: missing fields get defaults, additional ones are ignored. A row of a later version whose kind or shape is
unknown here becomes an `UnknownEvent`. `insights/snapshots.py` has the objects of which events consist, and the form of their values.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, TypeAlias, assert_never

from insights.snapshots import (
    BookmarkSnapshot,
    InsightSnapshot,
    JsonObject,
    MemberSnapshot,
    MessageSnapshot,
    Payload,
    TopicSnapshot,
    TrackerSnapshot,
)


class Kind(StrEnum):
    """The kinds of events, as they are stored."""

    CONVERSATION_CREATED = "conversation_created"
    MEMBER_JOINED = "member_joined"
    MESSAGES = "messages"
    INSIGHTS = "insights"
    TOPICS = "topics"
    TRACKERS = "trackers"
    MESSAGE_CORRECTED = "message_corrected"
    MESSAGE_DELETED = "message_deleted"
    INSIGHT_REVIEWED = "insight_reviewed"
    INSIGHT_DELETED = "insight_deleted"
    CONVERSATION_CHANGED = "conversation_changed"
    MEMBER_CHANGED = "member_changed"
    MESSAGES_MOVED = "messages_moved"
    BOOKMARK_CHANGED = "bookmark_changed"
    BOOKMARK_DELETED = "bookmark_deleted"
    AUDIO_RECORDING = "audio_recording"
    CONVERSATION_COMPLETED = "conversation_completed"


@dataclass(frozen=True, slots=True)
class ConversationCreated:
    """A conversation started; always number 1."""

    kind: ClassVar[Kind] = Kind.CONVERSATION_CREATED
    conversation_id: str
    name: str = ""
    started_at: str = ""


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """A member joined, or the name or e-mail address of a member became known."""

    kind: ClassVar[Kind] = Kind.MEMBER_JOINED
    member: MemberSnapshot


@dataclass(frozen=True, slots=True)
class MessagesStored:
    """Messages of one turn."""

    kind: ClassVar[Kind] = Kind.MESSAGES
    messages: tuple[MessageSnapshot, ...]


@dataclass(frozen=True, slots=True)
class InsightsFound:
    """Insights in the messages of one turn."""

    kind: ClassVar[Kind] = Kind.INSIGHTS
    insights: tuple[InsightSnapshot, ...]


@dataclass(frozen=True, slots=True)
class TopicsChanged:
    """New or changed topics."""

    kind: ClassVar[Kind] = Kind.TOPICS
    topics: tuple[TopicSnapshot, ...]


@dataclass(frozen=True, slots=True)
class TrackersMatched:
    """Trackers with their matches in the messages of one turn."""

    kind: ClassVar[Kind] = Kind.TRACKERS
    trackers: tuple[TrackerSnapshot, ...]


@dataclass(frozen=True, slots=True)
class MessageCorrected:
    """A message changed: its text, its speaker, the name of its speaker, or where it begins and ends.

    `behind` is set for a message that an edit put into the transcript: the id of the message before it. `changed_by` is the name of the
    user; it is empty where later recognition told speakers apart, and in events of earlier versions.
    """

    kind: ClassVar[Kind] = Kind.MESSAGE_CORRECTED
    message: MessageSnapshot
    behind: str = ""
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A message was deleted. Its text, original text, words and entities are empty.

    `parts`: start and end of each part of a message that was joined of several; empty if it was said in one piece.
    """

    kind: ClassVar[Kind] = Kind.MESSAGE_DELETED
    message: MessageSnapshot
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class InsightReviewed:
    """A person accepted, rejected or edited an insight, set it back to pending, or changed its speaker. `changed_by`: name of the user."""

    kind: ClassVar[Kind] = Kind.INSIGHT_REVIEWED
    insight: InsightSnapshot
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class InsightDeleted:
    """An insight was deleted. The snapshot contains no spoken words."""

    kind: ClassVar[Kind] = Kind.INSIGHT_DELETED
    insight: InsightSnapshot


@dataclass(frozen=True, slots=True)
class ConversationChanged:
    """A person changed the title or the metadata; both are complete. `changed_by`: name of the user."""

    kind: ClassVar[Kind] = Kind.CONVERSATION_CHANGED
    conversation_id: str
    name: str = ""
    metadata: JsonObject = field(default_factory=dict)
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class BookmarkChanged:
    """A person set a bookmark or changed it. `changed_by`: name of the user."""

    kind: ClassVar[Kind] = Kind.BOOKMARK_CHANGED
    bookmark: BookmarkSnapshot
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """A person changed the name or the e-mail address of a member. Events with the latest messages and insights of the member follow."""

    kind: ClassVar[Kind] = Kind.MEMBER_CHANGED
    member: MemberSnapshot
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class BookmarkDeleted:
    """A person deleted a bookmark. `changed_by`: name of the user."""

    kind: ClassVar[Kind] = Kind.BOOKMARK_DELETED
    bookmark_id: str
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class MessagesMoved:
    """Many messages, with their insights, are now those of a member (None: unknown). Events with the latest of them follow.

    `changed_by`: name of the user; empty where later recognition told speakers apart.
    """

    kind: ClassVar[Kind] = Kind.MESSAGES_MOVED
    member: MemberSnapshot | None
    message_ids: tuple[str, ...]
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class AudioRecording:
    """The audio of a session is being stored from now on. `member` is its speaker, None if unknown."""

    kind: ClassVar[Kind] = Kind.AUDIO_RECORDING
    conversation_id: str
    audio_id: str
    session_id: str
    member: MemberSnapshot | None = None


@dataclass(frozen=True, slots=True)
class ConversationCompleted:
    """The conversation ended. Results that are recognised later still get higher numbers."""

    kind: ClassVar[Kind] = Kind.CONVERSATION_COMPLETED
    conversation_id: str
    ended_at: str = ""


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event that a later version stored. Renderers skip it, but cursors advance past it."""

    kind: str
    payload: JsonObject = field(default_factory=dict)


ConversationEvent: TypeAlias = (
    ConversationCreated
    | MemberJoined
    | MessagesStored
    | InsightsFound
    | TopicsChanged
    | TrackersMatched
    | MessageCorrected
    | MessageDeleted
    | InsightReviewed
    | InsightDeleted
    | ConversationChanged
    | MemberChanged
    | MessagesMoved
    | BookmarkChanged
    | BookmarkDeleted
    | AudioRecording
    | ConversationCompleted
    | UnknownEvent
)


def parse(kind: str, payload: Payload) -> ConversationEvent:
    """Return the event of a stored row; an UnknownEvent if this version does not know the kind or cannot read the payload."""
    parser = _PARSERS.get(kind)
    if parser is None:
        return UnknownEvent(kind, dict(payload))
    try:
        return parser(payload)
    except (LookupError, TypeError, ValueError, AttributeError):  # a later version may store a kind in another shape
        return UnknownEvent(kind, dict(payload))


def dump(event: ConversationEvent) -> JsonObject:
    """Return the payload of an event as it is stored; `parse(event.kind, dump(event))` equals the event."""
    match event:
        case ConversationCreated():
            return {"conversationId": event.conversation_id, "name": event.name, "startedAt": event.started_at}
        case MemberJoined():
            return {"member": event.member.dump()}
        case MessagesStored():
            return {"messages": [message.dump() for message in event.messages]}
        case InsightsFound():
            return {"insights": [insight.dump() for insight in event.insights]}
        case TopicsChanged():
            return {"topics": [topic.dump() for topic in event.topics]}
        case TrackersMatched():
            return {"trackers": [tracker.dump() for tracker in event.trackers]}
        case MessageCorrected():
            place: JsonObject = {"behind": event.behind} if event.behind else {}
            return {"message": event.message.dump(), **place, **_changed_by(event.changed_by)}
        case MessageDeleted():
            parts: JsonObject = {"parts": [list(one) for one in event.parts]} if event.parts else {}
            return {"message": event.message.dump(), **parts}
        case InsightReviewed():
            return {"insight": event.insight.dump_reviewed(), **_changed_by(event.changed_by)}
        case InsightDeleted():
            return {"insight": event.insight.dump_reviewed()}
        case ConversationChanged():
            changed: JsonObject = {"conversationId": event.conversation_id, "name": event.name, "metadata": event.metadata}
            return changed | _changed_by(event.changed_by)
        case MemberChanged():
            return {"member": event.member.dump(), **_changed_by(event.changed_by)}
        case MessagesMoved():
            member = event.member.dump() if event.member else None
            return {"member": member, "messageIds": list(event.message_ids), **_changed_by(event.changed_by)}
        case BookmarkChanged():
            return {"bookmark": event.bookmark.dump(), "changedBy": event.changed_by}
        case BookmarkDeleted():
            return {"bookmarkId": event.bookmark_id, "changedBy": event.changed_by}
        case AudioRecording():
            ids: JsonObject = {"conversationId": event.conversation_id, "audioId": event.audio_id, "sessionId": event.session_id}
            return ids | {"member": event.member.dump() if event.member else None}
        case ConversationCompleted():
            return {"conversationId": event.conversation_id, "endedAt": event.ended_at}
        case UnknownEvent():
            return event.payload
        case _:
            assert_never(event)


def _changed_by(name: str) -> JsonObject:
    return {"changedBy": name} if name else {}


_PARSERS: dict[str, Callable[[Payload], ConversationEvent]] = {
    Kind.CONVERSATION_CREATED: lambda p: ConversationCreated(p["conversationId"], p.get("name") or "", p.get("startedAt") or ""),
    Kind.MEMBER_JOINED: lambda p: MemberJoined(MemberSnapshot.parse(p["member"])),
    Kind.MESSAGES: lambda p: MessagesStored(tuple(map(MessageSnapshot.parse, p["messages"]))),
    Kind.INSIGHTS: lambda p: InsightsFound(tuple(map(InsightSnapshot.parse, p["insights"]))),
    Kind.TOPICS: lambda p: TopicsChanged(tuple(map(TopicSnapshot.parse, p["topics"]))),
    Kind.TRACKERS: lambda p: TrackersMatched(tuple(map(TrackerSnapshot.parse, p["trackers"]))),
    Kind.MESSAGE_CORRECTED: lambda p: MessageCorrected(
        MessageSnapshot.parse(p["message"]), p.get("behind") or "", p.get("changedBy") or ""
    ),
    Kind.MESSAGE_DELETED: lambda p: MessageDeleted(
        MessageSnapshot.parse(p["message"]), tuple((start, end) for start, end in p.get("parts") or ())
    ),
    Kind.INSIGHT_REVIEWED: lambda p: InsightReviewed(InsightSnapshot.parse(p["insight"]), p.get("changedBy") or ""),
    Kind.INSIGHT_DELETED: lambda p: InsightDeleted(InsightSnapshot.parse(p["insight"])),
    Kind.CONVERSATION_CHANGED: lambda p: ConversationChanged(
        p["conversationId"], p.get("name") or "", dict(p.get("metadata") or {}), p.get("changedBy") or ""
    ),
    Kind.MEMBER_CHANGED: lambda p: MemberChanged(MemberSnapshot.parse(p["member"]), p.get("changedBy") or ""),
    Kind.BOOKMARK_CHANGED: lambda p: BookmarkChanged(BookmarkSnapshot.parse(p["bookmark"]), p.get("changedBy") or ""),
    Kind.BOOKMARK_DELETED: lambda p: BookmarkDeleted(p["bookmarkId"], p.get("changedBy") or ""),
    Kind.MESSAGES_MOVED: lambda p: MessagesMoved(
        MemberSnapshot.parse(p["member"]) if p.get("member") else None, tuple(p["messageIds"]), p.get("changedBy") or ""
    ),
    Kind.AUDIO_RECORDING: lambda p: AudioRecording(
        p["conversationId"], p["audioId"], p["sessionId"], MemberSnapshot.parse(p["member"]) if p.get("member") else None
    ),
    Kind.CONVERSATION_COMPLETED: lambda p: ConversationCompleted(p["conversationId"], p.get("endedAt") or ""),
}
