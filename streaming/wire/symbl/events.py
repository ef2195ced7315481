"""From a stored event to the messages one listener gets of it. Needs no query: an event's payload is complete.

Events that Symbl has no message for (a member joined, an insight was reviewed) give no message.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from streaming.wire.symbl import render
from streaming.wire.symbl.messages import INSIGHT_TYPES, Start
from streaming.wire.symbl.render import Message, encode, user

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What one listener asked to get; the defaults are those of a read-only subscriber, who cannot ask.

    `confidence_threshold` within [0, 1]; `summary_url` is the address of this conversation's summary.
    """

    insight_types: frozenset[str] = frozenset(INSIGHT_TYPES)
    confidence_threshold: float = 0.0
    sentiment: bool = False
    entities: bool = False
    timezone_offset: int | None = None
    summary_url: str = ""

    @classmethod
    def of(cls, start: Start, summary_url: str = "") -> "View":
        """Return the view that a speaker's start_request asks for."""
        return cls(
            insight_types=start.insight_types,
            confidence_threshold=start.confidence_threshold,
            sentiment=start.sentiment,
            entities=start.detect_entities,
            timezone_offset=start.timezone_offset,
            summary_url=summary_url,
        )


def render_event(kind: str, payload: Payload, number: int, view: View) -> list[Message]:
    """Return the messages of one stored event for one listener, each with `sequenceNumber` = number; often none.

    Insights are those of the wanted types at or above the wanted confidence; topics always come; entities and
    sentiment come where they were asked for. An unknown kind gives none: it may come from a newer process.
    """
    renderer = _RENDERERS.get(kind)
    messages = renderer(payload, view) if renderer else []
    return [message | {"sequenceNumber": number} for message in messages]


def tracker_response(trackers: Iterable[Payload], *, is_final: bool) -> Message:
    """Return found trackers; is_final False where they were found in interim text, which may still change."""
    return {"type": "tracker_response", "isFinal": is_final, "trackers": [_tracker(tracker) for tracker in trackers]}


def _created(payload: Payload, _: View) -> list[Message]:
    return [render.conversation_created(payload["conversationId"])]


def _completed(payload: Payload, view: View) -> list[Message]:
    return [render.conversation_completed(payload["conversationId"], view.summary_url)]


def _messages(payload: Payload, view: View) -> list[Message]:
    messages = payload["messages"]
    if not messages:
        return []
    response: Message = {"type": "message_response", "messages": [_message(message, view) for message in messages]}
    if view.sentiment:
        response["sentiment"] = True
    found = [_found_entity(entity, message) for message in messages for entity in message["entities"]] if view.entities else []
    return [response, {"type": "entity_response", "entities": found}] if found else [response]


def _corrected(payload: Payload, view: View) -> list[Message]:
    return _messages({"messages": [payload["message"]]}, view)


def _message(message: Payload, view: View) -> Message:
    rendered = {
        "id": message["id"],
        "from": user(message["member"]),
        "payload": _content(message["text"]),
        "channel": {"id": "realtime-api"},
        "metadata": _metadata(message, view),
        "dismissed": False,
        "duration": {
            "startTime": message["startTime"],
            "endTime": message["endTime"],
            "timeOffset": message["offset"],
            "duration": message["duration"],
        },
    }
    if view.entities:
        rendered["entities"] = [_entity(entity, message) for entity in message["entities"]]
    if view.sentiment:
        rendered["sentiment"] = _sentiment(message["sentiment"])
    return rendered


def _metadata(message: Payload, view: View) -> Message:
    words = [{key: word[key] for key in ("word", "startTime", "endTime")} for word in message["words"]]
    metadata = {
        "disablePunctuation": True,
        "originalContent": message["originalText"] or message["text"],
        "words": encode(words),  # JSON within JSON: clients parse this text themselves
        "originalMessageId": message["id"],
    }
    return metadata if view.timezone_offset is None else metadata | {"timezoneOffset": view.timezone_offset}


def _content(text: str) -> Message:
    return {"content": text, "contentType": "text/plain"}


def _entity(entity: Payload, message: Payload) -> Message:
    return _entity_kind(entity) | {"detectedValue": entity["text"], "offset": entity["offset"], "message": message["text"]}


def _found_entity(entity: Payload, message: Payload) -> Message:
    reference = {key: message[key] for key in ("id", "text", "startTime", "endTime")} | {"offset": entity["offset"]}
    return _entity_kind(entity) | {"matches": [{"detectedValue": entity["text"], "messageRefs": [reference]}]}


def _entity_kind(entity: Payload) -> Message:
    return {"type": entity["type"], "subType": entity["type"], "category": "Managed"}


def _sentiment(score: float) -> Message:
    suggested = "positive" if score > 0.3 else "negative" if score < -0.3 else "neutral"
    return {"polarity": {"score": score}, "suggested": suggested}


def _insights(payload: Payload, view: View) -> list[Message]:
    wanted = [
        _insight(insight, view) | {"type": kind}
        for insight in payload["insights"]
        if (kind := _told_as(insight["type"], view.insight_types)) and insight["confidence"] >= view.confidence_threshold
    ]
    return [{"type": "insight_response", "insights": wanted}] if wanted else []


def _told_as(kind: str, wanted: frozenset[str]) -> str:
    """Return the type that an insight has for a listener: a follow-up is an action item for whoever asks for those alone."""
    if kind == "follow_up" and kind not in wanted:
        kind = "action_item"
    return kind if kind in wanted else ""


def _insight(insight: Payload, view: View) -> Message:
    rendered = {
        "id": insight["id"],
        "type": insight["type"],
        "confidence": insight["confidence"],
        "messageReference": {"id": insight["messageId"]},
        "hints": [{"key": hint["key"], "value": str(hint["value"])} for hint in insight["hints"]],
        "assignee": user(insight["assignee"]),
        "tags": insight["tags"],
        "dismissed": False,
        "payload": _content(insight["text"]),
        "text": insight["text"],  # the oldest clients read it here
        "from": user(insight["member"]),
        "entities": insight["entities"] if view.entities else None,
    }
    return rendered | {"dueBy": {"value": _local(insight["dueBy"], view.timezone_offset)}} if insight["dueBy"] else rendered


def _local(at: str, offset: int | None) -> str:
    """Return an ISO time in the zone that the listener named: clients read the day off its first ten characters."""
    if offset is None:
        return at
    return datetime.fromisoformat(at).astimezone(timezone(timedelta(minutes=offset))).isoformat(timespec="seconds")


def _topics(payload: Payload, view: View) -> list[Message]:
    topics = [_topic(topic, view) for topic in payload["topics"]]
    return [{"type": "topic_response", "topics": topics}] if topics else []


def _topic(topic: Payload, view: View) -> Message:
    rendered = {
        "id": topic["id"],
        "messageReferences": [{"id": message_id, "relation": "text instance"} for message_id in topic["messageIds"]],
        "phrases": topic["text"],
        "rootWords": [{"text": word} for word in topic["text"].split()],
        "score": topic["score"],
        "type": "topic",
    }
    return rendered | {"sentiment": _sentiment(topic["sentiment"])} if view.sentiment else rendered


def _trackers(payload: Payload, _: View) -> list[Message]:
    return [tracker_response(payload["trackers"], is_final=True)] if payload["trackers"] else []


def _tracker(tracker: Payload) -> Message:
    matches = [{key: match[key] for key in ("type", "value", "messageRefs", "insightRefs")} for match in tracker["matches"]]
    return {"id": tracker["id"], "name": tracker["name"], "matches": matches}


_RENDERERS: dict[str, Callable[[Payload, View], list[Message]]] = {
    "conversation_created": _created,
    "messages": _messages,
    "message_corrected": _corrected,
    "insights": _insights,
    "topics": _topics,
    "trackers": _trackers,
    "conversation_completed": _completed,
}
