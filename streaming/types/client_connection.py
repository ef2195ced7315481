"""What the engine asks of a transport, and what the two give each other."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
"""Mono sound, shape (n,)."""

Picture = NDArray[np.uint8]
"""A video frame, shape (height, width, 3), blue green red."""

Message = dict[str, Any]
"""JSON for a client: `type`, `data`, and for errors and warnings the same text again as `message`."""

TransportKind = Literal["webrtc", "websocket", "telephone"]


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A block of sound for the client, 20 ms or less; `rate` in samples per second is the same for all of a session."""

    samples: Pcm
    rate: int

    @property
    def seconds(self) -> float:
        """How long it takes to play."""
        return len(self.samples) / self.rate


class ImmediateSink(Protocol):
    """What can send a block the moment it is there: no task has to be woken for it."""

    def is_free(self) -> bool:
        """Tell whether a block could leave now: nothing is being sent, and it would not be too far ahead of real time."""

    def send_now(self, sound: AudioFrame) -> None:
        """Send one block; whatever it has to wait for, the caller need not. Raises nothing when the client is gone."""


class ClientConnection(Protocol):
    """One client's connection as the engine sees it. Every method is called in the event loop and returns at once."""

    kind: TransportKind

    def message(self, message: Message) -> None:
        """Send JSON to the client."""

    def clear(self) -> None:
        """Drop sound that was handed over and is not played yet: the user interrupts."""

    def hang_up(self, reason: str) -> None:
        """End the connection once what was handed over is out. Called once for every session that was opened, at its end."""


class LimitReached(Exception):
    """As many sessions as allowed are open: `limit` of this stream, or of this process."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"concurrency_limit_reached: {limit}")
        self.limit = limit


class IdTaken(Exception):
    """A session with this webrtc_id is open on this stream, in this process or another; it is the user's, or a stranger's."""

    def __init__(self, webrtc_id: str, owner_id: int | None) -> None:
        super().__init__(webrtc_id)
        self._owner_id = owner_id

    def belongs_to(self, user_id: int | None) -> bool:
        """Whether that session answers to this user."""
        return self._owner_id is None or self._owner_id == user_id
