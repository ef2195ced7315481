"""From what happened to the messages a Symbl client reads: the envelope messages, live text, errors, and JSON text.

Every function returns a dictionary that `encode` turns into the text of one frame. A member is None where nobody is known.
"""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from insights.events import MemberSnapshot

PONG = "__PONG__"

Message = dict[str, Any]

encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
"""Return the JSON text of a message. Raises ValueError for NaN or Infinity, which no message may hold."""


class TimedWord(Protocol):
    """A recognised word: start and end in seconds since the first sample of its recognition."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


def user(member: MemberSnapshot | None) -> Message:
    """Return a member as the wire shows people: {id, name, userId}, three empty strings for nobody."""
    if member is None:
        return {"id": "", "name": "", "userId": ""}
    return {"id": member.id, "name": member.name, "userId": member.user_id}


def envelope(kind: str, **fields: Any) -> Message:
    """Return {"type": "message", "message": {"type": kind, ...}}."""
    return {"type": "message", "message": {"type": kind, **fields}}


def conversation_created(conversation_id: int | str) -> Message:
    """Return the envelope that tells the id of the conversation; always a string, since one client fails on a number."""
    return envelope("conversation_created", data={"conversationId": str(conversation_id)})


def started_listening() -> Message:
    """Return the envelope that says: audio may come now."""
    return envelope("started_listening")


def recognition_started(conversation_id: int | str) -> Message:
    """Return the envelope that says: the recogniser is open."""
    return envelope("recognition_started", data={"conversationId": str(conversation_id)})


def warning(text: str, field: str = "") -> Message:
    """Return an envelope of ours, which SDKs skip: something was understood that will not have the whole effect."""
    return envelope("warning", message=text, field=field)


def recognition_stopped() -> Message:
    """Return the envelope that says: everything that was heard has been told."""
    return envelope("recognition_stopped")


def conversation_completed(conversation_id: int | str, summary_url: str = "") -> Message:
    """Return the envelope that ends a conversation; clients differ in where they read its id, so it stands in both places."""
    text = str(conversation_id)
    return envelope("conversation_completed", conversationId=text, summaryUrl=summary_url, data={"conversationId": text})


def session_modified(encoding: str, sample_rate: int) -> Message:
    """Return the envelope that confirms a modify_request with what holds from now on."""
    return envelope("session_modified", data={"speechRecognition": {"encoding": encoding, "sampleRateHertz": sample_rate}})


def recognition_result(
    text: str,
    words: Sequence[TimedWord],
    *,
    confidence: float,
    is_final: bool,
    member: MemberSnapshot | None = None,
    offset_ms: int | None = None,
) -> Message:
    """Return live text, interim or final. `offset_ms` is where it begins in the conversation, in milliseconds."""
    timed = [{"word": word.text, "startTime": _duration(word.start), "endTime": _duration(word.end)} for word in words]
    alternative = {"words": timed, "transcript": text, "confidence": confidence}
    message = envelope(
        "recognition_result",
        isFinal=is_final,
        payload={"raw": {"alternatives": [alternative]}},
        punctuated={"transcript": text},
        user=user(member),
    )
    return message if offset_ms is None else message | {"timeOffset": offset_ms}


def error_envelope(text: str, field: str = "") -> Message:
    """Return the error that answers a refused start: SDKs make their start call fail on this form only."""
    body = _error(text, text, field)
    return envelope("error", **body, payload=body)


def error_top(text: str, details: str = "", field: str = "") -> Message:
    """Return the error for everything after the start; `details` is the longer text, the same as `text` by default."""
    return {"type": "error", **_error(text, details or text, field)}


def _error(text: str, details: str, field: str) -> Message:
    return {"message": text, "details": details, "field": field}


def _duration(seconds: float) -> dict[str, str]:
    """Return seconds as the two decimal strings of the wire, to the millisecond."""
    whole, milliseconds = divmod(max(0, round(seconds * 1000)), 1000)
    return {"seconds": str(whole), "nanos": str(milliseconds * 1_000_000)}
