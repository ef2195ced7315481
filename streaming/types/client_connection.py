"""The interface between sessions and transports, and the values that they exchange."""

import secrets
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from streaming.protocols.json_message import JsonMessage
from streaming.types.session_end import End

Pcm = NDArray[np.int16]
"""Mono audio samples, shape (n,)."""

VideoFrame = NDArray[np.uint8]
"""A video frame, shape (height, width, 3), BGR."""

TransportKind = Literal["webrtc", "websocket", "telephone"]


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A block of audio for the client, 20 ms or less; `rate`, in samples per second, is constant in a session.

    `after_pause`: the first block after a pause of the reply. It is not late: its schedule starts again.
    """

    samples: Pcm
    rate: int
    after_pause: bool = False

    @property
    def seconds(self) -> float:
        """Playing time."""
        return len(self.samples) / self.rate


class ClientConnection(Protocol):
    """One client's connection as its session sees it. All methods are called in the event loop and return at once."""

    kind: TransportKind

    def message(self, message: JsonMessage) -> None:
        """Send the client a message: `type`, `data`, and for errors and warnings the same text as `message`."""

    def hang_up(self, end: End, reason: str) -> None:
        """Close the connection after all pending output was sent. Called exactly once for each opened session, at its end."""


class MediaConnection(ClientConnection, Protocol):
    """A connection that carries audio or video."""

    def clear(self) -> None:
        """Drop audio that was passed to the transport and is not played yet, since the user interrupts."""

    def take_back(self) -> float:
        """Return for how many seconds audio was passed to the transport that the client will not play, since the reply pauses.

        That is what was not sent, and what the client drops. The transport forgets it: it gets it again when the reply continues.
        """

    def play_on(self) -> None:
        """Let a client that pauses its playback continue: the reply does."""


class LimitReached(Exception):
    """The limit of open sessions is reached: `limit` of this stream, or of this process."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"concurrency_limit_reached: {limit}")
        self.limit = limit


class IdTaken(Exception):
    """A session of the same user with this webrtc_id is already open on this stream, in this process or another one."""


def new_resume_value() -> str:
    """Return a value that nobody can guess, with which a client that asks for it may renew its session."""
    return secrets.token_urlsafe(24)


def resumes(value: str, presented: str) -> bool:
    """Return whether a presented value is the one of a session, in a time that tells nothing about it. No value matches an empty one."""
    return bool(value) and secrets.compare_digest(value.encode(), presented.encode(errors="replace"))
