"""Renders messages to a Symbl client: envelope messages, live text and errors.

Every function returns a mapping that `encode` turns into the text of one frame. A member is None if it is unknown.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Protocol

from insights.snapshots import JobProgress, MemberSnapshot
from streaming.protocols.json_message import JsonMessage

PONG = "__PONG__"

encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
"""Return the JSON text of a message. Raises ValueError for NaN or Infinity, which JSON does not allow."""


class TimedWord(Protocol):
    """A recognised word: start and end in seconds since the first sample of its recognition."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


def user(member: MemberSnapshot | None) -> JsonMessage:
    """Return a member in the protocol's form: {id, name, userId}, three empty strings if unknown, with the client's further fields."""
    if member is None:
        return {"id": "", "name": "", "userId": ""}
    return {**member.attributes, "id": member.id, "name": member.name, "userId": member.user_id}


def envelope(kind: str, /, **fields: object) -> JsonMessage:
    """Return {"type": "message", "message": {"type": kind, ...}}."""
    return {"type": "message", "message": {"type": kind, **fields}}


def conversation_created(conversation_id: int | str) -> JsonMessage:
    """Return the envelope with the id of the conversation, always as a string because one client fails on a number."""
    return envelope("conversation_created", data={"conversationId": str(conversation_id)})


def started_listening() -> JsonMessage:
    """Return the envelope that says that the client may send audio."""
    return envelope("started_listening")


def recognition_started(conversation_id: int | str) -> JsonMessage:
    """Return the envelope that says that the recognition is open."""
    return envelope("recognition_started", data={"conversationId": str(conversation_id)})


def warning(text: str, field: str = "") -> JsonMessage:
    """Return a warning that an option has only part of its effect (our extension, which SDKs ignore)."""
    return envelope("warning", message=text, field=field)


def job_progress(progress: JobProgress) -> JsonMessage:
    """Return the progress of a job of the conversation, such as an import (our extension)."""
    return envelope("job_progress", **progress.dump())


def presence(people: Iterable[JsonMessage]) -> JsonMessage:
    """Return the list of those who are present (our extension)."""
    return envelope("presence", people=list(people))


def recognition_stopped() -> JsonMessage:
    """Return the envelope that says that all results were sent."""
    return envelope("recognition_stopped")


def conversation_completed(conversation_id: int | str, summary_url: str = "") -> JsonMessage:
    """Return the envelope that ends a conversation. It has the id in two places because clients differ in where they read it."""
    text = str(conversation_id)
    return envelope("conversation_completed", conversationId=text, summaryUrl=summary_url, data={"conversationId": text})


def conversation_changed(conversation_id: int | str, name: str, metadata: JsonMessage) -> JsonMessage:
    """Return the envelope with a conversation's new title and metadata (our extension, which SDKs ignore)."""
    return envelope("conversation_changed", data={"conversationId": str(conversation_id), "name": name, "metadata": metadata})


def bookmark_changed(bookmark: JsonMessage) -> JsonMessage:
    """Return the envelope with a bookmark that a person set or changed (our extension, which SDKs ignore)."""
    return envelope("bookmark_changed", data={"bookmark": bookmark})


def bookmark_deleted(bookmark_id: str) -> JsonMessage:
    """Return the envelope with the id of a bookmark that a person deleted (our extension)."""
    return envelope("bookmark_deleted", data={"bookmarkId": bookmark_id})


def member_changed(member: MemberSnapshot) -> JsonMessage:
    """Return the envelope with a member's new name (our extension, which SDKs ignore)."""
    return envelope("member_changed", data={"member": user(member)})


def messages_moved(member: MemberSnapshot | None, message_ids: Sequence[str]) -> JsonMessage:
    """Return the envelope with the ids of many messages that are a member's by now (our extension, which SDKs ignore)."""
    return envelope("messages_moved", data={"member": user(member), "messageIds": list(message_ids)})


def conversation_deleted(conversation_id: int | str) -> JsonMessage:
    """Return the envelope that says that the conversation was deleted (our extension). It has no sequence number, and nothing follows."""
    text = str(conversation_id)
    return envelope("conversation_deleted", conversationId=text, data={"conversationId": text})


def audio_recording(conversation_id: int | str, session_id: str = "", member: MemberSnapshot | None = None) -> JsonMessage:
    """Return the envelope that says that audio is being stored: of this session, or of any (our extension, which SDKs ignore)."""
    return envelope("audio_recording", data={"conversationId": str(conversation_id), "sessionId": session_id, "user": user(member)})


def session_modified(encoding: str, sample_rate: int) -> JsonMessage:
    """Return the envelope that confirms a modify_request with the new encoding and rate in Hz."""
    return envelope("session_modified", data={"speechRecognition": {"encoding": encoding, "sampleRateHertz": sample_rate}})


def recognition_result(
    text: str,
    words: Sequence[TimedWord],
    *,
    confidence: float,
    is_final: bool,
    member: MemberSnapshot | None = None,
    audio_owner: MemberSnapshot | None = None,
    language: str = "",
) -> JsonMessage:
    """Return an interim or final result. `confidence` is in [0, 1].

    `language` is our extension: what was found in the audio, empty if the client named it.
    `audio_owner`: whose audio it is, where several people speak in it (our extension).
    """
    timed = [{"word": word.text, "startTime": _duration(word.start), "endTime": _duration(word.end)} for word in words]
    alternative = {"words": timed, "transcript": text, "confidence": confidence}
    return envelope(
        "recognition_result",
        isFinal=is_final,
        payload={"raw": {"alternatives": [alternative]}},
        punctuated={"transcript": text},
        user=user(member),
        **({"audioOwner": user(audio_owner)} if audio_owner else {}),
        **({"languageCode": language} if language else {}),
    )


def language_detected(code: str) -> JsonMessage:
    """Return our extension for a client that sent `languageCode: "auto"`: the language that was found in its audio."""
    return envelope("language_detected", data={"languageCode": code})


def error_envelope(text: str, field: str = "") -> JsonMessage:
    """Return the error for a rejected start_request: only this form makes the start call of the SDKs fail."""
    body = _error(text, field)
    return envelope("error", **body, payload=body)


def error_top(text: str, field: str = "") -> JsonMessage:
    """Return the error for any other message."""
    return {"type": "error", **_error(text, field)}


def _error(text: str, field: str) -> JsonMessage:
    return {"message": text, "details": text, "field": field}


def _duration(seconds: float) -> JsonMessage:
    """Return seconds as the two decimal strings of the protocol, rounded to milliseconds."""
    whole, milliseconds = divmod(max(0, round(seconds * 1000)), 1000)
    return {"seconds": str(whole), "nanos": str(milliseconds * 1_000_000)}
