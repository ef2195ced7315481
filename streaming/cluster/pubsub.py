"""This process's one channel on the channel layer, and who in the process listens to what comes over it.

The layer rings and calls, it never keeps (design law 2): all of its back ends lose messages. Whoever uses it must be able
to do without an answer. A layer that is away is noted once, and groups are joined again when it is back.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from channels.layers import InMemoryChannelLayer, get_channel_layer

from streaming.aio.safe_log import error_location

logger = logging.getLogger(__name__)

REJOIN_S = 60.0
"""How often groups are joined again: a Redis that restarted has forgotten them."""
AWAY_S = 1.0
ANSWER_S = 2.0
"""How long the layer may take: a Redis that is silent, not gone, must not hold up what is stored next."""
SILENT_S = 5.0
"""How long nothing more is asked of a layer that did not answer in time."""

Ear = Callable[[dict[str, Any]], None]


class PubSub:
    """What one event loop has on the channel layer."""

    def __init__(self) -> None:
        self.origin = uuid4().hex
        self._layer: Any = get_channel_layer()
        self.alone = isinstance(self._layer, InMemoryChannelLayer)
        """Whether there can be no other process, so that nobody needs to be told anything."""
        self._channel = ""
        self._ears: dict[str, Ear] = {}
        self._joined: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._failed = False
        self._back = asyncio.Event()
        self._silent_until = 0.0

    async def join(self, group: str, ear: Ear) -> None:
        """Hear what others tell to a group; a group has one ear in a process."""
        self._ears[group] = ear
        if self.alone:
            return
        self._joined.add(group)
        await self.channel()
        await self._on_layer(self._layer.group_add(group, self._channel))

    async def leave(self, group: str) -> None:
        """Hear no more of a group."""
        self._ears.pop(group, None)
        if group in self._joined:
            self._joined.discard(group)
            await self._on_layer(self._layer.group_discard(group, self._channel))

    def listen(self, name: str, ear: Ear) -> None:
        """Hear what others tell to this process alone, under a name."""
        self._ears[name] = ear

    async def channel(self) -> str:
        """Return the address of this process, for answers to it alone."""
        if not self._channel and not self.alone:
            self._channel = await self._layer.new_channel("parley")
            self._tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._rejoin())]
        return self._channel

    async def tell(self, group: str, body: dict[str, Any]) -> None:
        """Tell all other processes that joined a group; values must fit msgpack."""
        if not self.alone:
            await self._on_layer(self._layer.group_send(group, self._message(group, body)))

    async def answer(self, channel: str, name: str, body: dict[str, Any]) -> None:
        """Tell one process, under the name that it listens to."""
        await self._on_layer(self._layer.send(channel, self._message(name, body)))

    async def close(self) -> None:
        """End the background tasks; for the end of an event loop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _message(self, to: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"type": "parley.ring", "origin": self.origin, "to": to, **body}

    async def _on_layer(self, call: Coroutine[Any, Any, Any]) -> None:
        """Await a call of the layer; a layer that is away, or hangs, costs speed, never an event."""
        if time.monotonic() < self._silent_until:
            call.close()
            return
        try:
            async with asyncio.timeout(ANSWER_S):
                await call
            self._note_success()
        except Exception as error:
            if isinstance(error, TimeoutError):
                self._silent_until = time.monotonic() + SILENT_S
            self._note_failure(error)

    def _note_success(self) -> None:
        if self._failed:
            self._failed = False
            self._back.set()
            logger.info("the channel layer is back")

    def _note_failure(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            logger.warning("the channel layer is away (%s): other processes are told late", type(error).__name__)

    async def _hear(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except Exception as error:
                self._note_failure(error)
                await asyncio.sleep(AWAY_S)
                continue
            self._note_success()
            try:
                ear = self._ears.get(message["to"])
                if ear is not None and message["origin"] != self.origin:
                    ear(message)
            except Exception as error:  # another version's message, perhaps: the next one may be understood
                logger.error("a message of the channel layer was not understood (%s)", error_location(error))

    async def _rejoin(self) -> None:
        """Join again now and then, and at once when a layer that was away is back."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(AWAY_S if self._failed else REJOIN_S):
                    await self._back.wait()
            self._back.clear()
            for group in list(self._joined):
                await self._on_layer(self._layer.group_add(group, self._channel))


_layers: WeakKeyDictionary[asyncio.AbstractEventLoop, PubSub] = WeakKeyDictionary()


def pubsub() -> PubSub:
    """Return what the running event loop has on the channel layer."""
    loop = asyncio.get_running_loop()
    if loop not in _layers:
        _layers[loop] = PubSub()
    return _layers[loop]
