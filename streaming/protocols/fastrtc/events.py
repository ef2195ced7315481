"""Server-sent events: outputs as numbered events, from which a browser's EventSource can resume after a reconnect."""

import dataclasses
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

HEARTBEAT = ": still here\n\n"
"""A comment. It keeps proxies from closing an idle connection, and reveals clients that have disconnected."""

_LINES = re.compile(r"\r\n|\r|\n")
_DEEPEST = 50


def server_sent(number: int, text: str, event: str = "") -> str:
    """Return one numbered event; each line of the text becomes a `data` line."""
    name = f"event: {event}\n" if event else ""
    data = "".join(f"data: {line}\n" for line in _LINES.split(text))
    return f"id: {number}\n{name}{data}\n"


def ended_event(reason: str) -> str:
    """Return the last event of a session (our extension), without a number: "ended", or "lost" if its server process died."""
    return f"event: end\ndata: {reason}\n\n"


def last_event_id(text: str | None) -> int:
    """Return the number of the event after which a client resumes; 0 (everything kept) if the header is missing or not ours."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


def output_text(args: Sequence[Any]) -> str:
    """Return AdditionalOutputs as text: a single string unchanged, as in FastRTC's manual, everything else as JSON."""
    if len(args) == 1:
        return args[0] if isinstance(args[0], str) else json.dumps(plain(args[0]), ensure_ascii=False)
    return json.dumps(plain(list(args)), ensure_ascii=False)


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value in JSON types: models, dataclasses and arrays are expanded, NaN and infinity become null, the rest text."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth > _DEEPEST:
        return str(type(value).__name__)
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth + 1) for item in value]
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"), depth + 1)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)}, depth + 1)
    if hasattr(value, "tolist"):
        return plain(value.tolist(), depth + 1)
    return str(value)
