"""Server-sent events: outputs as numbered events, from which a browser's EventSource can resume after a reconnect."""

import dataclasses
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

HEARTBEAT = ": still here\n\n"
"""A comment. It keeps proxies from closing an idle connection, and reveals clients that have disconnected."""

_LINES = re.compile(r"\r\n|\r|\n")
_DEEPEST = 50


def server_sent(number: int, text: str, event: str = "") -> str:
    """Return one numbered event; each line of the text becomes a `data` line."""
    name = f"event: {event}\n" if event else ""
    data = "".join(f"data: {line}\n" for line in _LINES.split(text))
    return f"id: {number}\n{name}{data}\n"


def invalid_event(number: int, text: str) -> str:
    """Return the event in place of an output that cannot be sent (our extension). Pages that do not listen for it skip it."""
    return server_sent(number, text, "invalid")


def ended_event(reason: str) -> str:
    """Return the last event of a session (our extension), without a number: "ended", or "lost" if its server process died."""
    return f"event: end\ndata: {reason}\n\n"


def last_event_id(text: str | None) -> int:
    """Return the number of the event after which a client resumes; 0 (everything kept) if the header is missing or not ours."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


def output_text(args: Sequence[Any]) -> str:
    """Return AdditionalOutputs as text: a single string unchanged, as in FastRTC's manual, everything else as JSON.

    Raises NotJsonError or ValueError, see `plain`.
    """
    if len(args) == 1:
        return args[0] if isinstance(args[0], str) else json.dumps(plain(args[0]), ensure_ascii=False)
    return json.dumps(plain(list(args)), ensure_ascii=False)


class NotJsonError(TypeError):
    """A value that JSON has no form for; the text names its type, and not the value."""

    def __init__(self, kind: type) -> None:
        super().__init__(f"a value of the type {kind.__qualname__} cannot be sent as JSON")


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value in JSON types. Models, dataclasses and arrays are expanded; NaN and infinity become null.

    Dates and times become ISO 8601, durations seconds, members of an Enum their value; a UUID, a path and a Decimal become text.
    Raises NotJsonError for any other type, and ValueError for a value that contains itself.
    """
    if value is None or isinstance(value, (str, bool, int)) and not isinstance(value, Enum):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth > _DEEPEST:
        raise ValueError(f"a value that is nested more than {_DEEPEST} deep cannot be sent as JSON")
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth + 1) for item in value]
    return plain(_expanded(value), depth + 1)


def _expanded(value: Any) -> Any:
    """Return the contents of a model, dataclass or array, or the text of a simple value. Raises NotJsonError for other types."""
    if isinstance(value, type):
        raise NotJsonError(type(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (UUID, Decimal, PurePath)):
        return str(value)
    if callable(dump := getattr(value, "model_dump", None)):
        return dump(mode="json")
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if callable(listed := getattr(value, "tolist", None)):
        return listed()
    raise NotJsonError(type(value))


def _key(key: Any) -> str:
    """Return the key of an object. Raises NotJsonError for a key that has no short text."""
    if isinstance(key, Enum):
        return _key(key.value)
    if key is None or isinstance(key, (str, int, float, date, UUID)):
        return key if isinstance(key, str) else str(key)
    if isinstance(key, tuple):
        return ",".join(_key(part) for part in key)
    raise NotJsonError(type(key))
