"""The JSON forms of what is stored: complete, neutral, rendered by every wire without another query.

Event payloads are made of these, and so are exports. Times are ISO 8601 in UTC with milliseconds and Z.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from insights.models import Conversation, Entity, Event, Insight, Member, Message, Topic, TrackerMatch

Json = dict[str, Any]


class Kind:
    """The kinds of events."""

    CONVERSATION_CREATED = "conversation_created"
    MEMBER_JOINED = "member_joined"
    MESSAGES = "messages"
    INSIGHTS = "insights"
    TOPICS = "topics"
    TRACKERS = "trackers"
    MESSAGE_CORRECTED = "message_corrected"
    INSIGHT_REVIEWED = "insight_reviewed"
    CONVERSATION_COMPLETED = "conversation_completed"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One committed event of a conversation; `payload` is ready for JSON."""

    conversation_id: int
    number: int
    kind: str
    payload: Json
    at: datetime

    @classmethod
    def of(cls, row: Event) -> "StoredEvent":
        """Return what a row says."""
        return cls(row.conversation_id, row.number, row.kind, row.payload, row.created_at)


def iso(at: datetime) -> str:
    """Return an aware time as `2026-03-02T14:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def member_json(member: Member | None) -> Json | None:
    """Return {id, name, userId, email}; None for an unknown speaker."""
    if member is None:
        return None
    return {"id": str(member.id), "name": member.name, "userId": member.user_id, "email": member.email}


def conversation_json(conversation: Conversation) -> Json:
    """Return the start of a conversation: {conversationId: digits, name, startedAt}."""
    return {"conversationId": str(conversation.id), "name": conversation.name, "startedAt": iso(conversation.started_at)}


def entity_json(entity: Entity) -> Json:
    """Return {type, text, offset, value}; the offset counts characters of the message from 0."""
    return {"type": entity.type, "text": entity.text, "offset": entity.offset, "value": entity.value}


def message_json(message: Message, entities: Iterable[Entity]) -> Json:
    """Return a message; `offset` and `duration` are seconds, the former from the start of the conversation."""
    return {
        "id": str(message.id),
        "number": message.number,
        "text": message.text,
        "originalText": message.original_text,
        "member": member_json(message.member),
        "words": message.words,
        "confidence": message.confidence,
        "startTime": iso(message.started_at),
        "endTime": iso(message.ended_at),
        "offset": message.offset_s,
        "duration": message.duration_s,
        "sentiment": message.sentiment,
        "entities": [entity_json(entity) for entity in entities],
    }


def assignee_json(insight: Insight) -> Json | None:
    """Return who shall do it; somebody who was only named has a name and nothing else."""
    if insight.assignee is not None:
        return member_json(insight.assignee)
    if insight.assignee_name:
        return {"id": "", "name": insight.assignee_name, "userId": "", "email": ""}
    return None


def insight_json(insight: Insight) -> Json:
    """Return an insight; `member` is who said it, `dueBy` is None where no date was said."""
    return {
        "id": str(insight.id),
        "type": insight.type,
        "text": insight.text,
        "confidence": insight.confidence,
        "messageId": str(insight.message_id),
        "member": member_json(insight.message.member),
        "assignee": assignee_json(insight),
        "dueBy": iso(insight.due_at) if insight.due_at else None,
        "definitive": insight.definitive,
        "actionPhrase": insight.action_phrase,
        "tags": insight.tags,
        "hints": insight.hints,
        "entities": insight.entities,
    }


def reviewed_insight_json(insight: Insight) -> Json:
    """Return an insight with what a person decided about it."""
    return {
        **insight_json(insight),
        "originalText": insight.original_text,
        "review": insight.review,
        "reviewedAt": iso(insight.reviewed_at) if insight.reviewed_at else None,
    }


def topic_json(topic: Topic, message_ids: Iterable[str]) -> Json:
    """Return a topic with the messages it came up in; `parent` is None for a topic of its own."""
    return {
        "id": str(topic.id),
        "text": topic.text,
        "score": topic.score,
        "sentiment": topic.sentiment,
        "parent": topic.parent_text or None,
        "messageIds": list(message_ids),
    }


def trackers_json(matches: Iterable[TrackerMatch]) -> list[Json]:
    """Return tracker hits grouped by tracker and phrase, in the order of their first hit.

    A hit in a message is a message reference; a row with an insight is a reference to that insight.
    """
    trackers: dict[str, Json] = {}
    groups: dict[tuple[str, str], Json] = {}
    for match in matches:
        tracker = trackers.setdefault(match.tracker_id, {"id": match.tracker_id, "name": match.tracker_name, "matches": []})
        group = groups.get((match.tracker_id, match.value))
        if group is None:
            group = {"type": "vocabulary", "value": match.value, "messageRefs": [], "insightRefs": []}
            groups[match.tracker_id, match.value] = group
            tracker["matches"].append(group)
        _refer(group, match)
    return list(trackers.values())


def _refer(group: Json, match: TrackerMatch) -> None:
    if match.insight is not None:
        reference = {"id": str(match.insight.id), "text": match.insight.text, "type": match.insight.type, "offset": match.offset}
        group["insightRefs"].append(reference)
        return
    message = match.message
    times = {"startTime": iso(message.started_at), "endTime": iso(message.ended_at)}
    group["messageRefs"].append({"id": str(message.id), "text": message.text, "offset": match.offset, **times})
