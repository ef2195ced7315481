"""What travels from the engine to a listener: numbered events, and interim results that may be lost."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from insights.recorder import StoredEvent

__all__ = ["Delivery", "Heard", "StoredEvent"]


@dataclass(frozen=True, slots=True)
class Heard:
    """A recognition result of one session: the one thing that is not numbered and may be dropped (design law 2).

    `payload` is JSON-ready: text, words [{text, start, end}] (seconds), confidence, final, member,
    trackers (found in interim text, in the shape of a `trackers` event).
    """

    conversation_id: int
    session_id: UUID
    payload: dict[str, Any]


Delivery = StoredEvent | Heard
