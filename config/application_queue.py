"""The bounded queue from a connection of Daphne to its application; stock Daphne queues without limit what a client sends."""

import asyncio
from collections.abc import Callable

from streaming.types.asgi import AsgiMessage

READ_AHEAD_BYTES = 256 * 1024
"""Queued bytes of one connection at which reading from it stops; it resumes at half of that."""
MESSAGE_BYTES = 512
"""Overhead that is counted per queued message, so that empty messages are bounded too."""


class ApplicationQueue(asyncio.Queue[AsgiMessage]):
    """The queue from one connection to its application. While too much is queued, `blocked` is true and the socket is not read.

    Args:
        upload: the application of an upload is started before its body arrives. Daphne then passes on an empty body, which is dropped.
    """

    def __init__(self, *, upload: bool = False) -> None:
        super().__init__()
        self._body_follows = upload
        self.has_room: Callable[[], None] = lambda: None
        """Called when the queue is no longer blocked."""
        self.waiting_bytes = 0
        self.blocked = False
        self._discards = False

    def discard_messages(self) -> None:
        """Drop further messages of the client, because the application has closed; its answer to the close frame is read at once."""
        self._discards = True
        self.blocked = False
        self.has_room()

    def put_nowait(self, item: AsgiMessage) -> None:
        """Queue one ASGI message from the server; its size is its payload plus MESSAGE_BYTES."""
        if self._discards and item["type"] == "websocket.receive":
            return
        if self._body_follows and item["type"] == "http.request" and not item["more_body"] and not item["body"]:
            self._body_follows = False
            return
        self.waiting_bytes += _size(item)
        self.blocked = self.blocked or self.waiting_bytes > READ_AHEAD_BYTES
        super().put_nowait(item)

    async def get(self) -> AsgiMessage:
        """Return the next ASGI message to the application."""
        item = await super().get()
        self.waiting_bytes -= _size(item)
        if self.blocked and self.waiting_bytes < READ_AHEAD_BYTES // 2:
            self.blocked = False
            self.has_room()
        return item


def _size(item: AsgiMessage) -> int:
    return MESSAGE_BYTES + len(item.get("bytes") or item.get("text") or item.get("body") or b"")
