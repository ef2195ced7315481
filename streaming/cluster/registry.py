"""The live sessions of this process: session limit, heartbeats, and drain at shutdown.

Heartbeats in the database show the other processes which sessions are alive (design law 7). Any process closes the conversations of
sessions whose process died (design law 5).
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

from django.conf import settings
from django.utils import timezone

from insights import recorder
from streaming.aio.database_executors import run_heartbeat, run_write
from streaming.aio.safe_log import error_location
from streaming.cluster.broadcast import Broadcaster
from streaming.cluster.poller import Poller
from streaming.cluster.retention import FIRST_S, remove_expired
from streaming.types.session_end import End, end_early

logger = logging.getLogger(__name__)
T = TypeVar("T")

HEARTBEAT_S = 5.0
"""Greatest age of a heartbeat in seconds; pages wait for a session whose heartbeat is younger than 7 s (docs/develop/portal.md)."""
STALE_AFTER_S = 30
"""Seconds without a heartbeat after which a session is considered dead: six were missed."""
LATE_S = 15.0
"""Seconds without an own heartbeat that mean a suspended process or an unreachable database; other live processes may be affected too."""
GRACE_S = 10.0
"""Seconds that it then waits for their heartbeats before it closes stale conversations."""
CHECK_S = 2.0
"""Seconds between two checks for stale conversations; each check costs about a millisecond of CPU."""

HEARTBEAT = "heartbeat"

PROCESS = f"{socket.gethostname()}:{os.getpid()}"

LAST_CALL = 0.75
"""Share of the drain time after which no more audio is recognised, so that the rest is enough to store the results."""


class LiveSession(Protocol):
    """A live session: of a Symbl WebSocket or of a stream."""

    id: UUID
    ended: asyncio.Event

    def end_early(self, end: End) -> None:
        """End the session for a reason of the server. What was received is stored; then `ended` is set."""


def describe_session(stream: str, transport: str, user_id: int | None) -> str:
    """Return the description of a session for the log. The ids that clients choose are left out: they give access to public streams."""
    return f"stream {stream}, {transport}, {'anonymous' if user_id is None else f'user {user_id}'}"


class TooManySessions(Exception):
    """This process has reached `SESSION_LIMIT`, or is draining."""


class Registry:
    """The live sessions of one event loop."""

    def __init__(self, broadcaster: Broadcaster, poller: Poller) -> None:
        self._broadcaster = broadcaster
        self._poller = poller
        self.draining = False
        self.last_call = asyncio.Event()
        """Set near the end of a drain: audio that is not recognised yet is discarded."""
        self._sessions: dict[UUID, LiveSession] = {}
        self._started: dict[UUID, tuple[float, str]] = {}
        """When each session started, and its description for the log."""
        self._joined: dict[UUID, object] = {}
        self._reserved = 0
        self._last_heartbeat = 0.0
        self._close_stale_from = 0.0
        self._clean_up_at = 0.0

    def __len__(self) -> int:
        return len(self._sessions) + self._reserved

    def add(self, session: LiveSession, description: str = "") -> None:
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

    def remove(self, session: LiveSession, reason: str = "") -> None:
        """Remove a session and free its slot; the reason goes into the log, so it must hold no text of a client or handler."""
        self._sessions.pop(session.id, None)
        if (started := self._started.pop(session.id, None)) is not None:
            since, description = started
            logger.info("session %s ended after %.1f s: %s (%s)", session.id, time.monotonic() - since, reason, description)
        self._joined.pop(session.id, None)

    def joined(self, session_id: UUID) -> None:
        """Send heartbeats for a session that has joined a conversation; it ends as SWEPT if they come too late."""
        self._joined[session_id] = object()

    def left(self, session_id: UUID) -> None:
        """Stop the heartbeats of a session that has left its conversation."""
        self._joined.pop(session_id, None)

    def start(self) -> None:
        """Start the heartbeats and the clean-up, unless they run already."""
        if HEARTBEAT in self._poller:
            return
        self._last_heartbeat = time.time()
        self._clean_up_at = time.monotonic() + FIRST_S
        self._poller.add(HEARTBEAT, self._heartbeat, CHECK_S)
        self._poller.add("closing of stale conversations", self._clean_up, CHECK_S, first_s=0.0)

    async def drain(self, seconds: float) -> None:
        """Refuse new sessions, end the live ones so that pending speech is stored, and wait at most `seconds` for them."""
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

    def _check_limit(self) -> None:
        if self.draining or len(self) >= settings.SESSION_LIMIT:
            raise TooManySessions

    async def _heartbeat(self) -> None:
        """Send heartbeats. The wall clock counts, since the monotonic one stops while the machine is suspended; it may be set back."""
        elapsed = time.time() - self._last_heartbeat
        if not 0 <= elapsed <= HEARTBEAT_S - CHECK_S and await self._send_heartbeats():  # the next round would be too late
            self._delay_closing_after_pause()
            self._last_heartbeat = time.time()

    async def _clean_up(self) -> None:
        """Close stale conversations and remove expired data."""
        self._delay_closing_after_pause()
        if time.monotonic() >= self._close_stale_from and not await self._close_stale():
            self._close_stale_from = time.monotonic() + GRACE_S
        if time.monotonic() >= self._clean_up_at:
            self._clean_up_at = time.monotonic() + await remove_expired()

    def _delay_closing_after_pause(self) -> None:
        """Delay the next closing of stale conversations where the own heartbeat was late, so that other processes can send theirs first."""
        if time.time() - self._last_heartbeat > LATE_S:
            self._close_stale_from = time.monotonic() + GRACE_S

    async def _send_heartbeats(self) -> bool:
        """Send the heartbeats of our sessions, and end sessions that were closed as stale; return False where the database failed."""
        beating = {identity: since for identity, since in self._joined.items() if identity in self._sessions}
        if not beating:
            return True
        lost = await _logged(run_heartbeat(recorder.heartbeat, list(beating)))
        for identity in lost or ():
            if self._joined.get(identity) is beating[identity]:  # otherwise it has left, or joined again, in the meantime
                logger.warning("session %s: closed as stale by another process; its client must reconnect", identity)
                end_early(self._sessions[identity], End.SWEPT)
                self.left(identity)
        return lost is not None

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
