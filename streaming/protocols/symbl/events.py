"""Renders an event as the messages for one subscriber. An event is complete, so no database query is needed.

An event without a counterpart in Symbl (a member joined) has no messages. A message, insight or topic that changed or was deleted later
is sent again under the same id; Symbl's field `dismissed` is true if it was deleted or rejected.

Our additions: `speaker` of a message, the envelopes `conversation_changed`, `member_changed` and `messages_moved`, `previousMessageId` of
a message that a person put into the transcript, and `done` and `task` of an insight.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Protocol, assert_never

from insights import insight_kinds
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
    CUSTOM,
    REJECTED,
    EntitySnapshot,
    InsightSnapshot,
    MemberSnapshot,
    MessageSnapshot,
    TopicSnapshot,
    TrackerMatchSnapshot,
    TrackerSnapshot,
)
from insights.task_text import as_task
from streaming.protocols.json_message import JsonMessage
from streaming.protocols.symbl import render
from streaming.protocols.symbl.client_messages import Start, insight_types
from streaming.protocols.symbl.render import encode, user


@dataclass(frozen=True, slots=True)
class View:
    """What one subscriber requested. The defaults are those of a read-only subscriber, which cannot choose.

    `confidence_threshold` is in [0, 1], `timezone_offset` in minutes from UTC; `summary_url` is the URL of the conversation's summary.
    """

    insight_types: frozenset[str] = field(default_factory=lambda: frozenset(insight_types()))
    confidence_threshold: float = 0.0
    sentiment: bool = False
    entities: bool = False
    timezone_offset: int | None = None
    summary_url: str = ""

    @classmethod
    def of(cls, start: Start, summary_url: str = "") -> "View":
        """Return the view that a speaker's start_request requests."""
        return cls(
            insight_types=start.insight_types,
            confidence_threshold=start.confidence_threshold,
            sentiment=start.sentiment,
            entities=start.detect_entities,
            timezone_offset=start.timezone_offset,
            summary_url=summary_url,
        )


class InterimInsight(Protocol):
    """An insight in the words of an open turn; `confidence` is from 0 to 1."""

    @property
    def type(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def confidence(self) -> float: ...


def render_event(event: ConversationEvent, number: int, view: View) -> list[JsonMessage]:
    """Return the messages of one event for one subscriber, each with `sequenceNumber` = number; often none.

    Insights are filtered by type and minimum confidence; topics are always included; entities and sentiment are included if requested.
    """
    return [{**message, "sequenceNumber": number} for message in _responses(event, view)]


def _responses(event: ConversationEvent, view: View) -> list[JsonMessage]:
    match event:
        case ConversationCreated():
            return [render.conversation_created(event.conversation_id)]
        case ConversationCompleted():
            return [render.conversation_completed(event.conversation_id, view.summary_url)]
        case MessagesStored():
            return _messages(event.messages, view)
        case MessageCorrected():
            return _messages([event.message], view, behind=event.behind)
        case MessageDeleted():
            return _messages([event.message], view, dismissed=True)
        case InsightsFound():
            return _insights(event.insights, view)
        case InsightReviewed():
            return _insights([event.insight], view, dismissed=event.insight.review == REJECTED)
        case InsightDeleted():
            return _insights([event.insight], view, dismissed=True)
        case TopicsChanged():
            topics = [_topic(topic, view) for topic in event.topics]
            return [{"type": "topic_response", "topics": topics}] if topics else []
        case TrackersMatched():
            return [tracker_response(event.trackers, view, is_final=True)] if event.trackers else []
        case BookmarkChanged():
            return [render.bookmark_changed(dict(event.bookmark.dump()))]
        case BookmarkDeleted():
            return [render.bookmark_deleted(event.bookmark_id)]
        case ConversationChanged():
            return [render.conversation_changed(event.conversation_id, event.name, event.metadata)]
        case AudioRecording():
            return [render.audio_recording(event.conversation_id, event.session_id, event.member)]
        case MemberChanged():
            return [render.member_changed(event.member)]
        case MessagesMoved():
            return [render.messages_moved(event.member, event.message_ids)]
        case MemberJoined() | UnknownEvent():
            return []
        case _:
            assert_never(event)


def tracker_response(trackers: Iterable[TrackerSnapshot], view: View, *, is_final: bool) -> JsonMessage:
    """Return matched trackers; `is_final` is False for matches in interim text, which may still change."""
    return {"type": "tracker_response", "isFinal": is_final, "trackers": [_tracker(tracker, view) for tracker in trackers]}


def _tracker(tracker: TrackerSnapshot, view: View) -> JsonMessage:
    return tracker.dump() | {"matches": [_tracker_match(match, view) for match in tracker.matches]}


def _tracker_match(match: TrackerMatchSnapshot, view: View) -> JsonMessage:
    """Return the matches of one phrase; an insight has the type that it has in `insight_response`."""
    found = [one.dump() | {"type": _reference_type(one.type, view)} for one in match.insights]
    return match.dump() | {"insightRefs": found}


def interim_insights(
    found: Iterable[InterimInsight], view: View, member: MemberSnapshot | None, audio_owner: MemberSnapshot | None
) -> JsonMessage:
    """Return all insights in the words of an open turn (our extension). They replace those that were sent for it before.

    `audio_owner`: whose audio it is, where several people speak in it.
    """
    insights = [
        {"type": kind, "text": one.text, "confidence": one.confidence}
        for one in found
        if (kind := insight_kinds.wire_type_for(one.type, view.insight_types)) and one.confidence >= view.confidence_threshold
    ]
    owner = {"audioOwner": user(audio_owner)} if audio_owner else {}
    return render.envelope("interim_insights", insights=insights, user=user(member), **owner)


def _reference_type(name: str, view: View) -> str:
    """Return the type of an insight in a reference, also for a subscriber that does not get the insight."""
    return insight_kinds.wire_type_for(name, view.insight_types) or insight_kinds.kind_of(name).wire_type


def _messages(messages: Sequence[MessageSnapshot], view: View, *, dismissed: bool = False, behind: str = "") -> list[JsonMessage]:
    """Return the responses with messages. `behind`: for one that a person put into the transcript, the id of the message before it."""
    if not messages:
        return []
    rendered = [_message(message, view) | {"dismissed": dismissed or message.deleted} for message in messages]
    if behind:
        rendered[0]["previousMessageId"] = behind
    response: dict[str, object] = {"type": "message_response", "messages": rendered}
    if view.sentiment:
        response["sentiment"] = True
    found = [_found_entity(entity, message) for message in messages for entity in message.entities] if view.entities else []
    return [response, {"type": "entity_response", "entities": found}] if found else [response]


def _message(message: MessageSnapshot, view: View) -> dict[str, object]:
    rendered: dict[str, object] = {
        "id": message.id,
        "from": user(message.member),
        "payload": _content(message.text),
        "channel": {"id": "realtime-api"},
        "metadata": _metadata(message, view),
        "dismissed": False,
        "duration": {
            "startTime": message.start_time,
            "endTime": message.end_time,
            "timeOffset": message.offset,
            "duration": message.duration,
        },
    }
    if message.speaker is not None:
        rendered["speaker"] = message.speaker.dump()
    if view.entities:
        rendered["entities"] = [_entity(entity, message) for entity in message.entities]
    if view.sentiment:
        rendered["sentiment"] = _sentiment(message.sentiment)
    return rendered


def _metadata(message: MessageSnapshot, view: View) -> JsonMessage:
    words = [{"word": one.word, "startTime": one.start_time, "endTime": one.end_time} for one in message.words]
    metadata: dict[str, object] = {
        "disablePunctuation": True,
        "originalContent": message.original_text or message.text,
        "words": encode(words),  # a JSON string inside JSON: clients parse it themselves
        "originalMessageId": message.id,
    }
    if message.overlap:
        metadata["overlap"] = True  # our extension, like the next two
    if message.language:
        metadata["languageCode"] = message.language
    if message.translation:
        metadata["translation"] = {"languageCode": "en", "content": message.translation}
    return metadata if view.timezone_offset is None else metadata | {"timezoneOffset": view.timezone_offset}


def _content(text: str) -> JsonMessage:
    return {"content": text, "contentType": "text/plain"}


def _entity(entity: EntitySnapshot, message: MessageSnapshot) -> JsonMessage:
    """Return an entity of a message. `message` is an object: the Go SDK drops the whole response if it is a text."""
    reference = {"id": message.id, "payload": _content(message.text)}
    return _entity_kind(entity) | {"detectedValue": entity.text, "offset": entity.offset, "message": reference}


def _found_entity(entity: EntitySnapshot, message: MessageSnapshot) -> JsonMessage:
    times = {"startTime": message.start_time, "endTime": message.end_time}
    reference = {"id": message.id, "text": message.text, **times, "offset": entity.offset}
    return _entity_kind(entity) | {"matches": [{"detectedValue": entity.text, "messageRefs": [reference]}]}


def _entity_kind(entity: EntitySnapshot) -> dict[str, object]:
    if entity.type == CUSTOM:
        get = entity.value.get
        return {"type": get("customType"), "subType": get("subType"), "category": get("category") or "Custom"}
    return {"type": entity.type, "subType": entity.type, "category": "Managed"}


def _sentiment(score: float) -> JsonMessage:
    suggested = "positive" if score > 0.3 else "negative" if score < -0.3 else "neutral"
    return {"polarity": {"score": score}, "suggested": suggested}


def _insights(insights: Iterable[InsightSnapshot], view: View, *, dismissed: bool = False) -> list[JsonMessage]:
    wanted = [
        _insight(insight, kind, view) | {"dismissed": dismissed or insight.deleted}
        for insight in insights
        if (kind := insight_kinds.wire_type_for(insight.type, view.insight_types)) and insight.confidence >= view.confidence_threshold
    ]
    return [{"type": "insight_response", "insights": wanted}] if wanted else []


def _insight(insight: InsightSnapshot, kind: str, view: View) -> dict[str, object]:
    rendered: dict[str, object] = {
        "id": insight.id,
        "type": kind,
        "confidence": insight.confidence,
        "messageReference": {"id": insight.message_id},
        "hints": [{"key": hint["key"], "value": str(hint["value"])} for hint in insight.hints],
        "assignee": user(insight.assignee),
        "tags": list(insight.tags),
        "dismissed": False,
        "payload": _content(insight.text),
        "text": insight.text,  # the oldest clients read it here
        "from": user(insight.member),
        "entities": list(insight.entities) if view.entities else None,
    }
    task = as_task(insight.text, insight.action_phrase, edited=bool(insight.original_text))
    if insight.text and task != insight.text:
        rendered["task"] = task
    if insight.due_by:
        rendered["dueBy"] = {"value": _local(insight.due_by, view.timezone_offset)}
    return rendered | {"done": True} if insight.done_at else rendered


def _local(at: str, offset: int | None) -> str:
    """Return an ISO time in the subscriber's time zone, since clients take the date from its first ten characters."""
    if offset is None:
        return at
    return datetime.fromisoformat(at).astimezone(timezone(timedelta(minutes=offset))).isoformat(timespec="seconds")


def _topic(topic: TopicSnapshot, view: View) -> JsonMessage:
    rendered: dict[str, object] = {
        "id": topic.id,
        "messageReferences": [{"id": message_id, "relation": "text instance"} for message_id in topic.message_ids],
        "phrases": topic.text,
        "rootWords": [{"text": word} for word in topic.text.split()],
        "score": topic.score,
        "type": "topic",
    }
    if not topic.text:  # its last message was deleted
        rendered["dismissed"] = True
    return rendered | {"sentiment": _sentiment(topic.sentiment)} if view.sentiment else rendered
