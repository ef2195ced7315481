"""Parses the frames of a Symbl WebSocket into typed messages. Raises no exception but WireError, for any input."""

import json
import re
import unicodedata
from typing import Any

from streaming.protocols.symbl.client_messages import Audio, ClientMessage, Ping, Stop
from streaming.protocols.symbl.fields import Fields, WireError, refused, shown
from streaming.protocols.symbl.start_request import modify_request, start_request

MAX_TEXT = 256 * 1024
"""Limit of the characters of a text message, far above the largest start_request seen."""

MAX_DEPTH = 32
"""Limit of nested objects and lists; the protocol needs four levels."""

MAX_VALUES = 32_000
"""Objects, lists and commas of one text message: 500 trackers of 50 phrases with 1,000 phrases of vocabulary have 28,500."""

CONNECTION_ID_LENGTH = 256

# A published Python client sends its stop request as the repr of a Python dictionary; only this exact form is accepted.
_QUOTED_STOP = re.compile(r"\s*\{\s*'type'\s*:\s*'stop_request'\s*\}\s*")
_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


def parse(data: str | bytes | bytearray | memoryview) -> ClientMessage:
    """Return the message in one WebSocket frame: bytes are audio, text is everything else.

    Raises WireError if the text is too long, too deeply nested or not a JSON object, has an unknown `type` or an invalid field.
    """
    if not isinstance(data, str):
        return Audio(bytes(data))
    if len(data) > MAX_TEXT:
        raise WireError(f"a text message may be at most {MAX_TEXT} characters long, not {len(data)}; audio goes into binary frames")
    if data.strip() == "__PING__":
        return Ping()
    if _QUOTED_STOP.fullmatch(data):
        return Stop()
    non_finite: list[str] = []
    message = _message(_load(data, non_finite))
    if non_finite:  # in a field that is not used; a used field has already raised an error with its name
        raise WireError(f"{non_finite[0]} is not a number that JSON allows")
    return message


def connection_id(text: str) -> str:
    """Return a valid connection id unchanged: 1 to 256 characters without control characters; `= + / _ . - %` etc. are allowed.

    Raises WireError (field `connectionId`) for anything else.
    """
    if not 1 <= len(text) <= CONNECTION_ID_LENGTH:
        raise WireError(f"connectionId must have 1 to {CONNECTION_ID_LENGTH} characters, not {len(text)}", "connectionId")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise WireError("connectionId holds a control character or half a surrogate pair, which is not allowed", "connectionId")
    return text


def after(text: str) -> int:
    """Return the cursor in `?after=N` (our extension): a whole number from 0. Raises WireError (field `after`) for anything else."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise refused("after", "a whole number from 0, the number of the last event seen", text)
    return int(text)


def _load(text: str, non_finite: list[str]) -> Any:
    """Return the JSON value of a text; NaN and Infinity are parsed as floats and appended to `non_finite`."""
    if sum(map(text.count, "[{,")) > MAX_VALUES:
        raise WireError(f"a message may have at most {MAX_VALUES} values")
    depth = 0
    for token in _BRACKETS.finditer(text):
        first = text[token.start()]
        depth += (first in "[{") - (first in "]}")
        if depth > MAX_DEPTH:
            raise WireError(f"a message may be at most {MAX_DEPTH} levels deep")

    def constant(name: str) -> float:
        non_finite.append(name)
        return float(name)

    try:
        return json.loads(text, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise WireError(f"a text message must be a JSON object or __PING__: {error.msg} at character {error.pos}") from None
    except ValueError:
        raise WireError("a text message must be a JSON object or __PING__: a number in it has thousands of digits") from None


def _message(value: Any) -> ClientMessage:
    if not isinstance(value, dict):
        raise WireError(f"a text message must be a JSON object or __PING__, not {shown(value)}")
    message, kind = Fields(value), value.get("type")
    if kind == "start_request":
        try:
            return start_request(message)
        except WireError as error:
            error.answers_start = True
            raise
    if kind == "modify_request":
        return modify_request(message)
    if kind in ("stop_request", "stop_recognition"):
        return Stop()
    if kind is None:
        raise WireError("type is missing; it must be one of start_request, stop_request, modify_request", "type")
    raise refused("type", "one of start_request, stop_request, modify_request", kind)
