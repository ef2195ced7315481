"""Whose handler runs right now: for code that wants to know its session, and for errors and warnings that should reach the client."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from streaming.types.client_connection import Message


@dataclass(frozen=True, slots=True)
class Context:
    """The session whose handler is being called.

    `websocket` is FastRTC's and always None: transports are no business of a handler. `user_id` is whose session it is, None for
    a visitor of a public stream; `session_id` is ours.
    """

    webrtc_id: str
    websocket: Any = None
    user_id: int | None = None
    session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A context, and the way to its client: `tell` may be called from any thread."""

    context: Context
    tell: Callable[[Message], None]


scene: ContextVar[Scene | None] = ContextVar("parley_scene", default=None)


def get_current_context() -> Context:
    """Return the session whose handler is running. Raises RuntimeError outside of a handler."""
    current = scene.get()
    if current is None:
        raise RuntimeError("get_current_context() was called outside of a stream's handler")
    return current.context


def error_message(text: str) -> Message:
    """Return the message that tells a client of an error; the text is there twice, for clients look for either."""
    return {"type": "error", "data": text, "message": text}


def warning_message(text: str) -> Message:
    """Return the message that tells a client of something less than an error."""
    return {"type": "warning", "data": text, "message": text}


def log_message(text: str) -> Message:
    """Return the message that tells a client how far its turn is."""
    return {"type": "log", "data": text}


class WebRTCError(Exception):
    """An error that the client should read. It is sent as soon as it is made, inside of a handler; the session goes on."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        current = scene.get()
        self.told = current is not None
        if current is not None:
            current.tell(error_message(message))


def Warning(message: str = "Warning issued.") -> None:  # noqa: N802  # the name that FastRTC's users know
    """Send the client a warning; does nothing outside of a handler."""
    current = scene.get()
    if current is not None:
        current.tell(warning_message(message))
