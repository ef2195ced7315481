"""Convert rows to snapshots (`insights/snapshots.py`), and to JSON for exports and the API. No queries of its own.

Times are ISO 8601 in UTC with milliseconds and Z.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from insights import events
from insights.events import ConversationCreated, ConversationEvent
from insights.insight_kinds import KindName
from insights.models import Bookmark, Conversation, Entity, Event, Insight, Member, Message, Speaker, Topic, TrackerMatch
from insights.snapshots import (
    BookmarkSnapshot,
    EntitySnapshot,
    InsightReference,
    InsightSnapshot,
    JsonObject,
    MemberSnapshot,
    MessageReference,
    MessageSnapshot,
    SpeakerSnapshot,
    TopicSnapshot,
    TrackerMatchSnapshot,
    TrackerSnapshot,
    parse_words,
)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One committed event of a conversation with its number; `at` is the time of its transaction."""

    conversation_id: int
    number: int
    event: ConversationEvent
    at: datetime

    @classmethod
    def of(cls, row: Event) -> "StoredEvent":
        """Return the event of a row."""
        return cls(row.conversation_id, row.number, events.parse(row.kind, row.payload), row.created_at)

    @property
    def kind(self) -> str:
        """The kind of the event."""
        return self.event.kind

    @property
    def payload(self) -> JsonObject:
        """The JSON form of the event; a new object at each call."""
        return events.dump(self.event)


def iso(at: datetime) -> str:
    """Return a timezone-aware time as `2026-03-02T14:00:00.000Z`."""
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)  # rows are in UTC already
    return f"{in_utc.isoformat(timespec='milliseconds')[:-6]}Z"


def member_snapshot(member: Member | None) -> MemberSnapshot | None:
    """Return the snapshot of a member; None for an unknown speaker."""
    if member is None:
        return None
    return MemberSnapshot(str(member.id), member.name, member.user_id, member.email, member.attributes)


def member_json(member: Member | None) -> JsonObject | None:
    """Return {id, name, userId, email}, and `attributes` if there are any; None for an unknown speaker."""
    known = member_snapshot(member)
    return known.dump() if known else None


def speaker_snapshot(speaker: Speaker) -> SpeakerSnapshot:
    """Return the snapshot of a speaker."""
    return SpeakerSnapshot(str(speaker.id), speaker.number)


def conversation_created(conversation: Conversation) -> ConversationCreated:
    """Return the event of a conversation's start."""
    return ConversationCreated(str(conversation.id), conversation.name, iso(conversation.started_at))


def conversation_json(conversation: Conversation) -> JsonObject:
    """Return the start of a conversation: {conversationId: digits, name, startedAt}."""
    return events.dump(conversation_created(conversation))


def entity_snapshot(entity: Entity) -> EntitySnapshot:
    """Return the snapshot of an entity; its offset counts characters of the message from 0."""
    return EntitySnapshot(entity.type, entity.text, entity.offset, entity.value)


def message_snapshot(message: Message, entities: Iterable[Entity]) -> MessageSnapshot:
    """Return the snapshot of a message with its entities."""
    return MessageSnapshot(
        id=str(message.id),
        number=message.number,
        text=message.text,
        original_text=message.original_text,
        speaker=speaker_snapshot(message.speaker),
        member=member_snapshot(message.member),
        words=parse_words(message.words),
        confidence=message.confidence,
        start_time=iso(message.started_at),
        end_time=iso(message.ended_at),
        offset=message.offset_s,
        duration=message.duration_s,
        sentiment=message.sentiment,
        entities=tuple(map(entity_snapshot, entities)),
        overlap=message.overlap,
        language=message.language,
        translation=message.translation,
    )


def message_json(message: Message, entities: Iterable[Entity]) -> JsonObject:
    """Return the JSON form of a message."""
    return message_snapshot(message, entities).dump()


def assignee_snapshot(insight: Insight) -> MemberSnapshot | None:
    """Return the assignee; a person who was named but is not a member has only a name. None without an assignee."""
    if insight.assignee is not None:
        return member_snapshot(insight.assignee)
    return MemberSnapshot("", insight.assignee_name) if insight.assignee_name else None


def insight_snapshot(insight: Insight) -> InsightSnapshot:
    """Return the snapshot of an insight without its review."""
    return InsightSnapshot(
        id=str(insight.id),
        type=KindName(insight.type),
        text=insight.text,
        confidence=insight.confidence,
        message_id=str(insight.message_id),
        member=member_snapshot(insight.message.member),
        assignee=assignee_snapshot(insight),
        due_by=iso(insight.due_at) if insight.due_at else "",
        definitive=insight.definitive,
        action_phrase=insight.action_phrase,
        tags=tuple(insight.tags),
        hints=tuple(insight.hints),
        entities=tuple(insight.entities),
    )


def reviewed_insight_snapshot(insight: Insight) -> InsightSnapshot:
    """Return the snapshot of an insight with its review."""
    reviewed_at, done_at = (iso(at) if at else "" for at in (insight.reviewed_at, insight.done_at))
    found = replace(insight_snapshot(insight), original_text=insight.original_text, review=insight.review)
    return replace(found, reviewed_at=reviewed_at, done_at=done_at)


def reviewed_insight_json(insight: Insight) -> JsonObject:
    """Return the JSON form of an insight with its review."""
    return reviewed_insight_snapshot(insight).dump_reviewed()


def topic_snapshot(topic: Topic, message_ids: Iterable[str]) -> TopicSnapshot:
    """Return the snapshot of a topic with the ids of its messages."""
    return TopicSnapshot(str(topic.id), topic.text, topic.score, topic.sentiment, topic.parent_text, tuple(message_ids))


def topic_json(topic: Topic, message_ids: Iterable[str]) -> JsonObject:
    """Return the JSON form of a topic; `parent` is None if it has no broader topic."""
    return topic_snapshot(topic, message_ids).dump()


def bookmark_snapshot(bookmark: Bookmark, message_ids: Iterable[UUID]) -> BookmarkSnapshot:
    """Return the snapshot of a bookmark with the ids of its messages."""
    return BookmarkSnapshot(
        id=str(bookmark.id),
        label=bookmark.label,
        description=bookmark.description,
        user=MemberSnapshot("", bookmark.user_name, bookmark.user_id, bookmark.user_email),
        begin=bookmark.begin_s,
        duration=bookmark.duration_s,
        message_ids=tuple(map(str, message_ids)),
    )


def tracker_snapshots(matches: Iterable[TrackerMatch]) -> tuple[TrackerSnapshot, ...]:
    """Return tracker matches grouped by tracker and phrase, in the order of their first match.

    A row with an insight becomes a reference to that insight, any other row a reference to its message.
    """
    trackers: dict[str, tuple[str, dict[str, _References]]] = {}
    for match in matches:
        _, phrases = trackers.setdefault(match.tracker_id, (match.tracker_name, {}))
        phrases.setdefault(match.value, _References()).add(match)
    return tuple(
        TrackerSnapshot(identity, name, tuple(references.match(value) for value, references in phrases.items()))
        for identity, (name, phrases) in trackers.items()
    )


class _References:
    """The matches of one phrase."""

    def __init__(self) -> None:
        self.messages: list[MessageReference] = []
        self.insights: list[InsightReference] = []

    def add(self, match: TrackerMatch) -> None:
        """Add the match of a row."""
        if match.insight is not None:
            self.insights.append(InsightReference(str(match.insight.id), match.insight.text, KindName(match.insight.type), match.offset))
            return
        message = match.message
        times = iso(message.started_at), iso(message.ended_at)
        self.messages.append(MessageReference(str(message.id), message.text, match.offset, *times))

    def match(self, value: str) -> TrackerMatchSnapshot:
        """Return the snapshot of the phrase `value` with these matches."""
        return TrackerMatchSnapshot(value, tuple(self.messages), tuple(self.insights))
