"""Changes of events that are stored already: words are deleted from them or redacted. Pure: no Django, no I/O.

A deleted message keeps its event numbers. Its snapshots become empty in all events, so that each renders as the deleted message does.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from insights.events import (
    AudioRecording,
    BookmarkChanged,
    BookmarkDeleted,
    ConversationChanged,
    ConversationCompleted,
    ConversationCreated,
    ConversationEvent,
    InsightDeleted,
    InsightReviewed,
    InsightsFound,
    MemberChanged,
    MemberJoined,
    MessageCorrected,
    MessageDeleted,
    MessagesMoved,
    MessagesStored,
    TopicsChanged,
    TrackersMatched,
    UnknownEvent,
)
from insights.snapshots import InsightSnapshot, MemberSnapshot, MessageSnapshot, TopicSnapshot, TrackerMatchSnapshot


def emptied_message(message: MessageSnapshot) -> MessageSnapshot:
    """Return a message without its content: who spoke and when is left."""
    return replace(message, text="", original_text="", words=(), entities=(), sentiment=0.0, translation="")


def emptied_insight(insight: InsightSnapshot) -> InsightSnapshot:
    """Return an insight without its content: its kind and its message are left."""
    bare = replace(insight, text="", original_text="", action_phrase="", assignee=None, due_by="")
    return replace(bare, tags=(), hints=(), entities=())


class SnapshotEdit:
    """A change of the objects in events; each method returns an object as it is stored from now on, None to remove it."""

    def member(self, member: MemberSnapshot) -> MemberSnapshot:
        """Return a member."""
        return member

    def message(self, message: MessageSnapshot) -> MessageSnapshot:
        """Return a message."""
        return message

    def insight(self, insight: InsightSnapshot) -> InsightSnapshot:
        """Return an insight."""
        return insight

    def topic(self, topic: TopicSnapshot) -> TopicSnapshot | None:
        """Return a topic."""
        return topic

    def match(self, match: TrackerMatchSnapshot) -> TrackerMatchSnapshot | None:
        """Return the matches of one phrase."""
        return match


@dataclass(frozen=True, slots=True)
class Gone(SnapshotEdit):
    """The ids of what was deleted. A topic is deleted with its last message. A deleted member is anonymous.

    `replaced` has the present state of messages that had words of a deleted message before they were split.
    """

    messages: Collection[str] = frozenset()
    insights: Collection[str] = frozenset()
    topics: Collection[str] = frozenset()
    members: Collection[str] = frozenset()
    replaced: Mapping[str, MessageSnapshot] = field(default_factory=dict)

    def member(self, member: MemberSnapshot) -> MemberSnapshot:
        return MemberSnapshot(member.id) if member.id in self.members else member

    def message(self, message: MessageSnapshot) -> MessageSnapshot:
        message = self.replaced.get(message.id, message)
        kept = replace(message, member=self.member(message.member)) if message.member else message
        return emptied_message(kept) if message.id in self.messages else kept

    def insight(self, insight: InsightSnapshot) -> InsightSnapshot:
        kept = replace(
            insight,
            member=self.member(insight.member) if insight.member else None,
            assignee=self.member(insight.assignee) if insight.assignee else None,
        )
        return emptied_insight(kept) if insight.id in self.insights or insight.message_id in self.messages else kept

    def topic(self, topic: TopicSnapshot) -> TopicSnapshot | None:
        if topic.id in self.topics:
            return None
        return replace(topic, message_ids=tuple(one for one in topic.message_ids if one not in self.messages))

    def match(self, match: TrackerMatchSnapshot) -> TrackerMatchSnapshot | None:
        said = tuple(one for one in match.messages if one.id not in self.messages)
        found = tuple(one for one in match.insights if one.id not in self.insights)
        return replace(match, messages=said, insights=found) if said or found else None


def edited(event: ConversationEvent, edit: SnapshotEdit) -> ConversationEvent:
    """Return an event with its objects changed; an equal one if the change does not concern it."""
    match event:
        case MessagesStored():
            return MessagesStored(tuple(map(edit.message, event.messages)))
        case MessageCorrected():
            return replace(event, message=edit.message(event.message))
        case MessageDeleted():
            return MessageDeleted(edit.message(event.message))
        case InsightsFound():
            return InsightsFound(tuple(map(edit.insight, event.insights)))
        case InsightReviewed():
            return replace(event, insight=edit.insight(event.insight))
        case InsightDeleted():
            return InsightDeleted(edit.insight(event.insight))
        case TopicsChanged():
            return TopicsChanged(tuple(topic for one in event.topics if (topic := edit.topic(one)) is not None))
        case TrackersMatched():
            trackers = (
                replace(tracker, matches=tuple(match for one in tracker.matches if (match := edit.match(one)) is not None))
                for tracker in event.trackers
            )
            return TrackersMatched(tuple(tracker for tracker in trackers if tracker.matches))
        case MemberJoined() | MemberChanged():
            return replace(event, member=edit.member(event.member))
        case MessagesMoved() | AudioRecording():
            return replace(event, member=edit.member(event.member) if event.member else None)
        case BookmarkChanged() | BookmarkDeleted() | ConversationChanged() | UnknownEvent():
            return event
        case ConversationCreated() | ConversationCompleted():
            return event
        case _:
            assert_never(event)
