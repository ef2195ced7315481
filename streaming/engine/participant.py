"""One live session of a stream, whatever the transport: sound and pictures in and out, inputs, outputs, an end that always comes."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from streaming.engine.line import IdTaken, LimitReached, Line, Message, Pcm, Picture, Sound
from streaming.engine.outputs import OutputLog
from streaming.engine.stream import Stream

__all__ = ["IdTaken", "LimitReached", "Line", "Message", "Participant", "Sound"]


class Participant:
    """The signatures that transports use; every method belongs to the event loop."""

    def __init__(self, stream: Stream, webrtc_id: str, owner_id: int | None, line: Line) -> None:
        self.id: UUID = uuid4()
        self.stream = stream
        self.webrtc_id = webrtc_id
        self.owner_id = owner_id
        self.line = line
        self.outputs = OutputLog()
        self.fetched = 0
        self.ended = asyncio.Event()

    def belongs_to(self, user_id: int | None) -> bool:
        """Whether the session answers to this user; one without an owner answers to whoever knows its id."""
        return self.owner_id is None or self.owner_id == user_id

    async def open(self) -> None:
        """Take a slot, copy the handler and begin. Raises LimitReached or IdTaken; whatever fails, the slot is given back."""
        raise NotImplementedError

    def hear(self, samples: Pcm, rate: int) -> None:
        """Take sound from the client."""
        raise NotImplementedError

    def see(self, frame: Picture) -> None:
        """Take a picture from the client."""
        raise NotImplementedError

    async def sound(self) -> Sound | None:
        """Return the next block for the client; waits for it. None when the session has no more sound."""
        raise NotImplementedError

    async def picture(self) -> Picture | None:
        """Return the next picture for the client; waits for it. None when the session has no more."""
        raise NotImplementedError

    def played(self, seconds: float) -> None:
        """Note that so many more seconds of what `sound` returned have been played."""
        raise NotImplementedError

    def set_input(self, *args: Any) -> None:
        """Give the handler its inputs, for its next call."""
        raise NotImplementedError

    def end_for_shutdown(self) -> None:
        """End because the server goes down."""
        raise NotImplementedError

    async def close(self, reason: str) -> None:
        """End the session; returns when it has ended. Any number of calls."""
        raise NotImplementedError


Anything = NDArray[np.generic]
