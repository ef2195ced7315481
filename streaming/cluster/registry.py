"""The live sessions of this process: session limit, heartbeats, and drain at shutdown.

Any process closes the conversations of sessions whose process was killed (design law 5); `heartbeat.py` proves that this one lives.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TypeVar
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from insights import recorder
from insights.recorder import StoredEvent
from insights.safe_log import error_location
from streaming.aio.database_executors import run_write
from streaming.cluster.broadcast import Broadcaster
from streaming.cluster.heartbeat import Beat, Heartbeat
from streaming.cluster.poller import Poller
from streaming.types.session_end import End, end_early

logger = logging.getLogger(__name__)
T = TypeVar("T")

Leave = Callable[[], Sequence[StoredEvent]]
"""Removes a session from its conversation, and returns the stored events; it may be called again."""

STALE_AFTER_S = 30
"""Seconds without a heartbeat after which a process is dead, and its conversations are closed."""
LATE_S = 15.0
"""Seconds without an own heartbeat that mean a suspended process or an unreachable database; other live processes may be affected too."""
GRACE_S = 10.0
"""Seconds that it then waits for their heartbeats before it closes stale conversations."""
CHECK_S = 2.0
"""Seconds between two checks for stale conversations; each check costs about a millisecond of CPU."""

CLEAN_UP = "closing of stale conversations"
DRAIN_DEADLINE_SHARE = 0.75
"""Share of the drain time after which no more audio is recognised, so that the rest is enough to store the results."""


class RegisteredSession(Protocol):
    """A live session: of a Symbl WebSocket or of a stream."""

    id: UUID

    def end_early(self, end: End) -> None:
        """End the session for a reason of the server, after storing what was received."""

    async def close(self, reason: str) -> None:
        """Wait until the session has ended, its id is free and its connection knows."""


class TooManySessions(Exception):
    """This process has reached `SESSION_LIMIT`, or is draining."""


class Registry:
    """The live sessions of one event loop."""

    def __init__(self, broadcaster: Broadcaster, poller: Poller, heartbeat: Heartbeat) -> None:
        self._broadcaster = broadcaster
        self._poller = poller
        self._heartbeat = heartbeat
        heartbeat.listen(self._on_beat)
        self.draining = False
        self.drain_deadline = asyncio.Event()
        """Set near the end of a drain: audio that is not recognised yet is discarded."""
        self._sessions: dict[UUID, RegisteredSession] = {}
        self._started: dict[UUID, tuple[float, str]] = {}
        """When each session started, and its description for the log."""
        self._joined: dict[UUID, UUID] = {}  # the row of this process under which a session has joined a conversation
        self._not_left: dict[UUID, Leave] = {}  # ended sessions that could not leave their conversation yet
        self._reserved = 0
        self._close_stale_from = 0.0

    def __len__(self) -> int:
        return len(self._sessions) + self._reserved

    def add(self, session: RegisteredSession, description: str = "") -> None:
        """Add a session; the description goes into the log. Raises TooManySessions at the limit and while draining."""
        self._check_limit()
        self._sessions[session.id] = session
        self._started[session.id] = (time.monotonic(), description)
        logger.info("session %s started: %s", session.id, description)

    @contextmanager
    def hold_slot(self) -> Iterator[None]:
        """Hold a slot without a session, for a waiting subscriber. Raises TooManySessions as `add` does."""
        self._check_limit()
        self._reserved += 1
        try:
            yield
        finally:
            self._reserved -= 1

    def remove(self, session: RegisteredSession, reason: str = "") -> None:
        """Remove a session and free its slot; the reason goes into the log, so it must hold no text of a client or handler."""
        self._sessions.pop(session.id, None)
        if (started := self._started.pop(session.id, None)) is not None:
            since, description = started
            logger.info("session %s ended after %.1f s: %s (%s)", session.id, time.monotonic() - since, reason, description)
        if session.id in self._joined:  # it could not leave: the database was unreachable, or its end took too long
            self.leave_later(session.id, partial(recorder.leave, session.id, final=False))

    def joined(self, session_id: UUID, process: UUID) -> None:
        """Note that a session has joined a conversation under a row of this process; it ends as STALE when that row is removed."""
        self._joined[session_id] = process
        self._end_stale()

    def left(self, session_id: UUID) -> None:
        """Note that a session has left its conversation."""
        self._joined.pop(session_id, None)

    def leave_later(self, session_id: UUID, leave: "Leave") -> None:
        """Let a session leave once the database is back: no other process removes it before, and its conversation stays live."""
        self.left(session_id)
        self._not_left[session_id] = leave

    def start(self) -> None:
        """Start the heartbeat and the clean-up, unless they run already."""
        self._heartbeat.start()
        if CLEAN_UP not in self._poller:
            self._poller.add(CLEAN_UP, self._clean_up, CHECK_S, first_s=0.0)

    async def drain(self, seconds: float) -> None:
        """Refuse new sessions, end the live ones so that pending speech is stored, and wait at most `seconds` for them."""
        self.draining = True
        asyncio.get_running_loop().call_later(DRAIN_DEADLINE_SHARE * seconds, self.drain_deadline.set)
        sessions = list(self._sessions.values())
        for session in sessions:
            end_early(session, End.SHUTDOWN)
        ends = [asyncio.ensure_future(session.close("this server is shutting down")) for session in sessions]
        if ends:
            logger.info("finishing %d sessions", len(ends))
            _, late = await asyncio.wait(ends, timeout=seconds)
            for end in late:
                end.cancel()
            if late:
                logger.warning("%d sessions did not finish within %g s", len(late), seconds)

    def _check_limit(self) -> None:
        if self.draining or len(self) >= settings.SESSION_LIMIT:
            raise TooManySessions

    def _on_beat(self, beat: Beat) -> None:
        if beat is not Beat.ON_TIME:
            self._delay_closing()
        self._end_stale()

    def _end_stale(self) -> None:
        """End the sessions that joined under a row of this process that is gone: others have closed them, or will."""
        for identity, process in list(self._joined.items()):
            if process != self._heartbeat.process:
                self.left(identity)
                if identity in self._sessions:
                    logger.warning("session %s: closed as stale by another process; its client must reconnect", identity)
                    end_early(self._sessions[identity], End.STALE)

    async def _clean_up(self) -> None:
        """Close stale conversations."""
        if self._heartbeat.age_s > LATE_S:
            self._delay_closing()
        if time.monotonic() >= self._close_stale_from:
            if await self._close_stale():
                await self._leave_now()
            else:
                self._delay_closing()

    async def _leave_now(self) -> None:
        """Let the sessions leave that could not before; stop at the first failure."""
        for session_id, leave in list(self._not_left.items()):
            events = await _logged(run_write(leave))
            if events is None:
                return
            del self._not_left[session_id]
            if events:
                await _logged(self._broadcaster.publish(events))

    def _delay_closing(self) -> None:
        """Delay the next closing of stale conversations, so that other live processes can send their heartbeats first."""
        self._close_stale_from = time.monotonic() + GRACE_S

    async def _close_stale(self) -> bool:
        """Close conversations without heartbeats and publish their events; return False where the database failed."""
        events = await _logged(run_write(recorder.close_due, timezone.now(), STALE_AFTER_S))
        if events:
            await _logged(self._broadcaster.publish(events))
        return events is not None


async def _logged(work: Awaitable[T]) -> T | None:
    """Await a background operation; log an exception and return None, since a database failure must not end the background tasks."""
    try:
        return await work
    except Exception as error:
        logger.warning("background task failed (%s)", error_location(error))
        return None
