"""The row of this process in the table of processes, and its heartbeat.

One update every `HEARTBEAT_S` seconds proves that the process lives, whatever sessions it has. A process without a row has not started a
session yet. A suspended process whose row was removed is dead to the others: it gets a new row, with a new id, and says so.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable
from enum import Enum, auto
from uuid import UUID, uuid4

from insights import recorder
from insights.safe_log import error_location
from streaming.aio.database_executors import run_heartbeat
from streaming.cluster.poller import Poller
from streaming.cluster.pubsub import PubSub

logger = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
"""Seconds between two heartbeats; pages wait for a session whose heartbeat is younger than 7 s (docs/develop/portal.md)."""
HEARTBEAT = "heartbeat"
ALIVE_S = 10.0
"""Seconds without a heartbeat after which the ids of a process may be claimed by others."""


class Beat(Enum):
    """What a heartbeat found."""

    ON_TIME = auto()
    LATE = auto()
    """Others may have claimed ids of this process."""
    REPLACED = auto()
    """The row was removed: others treat the sessions that started under the old id as dead. There is a new row."""


class Heartbeat:
    """The row and heartbeat of one event loop."""

    def __init__(self, on: PubSub, poller: Poller) -> None:
        self.process: UUID | None = None
        """Id of the row; None before the first session."""
        self._pubsub = on
        self._poller = poller
        self._listeners: list[Callable[[Beat], None]] = []
        self._registering = asyncio.Lock()
        self._last = time.time()

    async def registered(self) -> UUID:
        """Return the id of the row, which the first call inserts. Raises the database's errors."""
        if self.process is None:
            async with self._registering:
                if self.process is None:
                    await self._register()
        assert self.process is not None  # noqa: S101  # registered above
        return self.process

    def listen(self, listener: Callable[[Beat], None]) -> None:
        """Call `listener` after each successful heartbeat."""
        self._listeners.append(listener)

    @property
    def age_s(self) -> float:
        """Seconds since the last successful heartbeat. The wall clock counts: the monotonic one stops while the machine is suspended."""
        return time.time() - self._last

    def start(self) -> None:
        """Start the heartbeat, unless it runs already."""
        if HEARTBEAT not in self._poller:
            self._last = time.time()
            self._poller.add(HEARTBEAT, self._beat, HEARTBEAT_S)

    async def stop(self) -> None:
        """Stop the heartbeat and remove the row, when the process and its sessions have ended; others learn at once that it is gone."""
        await self._poller.remove(HEARTBEAT)
        async with self._registering:
            process, self.process = self.process, None
        if process is not None:
            try:
                await run_heartbeat(recorder.remove_process, process)
            except Exception as error:  # the row expires by itself
                logger.warning("the row of this process could not be removed (%s)", error_location(error))

    async def _register(self) -> None:
        self.start()
        process = uuid4()
        name = f"{socket.gethostname()}:{os.getpid()}"
        await run_heartbeat(recorder.register_process, process, name, await self._pubsub.channel())
        self.process = process
        self._last = time.time()

    async def _beat(self) -> None:
        started = time.time()
        beat = Beat.ON_TIME
        if self.process is not None and not await run_heartbeat(recorder.heartbeat, self.process):
            logger.warning("another process took this one for dead, as its heartbeats were late")
            await self._register()
            beat = Beat.REPLACED
        elif not 0 <= self.age_s <= ALIVE_S:
            beat = Beat.LATE
        self._last = started
        for listener in self._listeners:
            listener(beat)
