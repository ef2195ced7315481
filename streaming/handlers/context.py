"""The session whose handler is running: for `get_current_context`, and for errors and warnings that are sent to its client."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from streaming.protocols.json_message import JsonMessage
from streaming.types.session_end import End


@dataclass(frozen=True, slots=True)
class Context:
    """The session whose handler is being called.

    `websocket` exists for compatibility with FastRTC and is always None: handlers have no access to transports. `user_id` is the owner of
    the session, None for an anonymous client of a public stream.

    Additions of Parley: `session_id`, and `user_data`, which the client sent with its offer or start: an instance of the model
    `Stream(user_data=Model)`, without a model a value of JSON types, None if the client sent none. Of a telephone call they are the custom
    parameters, as a dictionary of texts.
    """

    webrtc_id: str
    websocket: Any = None
    user_id: int | None = None
    session_id: UUID | None = None
    user_data: Any = None


@dataclass(frozen=True, slots=True)
class SessionContext:
    """A context, and a function that sends JSON to its client; `send_message` may be called from any thread."""

    context: Context
    send_message: Callable[[JsonMessage], None]


current_session: ContextVar[SessionContext | None] = ContextVar("parley_session", default=None)


def get_current_context() -> Context:
    """Return the session whose handler is running. Raises RuntimeError outside of a handler."""
    current = current_session.get()
    if current is None:
        raise RuntimeError("get_current_context() was called outside of a stream's handler")
    return current.context


def error_message(text: str) -> JsonMessage:
    """Return an error message for a client. It holds the text twice, since some clients read `data` and others `message`."""
    return {"type": "error", "data": text, "message": text}


def end_message(end: End, reason: str) -> JsonMessage | None:
    """Return the message to a client whose session the server or the handler ends; None where the closed connection says enough."""
    if end in (End.STALE, End.REVOKED, End.DELETED):
        return error_message(reason)
    if end in (End.TIME_LIMIT, End.FINISHED):
        return {"type": "end_stream", "data": reason, "message": reason}
    return None


def warning_message(text: str) -> JsonMessage:
    """Return a warning message for a client; like an error message, it holds the text twice."""
    return {"type": "warning", "data": text, "message": text}


def log_message(text: str) -> JsonMessage:
    """Return a log message for a client, about the state of its turn."""
    return {"type": "log", "data": text}


class WebRTCError(Exception):
    """An error for the client. Creating it inside a handler sends it at once; the session continues."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        current = current_session.get()
        self.sent = current is not None
        if current is not None:
            current.send_message(error_message(message))


def Warning(message: str = "Warning issued.") -> None:  # noqa: N802  # FastRTC's name
    """Send the client a warning; do nothing outside of a handler."""
    current = current_session.get()
    if current is not None:
        current.send_message(warning_message(message))
