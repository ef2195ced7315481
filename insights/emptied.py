"""Changes of events that are stored already: words are deleted from them or redacted. Pure: no Django, no I/O.

A deleted message keeps its event numbers. Its snapshots become empty in all events, so that each renders as the deleted message does.
"""

from collections.abc import Collection, Iterable, Mapping
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
from insights.snapshots import (
    EntitySnapshot,
    InsightSnapshot,
    JsonObject,
    MemberSnapshot,
    MessageSnapshot,
    TopicSnapshot,
    TrackerMatchSnapshot,
)


def emptied_message(message: MessageSnapshot) -> MessageSnapshot:
    """Return a message without its content: who spoke and when is left."""
    return replace(message, text="", original_text="", words=(), entities=(), sentiment=0.0, translation="")


def emptied_insight(insight: InsightSnapshot) -> InsightSnapshot:
    """Return an insight without its content: its kind and its message are left."""
    bare = replace(insight, text="", original_text="", action_phrase="", assignee=None, due_by="")
    return replace(bare, tags=(), hints=(), entities=())


def texts_of(members: Mapping[str, MemberSnapshot]) -> set[str]:
    """Return the texts by which members are called: user ids, addresses and names."""
    return {text for one in members.values() for text in (one.user_id, one.email, one.name) if text}


def forms_without(forms: Iterable[JsonObject], members: Mapping[str, MemberSnapshot]) -> tuple[JsonObject, ...]:
    """Return entities or tags of an insight, in their JSON form, each with its value as `value_without` returns it."""
    return tuple(_form_without(one, members) for one in forms)


def value_without(value: JsonObject, members: Mapping[str, MemberSnapshot]) -> JsonObject:
    """Return what an entity says of the person whom it names; of one of these members, by id, only the words that were said."""
    if not any(_names(value, one) for one in members.values()):
        return value
    said = value.get("alias") or ""
    return {"name": said, "alias": said, **({"assignee": False} if "assignee" in value else {})}


def _form_without(form: JsonObject, members: Mapping[str, MemberSnapshot]) -> JsonObject:
    value = form.get("value")
    if form.get("type") != "person" or not isinstance(value, dict):
        return form
    tagged = value.get("value")  # a tag has an object around it
    return form | {"value": {"value": value_without(tagged, members)} if isinstance(tagged, dict) else value_without(value, members)}


def _names(value: JsonObject, member: MemberSnapshot) -> bool:
    """Return whether a value names a member: by user id or address, or by id or name if it has neither."""
    pairs = ((value.get("userId"), member.user_id), (value.get("email"), member.email))
    if any(text for text, _ in pairs):
        return any(text and text == own for text, own in pairs)
    return value.get("id") == member.id or (bool(member.name) and value.get("name") == member.name)


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
    """The ids of what was deleted. A topic is deleted with its last message.

    `members`: those who are anonymous from now on, as they were, by id. `replaced` has the present state of messages that had words of a
    deleted message before they were split.
    """

    messages: Collection[str] = frozenset()
    insights: Collection[str] = frozenset()
    topics: Collection[str] = frozenset()
    members: Mapping[str, MemberSnapshot] = field(default_factory=dict)
    replaced: Mapping[str, MessageSnapshot] = field(default_factory=dict)

    def member(self, member: MemberSnapshot) -> MemberSnapshot:
        if not member.id:  # somebody who was only named
            called = texts_of(self.members).intersection((member.name, member.user_id, member.email))
            return MemberSnapshot("") if called else member
        return MemberSnapshot(member.id) if member.id in self.members else member

    def message(self, message: MessageSnapshot) -> MessageSnapshot:
        message = self.replaced.get(message.id, message)
        kept = replace(message, member=self.member(message.member)) if message.member else message
        if message.id in self.messages:
            return emptied_message(kept)
        return replace(kept, entities=tuple(map(self._entity, kept.entities))) if self.members else kept

    def insight(self, insight: InsightSnapshot) -> InsightSnapshot:
        assignee = self.member(insight.assignee) if insight.assignee else None
        kept = replace(
            insight,
            member=self.member(insight.member) if insight.member else None,
            assignee=assignee if assignee and (assignee.id or assignee.name) else None,
            tags=forms_without(insight.tags, self.members),
            entities=forms_without(insight.entities, self.members),
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

    def _entity(self, entity: EntitySnapshot) -> EntitySnapshot:
        return replace(entity, value=value_without(entity.value, self.members)) if entity.type == "person" else entity


def edited(event: ConversationEvent, edit: SnapshotEdit) -> ConversationEvent:
    """Return an event with its objects changed; an equal one if the change does not concern it."""
    match event:
        case MessagesStored():
            return MessagesStored(tuple(map(edit.message, event.messages)))
        case MessageCorrected():
            return replace(event, message=edit.message(event.message))
        case MessageDeleted():
            return replace(event, message=edit.message(event.message))
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
        case BookmarkChanged():
            return replace(event, bookmark=replace(event.bookmark, user=edit.member(event.bookmark.user)))
        case BookmarkDeleted() | ConversationChanged() | UnknownEvent():
            return event
        case ConversationCreated() | ConversationCompleted():
            return event
        case _:
            assert_never(event)
