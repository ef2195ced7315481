"""What a stream, and whoever reaches its sessions by their ids, need to know of a session: the least, so that neither needs the other."""

import asyncio
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel

from streaming.types.client_connection import ClientConnection
from streaming.types.outputs import OutputLog


class Streamed(Protocol):
    """What a session says of its stream."""

    @property
    def name(self) -> str:
        """The name it is mounted under."""

    @property
    def inputs(self) -> type[BaseModel] | None:
        """The model that inputs have to fit; None where any will do."""


class Reachable(Protocol):
    """A live session; its methods may be called where `StreamSession` says so."""

    id: UUID
    webrtc_id: str
    owner_id: int | None
    line: ClientConnection
    loop: asyncio.AbstractEventLoop
    outputs: OutputLog
    fetched: int
    """Number of the last output that was returned as the latest."""

    @property
    def stream(self) -> Streamed:
        """What it is a session of."""

    def set_input(self, *args: Any) -> None:
        """Give the handler its inputs."""

    def dismiss(self, *, told: bool) -> None:
        """End because the developer's code says so."""

    async def close(self, reason: str) -> None:
        """End, and return when it has ended."""
