"""Session directory of all processes: which session has which id of a stream, and the channel of its process.

The directory is a table in the database (`directory_table.py`). The first session that claims an id owns it until the session or its
process ends. While the database is unreachable, sessions start without the guarantee that their id is unique, and their claims are
written when it is back; live sessions do not need it. A process that is alone does not wait for its claims to be written.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from insights.safe_log import error_location
from streaming.aio.database_executors import run_in_database, run_in_directory
from streaming.cluster import directory_table as table
from streaming.cluster.directory_table import PYTHON, Asker, SessionKey, SessionLocation
from streaming.cluster.heartbeat import Beat, Heartbeat
from streaming.cluster.pubsub import PubSub
from streaming.types.client_connection import TransportKind

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

ANSWER_S = 2.5
"""Longest wait for the database in seconds. A session then starts without its claim, which is written later."""
FAILED_ANSWER_S = 0.25
"""Longest wait for a claim after the last write failed: a database that hangs must not delay each session."""
ALONE_S = 0.05
"""Seconds after which a process that is alone writes a claim: the thread of the database would delay the answer to the client."""


class DirectoryUnreachable(LookupError):
    """The database cannot be read, so it is unknown whether there is such a session."""

    def __init__(self) -> None:
        super().__init__("sessions of other processes cannot be found, because the database is unreachable")


@dataclass(eq=False, slots=True)
class _Held:
    """An id that a session of this process has."""

    key: SessionKey
    session: UUID
    transport: TransportKind
    lost: Callable[[], None]
    started: bool = False
    """Whether the session started before its claim was written, so that it must be ended if the claim fails."""
    written: bool = False
    """Whether the table has the claim, under the present row of this process."""


class Directory:
    """The directory client of one event loop, and the ids of its sessions.

    Args:
        shared: whether other processes may look for our sessions; False: the table is neither written nor read.
    """

    def __init__(self, heartbeat: Heartbeat, pubsub: PubSub, *, shared: bool = True) -> None:
        self._heartbeat = heartbeat
        self._pubsub = pubsub
        self._shared = shared
        self._held: dict[SessionKey, _Held] = {}
        self._ended: dict[SessionKey, _Held] = {}  # sessions whose last outputs can still be read
        self._unreleased: set[UUID] = set()  # sessions whose entries could not be removed yet
        self._locks: WeakValueDictionary[SessionKey, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[object]] = set()
        self._repairing = False
        self._failed = False
        heartbeat.listen(self._on_beat)

    @property
    def process(self) -> str:
        """The name of this process for `is_alive`; empty before the first session."""
        return self._heartbeat.process.hex if self._heartbeat.process is not None else ""

    async def claim(self, key: SessionKey, session: UUID, transport: TransportKind, lost: Callable[[], None]) -> SessionLocation | None:
        """Claim an id for a session of this process; return None on success, else the session that has it.

        `lost` is called if it turns out later that another process has the id.
        """
        held = self._held[key] = _Held(key, session, transport, lost)
        self._ended.pop(key, None)
        if not self._shared:
            return None
        if self._pubsub.alone:
            held.started = True
            self._spawn(self._write_later(held))
            return None
        writing = self._spawn(self._write(held))
        await asyncio.wait({writing}, timeout=FAILED_ANSWER_S if self._failed else ANSWER_S)
        if writing.done():
            return writing.result()
        held.started = True
        self._note_failure("TimeoutError")
        return None

    async def release(self, key: SessionKey, session: UUID, *, readable: bool = False) -> None:
        """Free the id of a session. With `readable`, its last outputs can be found until `forget`."""
        held = self._held.get(key)
        if held is None or held.session != session:
            return
        del self._held[key]
        if readable:
            self._ended[key] = held
        if self._shared:
            removing = self._spawn(self._remove(key, session, readable=readable))
            if not self._pubsub.alone:
                await asyncio.wait({removing}, timeout=ANSWER_S)

    async def finish(self, seconds: float) -> None:
        """Wait, at most so many seconds, until what the sessions of this process wrote is stored: they have ended."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=seconds)

    async def forget(self, key: SessionKey, session: UUID) -> None:
        """Remove an ended session, whose last outputs cannot be read any more."""
        if key in self._ended and self._ended[key].session == session:
            del self._ended[key]
        if self._shared:
            await self._remove(key, session, readable=False)

    async def find(self, stream: str, webrtc_id: str, asker: Asker) -> SessionLocation | None:
        """Return the session that the asker means by an id: a live one, else one that ended just now. Raises DirectoryUnreachable.

        A user means their own session, else one of an anonymous client; an anonymous client means one without owner. "python" means a
        session of this process, else the newest.
        """
        return (await self.find_all([(asker, stream, webrtc_id)]))[0]

    async def find_all(self, questions: Sequence[tuple[Asker, str, str]]) -> list[SessionLocation | None]:
        """Return what `find` returns for each asker, stream and id, with one query. Raises DirectoryUnreachable."""
        found = [self._live_here(*question) for question in questions]
        missing = [place for place, location in enumerate(found) if location is None]
        if missing and self._shared and not self._pubsub.alone:
            try:
                elsewhere = await self._read(table.find_all, [questions[place] for place in missing])
            except DirectoryUnreachable:
                elsewhere = [self._other_here(*questions[place]) for place in missing]
                if None in elsewhere:
                    raise
            for place, location in zip(missing, elsewhere, strict=True):
                found[place] = location
        return [found[place] or self._other_here(*question) for place, question in enumerate(questions)]

    async def is_alive(self, process: str) -> bool:
        """Return whether a process is alive; True where the database cannot tell."""
        if not self._shared or self._pubsub.alone or not process or process == self.process:
            return True
        try:
            return await self._read(table.is_alive, UUID(process))
        except DirectoryUnreachable:
            return True

    # -- sessions of this process

    def _live_here(self, asker: Asker, stream: str, webrtc_id: str) -> SessionLocation | None:
        """Return the asker's own live session of this process."""
        if asker == PYTHON:
            held = next((one for key, one in reversed(self._held.items()) if key[1:] == (stream, webrtc_id)), None)
        else:
            held = self._held.get(SessionKey(asker, stream, webrtc_id))
        return None if held is None else self._location(held)

    def _other_here(self, asker: Asker, stream: str, webrtc_id: str) -> SessionLocation | None:
        """Return the anonymous session of this process that a user may mean, else an ended one."""
        anonymous = self._live_here(None, stream, webrtc_id)
        if anonymous is not None:
            return anonymous
        for key, ended in self._ended.items():
            if key[1:] == (stream, webrtc_id) and (asker == PYTHON or key.owner_id in (None, asker)):
                return self._location(ended, ended=True)
        return None

    def _location(self, held: _Held, *, ended: bool = False) -> SessionLocation:
        return SessionLocation(held.session, self._heartbeat.process, "", held.key.owner_id, held.transport, ended)

    # -- the table

    async def _write_later(self, held: _Held) -> None:
        await asyncio.sleep(ALONE_S)
        await self._write(held)

    async def _write(self, held: _Held) -> SessionLocation | None:
        """Write a claim; return the session of another process that has the id. A failure is noted, for `_repair`."""
        async with self._lock(held.key):
            if held.written or not self._is_held(held):
                return None
            try:
                process = await self._heartbeat.registered()
                found = await run_in_directory(table.claim, process, held.key, held.session, held.transport)
            except Exception as error:
                held.started = True
                self._note_failure(error_location(error))
                return None
            self._failed = False
            if found is None:
                held.written = process == self._heartbeat.process
                held.started = True
            elif self._is_held(held):
                del self._held[held.key]
                if held.started:
                    held.lost()
            return found

    async def _remove(self, key: SessionKey, session: UUID, *, readable: bool) -> None:
        """Remove the entry of an ended session, or mark it as ended. A failure is noted, for `_repair`."""
        async with self._lock(key):
            try:
                await run_in_directory(table.mark_ended if readable else table.release, session)
            except Exception as error:
                self._unreleased.add(session)
                self._note_failure(error_location(error))
                return
            self._failed = False
            self._unreleased.discard(session)

    async def _read(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Read the table in a thread. Raises DirectoryUnreachable on an error or timeout."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await run_in_database(work, *args, **kwargs)
        except Exception as error:
            self._note_failure(error_location(error))
            raise DirectoryUnreachable from None

    def _on_beat(self, beat: Beat) -> None:
        """Claim again what others may have taken, and write what could not be written before."""
        if beat is not Beat.ON_TIME:
            for held in self._held.values():
                held.written = False
        if self._shared and not self._repairing and (self._unreleased or not all(held.written for held in self._held.values())):
            self._repairing = True
            self._spawn(self._repair())

    async def _repair(self) -> None:
        """Write what is missing, in a task of its own so that heartbeats do not wait for it; stop where the database fails."""
        try:
            for held in [held for held in self._held.values() if not held.written]:
                await self._write(held)
                if self._is_held(held) and not held.written:
                    return
            for session in list(self._unreleased):
                await run_in_directory(table.release, session)
                self._unreleased.discard(session)
        except Exception as error:
            self._note_failure(error_location(error))
        finally:
            self._repairing = False

    def _is_held(self, held: _Held) -> bool:
        return self._held.get(held.key) is held

    def _lock(self, key: SessionKey) -> asyncio.Lock:
        """Return the lock of an id: a claim must not overtake the release of the session before it."""
        return self._locks.setdefault(key, asyncio.Lock())

    def _note_failure(self, reason: str) -> None:
        if not self._failed:
            logger.warning("the session directory cannot use the database (%s): an id may be used in two processes", reason)
        self._failed = True

    def _spawn(self, work: Coroutine[Any, Any, R]) -> "asyncio.Task[R]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
