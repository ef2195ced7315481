"""The live sessions of this process: their limit, their heartbeat, their end at shutdown.

Other processes learn from the heartbeats in the database which sessions are alive (design law 7); what a killed process
left behind is swept up by whichever process looks next (design law 5).
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils import timezone

from insights import recorder
from streaming.aio.database_executors import run_heartbeat, run_write
from streaming.aio.safe_log import error_location
from streaming.cluster.broadcast import broadcaster
from streaming.cluster.retention import FIRST_S, tidy
from streaming.types.session_end import End, end_early

logger = logging.getLogger(__name__)
T = TypeVar("T")

HEARTBEAT_S = 5.0
"""A heartbeat is that old at most; pages wait for a session as long as it is younger than 7 s (docs/develop/portal.md)."""
STALE_AFTER_S = 30
"""A session that gave no heartbeat for so long is gone: six were missed."""
LATE_S = 15.0
"""A process that gave no heartbeat for so long slept, or had no database: perhaps others did too, and live all the same."""
GRACE_S = 10.0
"""So long it then waits for their heartbeats before it sweeps."""
SWEEP_S = 2.0
"""Conversations end so much late at most; each look at the database costs a process a millisecond of CPU."""

PROCESS = f"{socket.gethostname()}:{os.getpid()}"

LAST_CALL = 0.75
"""Share of the time for a drain after which nothing more is heard, so that the rest is enough to store what was."""


class Living(Protocol):
    """A live session, of a conversation's socket or of a stream."""

    id: UUID
    ended: asyncio.Event

    def end_early(self, end: End) -> None:
        """End soon, for a reason of the server's, with everything stored that was received; `ended` is set then."""


class TooManySessions(Exception):
    """This process serves as many sessions as `SESSION_LIMIT` allows."""


class Registry:
    """Who is connected to this process, in one event loop."""

    def __init__(self) -> None:
        self.draining = False
        self.last_call = asyncio.Event()
        """Set near the end of a drain: what is not heard yet will not be."""
        self._sessions: dict[UUID, Living] = {}
        self._joined: dict[UUID, object] = {}
        self._places = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._beaten = 0.0
        self._sweep_from = 0.0

    def __len__(self) -> int:
        return len(self._sessions) + self._places

    def add(self, session: Living) -> None:
        """Take a session in. Raises TooManySessions at the limit and while draining."""
        self._check_room()
        self._sessions[session.id] = session

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place without a session: for whoever waits. Raises TooManySessions as `add` does."""
        self._check_room()
        self._places += 1
        try:
            yield
        finally:
            self._places -= 1

    def remove(self, session: Living) -> None:
        """Give a session's place back."""
        self._sessions.pop(session.id, None)
        self._joined.pop(session.id, None)

    def joined(self, session_id: UUID) -> None:
        """Note that a session is in a conversation: its heartbeats keep it there, and it ends as SWEPT when they came too late."""
        self._joined[session_id] = object()

    def left(self, session_id: UUID) -> None:
        """Note that a session is in no conversation any more."""
        self._joined.pop(session_id, None)

    def start_background_tasks(self) -> None:
        """Start heartbeats, and the sweep, once for the life of the event loop."""
        if not self._tasks:
            self._beaten = time.time()
            self._tasks = [asyncio.create_task(self._keep_alive()), asyncio.create_task(self._keep_tidy())]

    async def drain(self, seconds: float) -> None:
        """Refuse new sessions, end the live ones so that what was being said is stored, and wait for them."""
        self.draining = True
        asyncio.get_running_loop().call_later(LAST_CALL * seconds, self.last_call.set)
        sessions = list(self._sessions.values())
        for session in sessions:
            end_early(session, End.SHUTDOWN)
        ends = [asyncio.ensure_future(session.ended.wait()) for session in sessions]
        if ends:
            logger.info("finishing %d sessions", len(ends))
            _, late = await asyncio.wait(ends, timeout=seconds)
            for end in late:
                end.cancel()
            if late:
                logger.warning("%d sessions did not finish within %g s", len(late), seconds)

    async def close(self) -> None:
        """End the housekeeping; for the end of an event loop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _check_room(self) -> None:
        if self.draining or len(self) >= settings.SESSION_LIMIT:
            raise TooManySessions

    async def _keep_alive(self) -> None:
        """Beat, by the clock on the wall, since the other one stands still while a machine sleeps; it may be set back, too."""
        while True:
            rested = time.time() - self._beaten
            if not 0 <= rested <= HEARTBEAT_S - SWEEP_S and await self._beat():  # the next look would be too late
                self._heed_lateness()
                self._beaten = time.time()
            await asyncio.sleep(SWEEP_S)

    async def _keep_tidy(self) -> None:
        """Sweep and tidy; beside the heartbeats, which must not wait for that."""
        tidy_from = time.monotonic() + FIRST_S
        while True:
            self._heed_lateness()
            if time.monotonic() >= self._sweep_from and not await self._sweep():
                self._sweep_from = time.monotonic() + GRACE_S
            if time.monotonic() >= tidy_from:
                tidy_from = time.monotonic() + await tidy()
            await asyncio.sleep(SWEEP_S)

    def _heed_lateness(self) -> None:
        """Let the others speak first after a heartbeat that was late: before it is noted, and before each sweep."""
        if time.time() - self._beaten > LATE_S:
            self._sweep_from = time.monotonic() + GRACE_S

    async def _beat(self) -> bool:
        """Say that our sessions live, and end those that were swept all the same; False where that could not be said."""
        beating = {identity: since for identity, since in self._joined.items() if identity in self._sessions}
        if not beating:
            return True
        lost = await _kept_going(run_heartbeat(recorder.heartbeat, list(beating)))
        for identity in lost or ():
            if self._joined.get(identity) is beating[identity]:  # else it has left, or joined again, meanwhile
                logger.warning("session %s: other processes took it for gone; its client has to come back", identity)
                end_early(self._sessions[identity], End.SWEPT)
                self.left(identity)
        return lost is not None

    async def _sweep(self) -> bool:
        """End what nobody keeps alive, and tell of it; False where the database could not be asked."""
        events = await _kept_going(run_write(recorder.close_due, timezone.now(), STALE_AFTER_S))
        if events:
            await _kept_going(broadcaster().publish(events))
        return events is not None


async def _kept_going(work: Awaitable[T]) -> T | None:
    """Await housekeeping; a database that is away for a while must not end it."""
    try:
        return await work
    except Exception as error:
        logger.warning("housekeeping failed (%s)", error_location(error))
        return None


_registries: WeakKeyDictionary[asyncio.AbstractEventLoop, Registry] = WeakKeyDictionary()


def registry() -> Registry:
    """Return the registry of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _registries:
        _registries[loop] = Registry()
    return _registries[loop]
