"""Helpers for tests of the protocol: stored payloads as the recorder makes them, the published messages, and a comparison."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

JANE = {"id": "7", "name": "Jane", "userId": "jane.doe@example.com", "email": "jane.doe@example.com"}
JANE_IN_MESSAGES = {"id": "7", "name": "Jane", "userId": "jane.doe@example.com"}
UNKNOWN_SPEAKER = {"id": "", "name": "", "userId": ""}


def seed(name: str) -> dict[str, Any]:
    """Return a message of the published reference, unchanged."""
    return json.loads((HERE / "seed" / f"{name}.json").read_text())


def start(**fields: Any) -> str:
    """Return the text of a start_request with these fields."""
    return json.dumps({"type": "start_request", **fields})


def message(text: str = "I will call you on Friday.", **changes: Any) -> dict[str, Any]:
    """Return one stored message."""
    return {
        "id": "0b9e5c0e-9f3e-4a44-a2ae-4f9d7a1f0001",
        "number": 1,
        "text": text,
        "originalText": "",
        "member": JANE,
        "words": [
            {"word": "I", "startTime": "2026-11-20T09:00:01.000Z", "endTime": "2026-11-20T09:00:01.200Z", "score": 0.9},
            {"word": "will", "startTime": "2026-11-20T09:00:01.200Z", "endTime": "2026-11-20T09:00:01.500Z", "score": 0.8},
        ],
        "confidence": 0.85,
        "startTime": "2026-11-20T09:00:01.000Z",
        "endTime": "2026-11-20T09:00:02.500Z",
        "offset": 1.0,
        "duration": 1.5,
        "sentiment": 0.4,
        "entities": [{"type": "date", "text": "Friday", "offset": 19, "value": {"datetime": "2026-11-27"}}],
    } | changes


def insight(**changes: Any) -> dict[str, Any]:
    """Return one stored insight."""
    return {
        "id": "0b9e5c0e-9f3e-4a44-a2ae-4f9d7a1f0002",
        "type": "action_item",
        "text": "Jane will call on Friday.",
        "confidence": 0.8,
        "messageId": "0b9e5c0e-9f3e-4a44-a2ae-4f9d7a1f0001",
        "member": JANE,
        "assignee": JANE,
        "dueBy": "2026-11-27T00:00:00.000Z",
        "definitive": True,
        "actionPhrase": "call on Friday",
        "tags": [{"type": "date", "text": "Friday", "beginOffset": 18, "value": {"value": {"datetime": "2026-11-27"}}}],
        "hints": [{"key": "confidenceScore", "value": "0.8"}],
        "entities": [{"type": "date", "text": "Friday", "offset": 18, "value": {"datetime": "2026-11-27"}}],
    } | changes


def topic() -> dict[str, Any]:
    """Return one stored topic."""
    return {"id": "t1", "text": "phone call", "score": 0.7, "sentiment": -0.5, "parent": None, "messageIds": ["m1", "m2"]}


def tracker() -> dict[str, Any]:
    """Return one stored tracker with an exact match in a message and in an insight."""
    reference = {"id": "m1", "text": "call", "offset": 7, "startTime": "2026-11-20T09:00:01.000Z", "endTime": "2026-11-20T09:00:02.500Z"}
    return {
        "id": "p1",
        "name": "Promises",
        "matches": [
            {
                "type": "vocabulary",
                "value": "call",
                "messageRefs": [reference],
                "insightRefs": [{"id": "i1", "text": "call", "type": "action_item", "offset": 10}],
            }
        ],
    }


def differences(example: Any, ours: Any, path: str = "") -> list[str]:
    """Return the places where ours lacks a value of the example or has another; additional values are allowed."""
    if isinstance(example, dict) and isinstance(ours, dict):
        missing = [f"{path}.{key} is missing" for key in example if key not in ours]
        return missing + [place for key in example if key in ours for place in differences(example[key], ours[key], f"{path}.{key}")]
    if isinstance(example, list) and isinstance(ours, list) and len(example) == len(ours):
        return [place for i, pair in enumerate(zip(example, ours, strict=True)) for place in differences(*pair, f"{path}[{i}]")]
    return [] if example == ours else [f"{path}: {example!r} became {ours!r}"]
