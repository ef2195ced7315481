"""Pub/sub over the channel layer: one channel per event loop, and the callbacks for its messages.

All back ends of the channel layer may lose messages, so it only notifies and never stores (design law 2); callers must cope with
lost messages. An outage is logged once, and groups are joined again when the layer is back.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import uuid4

from channels.layers import get_channel_layer

from insights.safe_log import error_location
from insights.snapshots import JsonObject, Payload

logger = logging.getLogger(__name__)

REJOIN_S = 60.0
"""Seconds between two joins of all groups: a Redis that restarted has lost them."""
RETRY_S = 1.0
"""Seconds between two tries while the channel layer is unavailable."""
ANSWER_S = 2.0
"""Timeout of a call in seconds: a Redis that hangs must not delay the caller."""
SILENT_S = 5.0
"""Seconds for which no call is made after one that timed out."""

Callback = Callable[[Payload], None]
"""Receives a message; must not block."""


class PubSub:
    """The channel, groups and callbacks of one event loop."""

    def __init__(self) -> None:
        self.origin = uuid4().hex
        self._layer: Any = get_channel_layer()
        self._channel = ""
        self._callbacks: dict[str, Callback] = {}
        self._joined: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._failed = False
        self._back = asyncio.Event()
        self._silent_until = 0.0

    @property
    def alone(self) -> bool:
        """Whether there is no other process now, so that nothing needs to be sent. Only the local layer knows; one may start later."""
        return getattr(self._layer, "alone", False) is True

    async def join(self, group: str, callback: Callback) -> None:
        """Receive the messages that other processes send to a group. A group has one callback per event loop."""
        self._callbacks[group] = callback
        self._joined.add(group)
        await self.channel()
        await self._call(self._layer.group_add(group, self._channel))

    async def leave(self, group: str) -> None:
        """Stop receiving the messages of a group."""
        self._callbacks.pop(group, None)
        if group in self._joined:
            self._joined.discard(group)
            await self._call(self._layer.group_discard(group, self._channel))

    def listen(self, name: str, callback: Callback) -> None:
        """Receive the messages that other processes send to this channel alone, under a name."""
        self._callbacks[name] = callback

    async def channel(self) -> str:
        """Return the name of this event loop's channel, for calls and replies."""
        if not self._channel:
            self._channel = await self._layer.new_channel("parley")
            self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._rejoin())]
        return self._channel

    async def publish(self, group: str, body: JsonObject) -> None:
        """Send a message to all other processes that joined a group; values must be serialisable by msgpack."""
        if not self.alone:
            await self._call(self._layer.group_send(group, self._message(group, body)))

    async def send(self, channel: str, name: str, body: JsonObject) -> bool:
        """Send a message to one channel, under the name that it listens to; return False if that failed."""
        return await self._call(self._layer.send(channel, self._message(name, body)))

    async def close(self) -> None:
        """Stop the background tasks; call before the event loop ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _message(self, to: str, body: JsonObject) -> JsonObject:
        return {"type": "parley.message", "origin": self.origin, "to": to, **body}

    async def _call(self, call: Coroutine[Any, Any, Any]) -> bool:
        """Await a call of the channel layer; return whether it succeeded.

        A failure or timeout is logged, never raised: subscribers then read from the database.
        """
        if time.monotonic() < self._silent_until:
            call.close()
            return False
        try:
            async with asyncio.timeout(ANSWER_S):
                await call
        except Exception as error:
            if isinstance(error, TimeoutError):
                self._silent_until = time.monotonic() + SILENT_S
            self._note_failure(error)
            return False
        self._note_success()
        return True

    def _note_success(self) -> None:
        if self._failed:
            self._failed = False
            self._back.set()
            logger.info("the channel layer is back")

    def _note_failure(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            logger.warning("the channel layer is unreachable (%s): other processes are notified late", type(error).__name__)

    async def _receive(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except Exception as error:
                self._note_failure(error)
                await asyncio.sleep(RETRY_S)
                continue
            self._note_success()
            try:
                callback = self._callbacks.get(message["to"])
                if callback is not None and message["origin"] != self.origin:
                    callback(message)
            except Exception as error:  # perhaps from another version of the server; later messages may be valid
                logger.error("a message of the channel layer was not understood (%s)", error_location(error))

    async def _rejoin(self) -> None:
        """Join all groups again every `REJOIN_S`, and at once after an outage."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S if self._failed else REJOIN_S):
                    await self._back.wait()
            self._back.clear()
            for group in list(self._joined):
                await self._call(self._layer.group_add(group, self._channel))
