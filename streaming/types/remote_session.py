"""The interfaces of a session and its stream that `handlers` and `cluster` use, so that they need not import `sessions`."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel

from streaming.protocols.json_message import JsonMessage
from streaming.types.client_connection import ClientConnection
from streaming.types.outputs import OutputLog


class Streamed(Protocol):
    """The stream of a session."""

    @property
    def name(self) -> str:
        """The name that the stream is mounted under."""

    @property
    def inputs(self) -> type[BaseModel] | None:
        """The model of the inputs; None where any inputs are accepted."""

    def component_inputs(self, values: Sequence[Any]) -> list[Any]:
        """Return the handler's inputs for the values of the input components of the stream's page. Raises ValueError."""


class Reachable(Protocol):
    """A live session; for the threads in which its methods may be called, see `Session`."""

    id: UUID
    webrtc_id: str
    resume: str
    owner_id: int | None
    connection: ClientConnection
    loop: asyncio.AbstractEventLoop
    outputs: OutputLog
    fetched: int
    """Number of the last output that `Stream.fetch_latest_output` returned."""

    @property
    def handler(self) -> Any:
        """The copy of the handler that the session calls, or its function; None while the session is opening."""

    @property
    def stream(self) -> Streamed:
        """The stream of this session."""

    def set_input(self, *args: Any) -> None:
        """Set the handler's inputs."""

    def send_message(self, message: JsonMessage) -> None:
        """Send the client JSON."""

    def dismiss(self, *, notify: bool) -> None:
        """End on request of the developer's code; with `notify`, the client gets a message first."""

    async def close(self, reason: str) -> None:
        """End the session and wait until it has ended."""
