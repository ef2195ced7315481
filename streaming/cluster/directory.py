"""Whose session an id is, among all processes: the first to claim an id of a stream has it, until its session or its process ends.

A claim is a note in the shared cache that names its process; a process shows that it lives by a pulse beside it. So a session costs
two calls of the cache in all, and a claim of a process that was killed counts no more once its pulse is over. A cache that is away
costs the certainty, never a session.
"""

import asyncio
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import partial
from typing import ParamSpec, TypeVar
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary, WeakValueDictionary, ref

from django.core.cache import cache

from streaming.aio.executors import Threads
from streaming.cluster.pubsub import pubsub
from streaming.types.client_connection import TransportKind

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

BEAT_S = 2.0
ALIVE_S = 8
"""A process without a pulse for so long is dead, or as good as."""
KEPT_S = 24 * 3600
TRIES = 3
AGAIN_S = 1.0
"""How long noting again what was forgotten may take between two beats, and letting go what could not be; the rest waits for the next."""
ANSWER_S = 2.5
"""How long the cache may take before a session begins without it."""

_threads = Threads("claims", 4)
"""A process without a pulse would be taken for dead."""


@dataclass(frozen=True, slots=True)
class SessionOwner:
    """Who has an id: a session of some process."""

    process: str
    session: str
    owner_id: int | None
    kind: TransportKind


class Directory:
    """The claims of one event loop."""

    def __init__(self, *, alone: bool) -> None:
        self.process = uuid4().hex
        self._alone = alone
        self._held: dict[str, tuple[SessionOwner, Callable[[], None]]] = {}
        self._beating: asyncio.Task[None] | None = None
        self._failed = False
        self._forgotten = False  # the pulse was, and with it perhaps the notes
        self._unnoted: dict[str, SessionOwner] = {}  # those that are not yet noted again
        self._noting = threading.Lock()
        self._loop = ref(asyncio.get_running_loop())  # which is what claims are kept by: else none would ever be forgotten
        self._leaving: set[asyncio.Task[None]] = set()
        self._owed: set[tuple[str, SessionOwner]] = set()  # could not be let go: no other process takes it as long as this one lives
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def claim(
        self, stream: str, webrtc_id: str, session: UUID, owner_id: int | None, kind: TransportKind, lost: Callable[[], None]
    ) -> SessionOwner | None:
        """Take an id for a session of this process; return None when it has it, else who has.

        `lost` is called when another process took the id later, because this one seemed dead.
        """
        if self._alone:
            return None
        key, mine = _key(stream, webrtc_id), SessionOwner(self.process, session.hex, owner_id, kind)
        self._held[key] = mine, lost
        async with self._turn(key):
            holder = await self._in_cache(None, self._take_in_time, key, mine)
        if holder is not None:
            self._drop(key, mine)
        elif self._beating is None:
            self._beating = asyncio.create_task(self._beat())
        return holder

    async def release(self, stream: str, webrtc_id: str, session: UUID) -> None:
        """Let an id go that a session had."""
        key = _key(stream, webrtc_id)
        held = self._held.get(key)
        if held is not None and held[0].session == session.hex:
            self._drop(key, held[0])
            await self._let_go(key, held[0])

    async def holder(self, stream: str, webrtc_id: str) -> SessionOwner | None:
        """Return who has an id in another process that lives."""
        return None if self._alone else await self._in_cache(None, self._other, _key(stream, webrtc_id))

    async def holders(self, ids: Sequence[tuple[str, str]]) -> list[SessionOwner | None]:
        """Return for each stream and webrtc_id who has it in another process that lives; the cache is asked once for all of them."""
        nobody: list[SessionOwner | None] = [None] * len(ids)
        return nobody if self._alone else await self._in_cache(nobody, self._others, [_key(*each) for each in ids])

    async def is_alive(self, process: str) -> bool:
        """Whether a process lives; one of which nothing can be known counts as living."""
        return self._alone or process == self.process or await self._in_cache(True, _has_pulse, process)

    async def close(self) -> None:
        """End the pulse; for the end of an event loop."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
            self._beating = None

    def _turn(self, key: str) -> asyncio.Lock:
        """Return what keeps a session's claim and the letting go of the session before it apart: neither is one step."""
        return self._turns.setdefault(key, asyncio.Lock())

    async def _let_go(self, key: str, mine: SessionOwner) -> None:
        async with self._turn(key):
            if await self._in_cache(False, self._gave_back, key, mine):
                self._owed.discard((key, mine))
            else:
                self._owed.add((key, mine))

    def _drop(self, key: str, holder: SessionOwner) -> None:
        if self._holds(key, holder):
            del self._held[key]

    def _holds(self, key: str, mine: SessionOwner) -> bool:
        held = self._held.get(key)
        return held is not None and held[0] is mine

    # -- in threads

    def _take_in_time(self, key: str, mine: SessionOwner) -> SessionOwner | None:
        """Take an id; what a cache that hung notes when its session is over is removed."""
        found = self._take(key, mine)
        if found is None:
            self._let_go_of_late([(key, mine)])
        return found

    def _let_go_of_late(self, noted: Iterable[tuple[str, SessionOwner]]) -> None:
        """Have those ids let go that were noted behind the end of their sessions."""
        loop = self._loop()
        for key, mine in noted:
            if loop is not None and not self._holds(key, mine):
                with suppress(RuntimeError):  # the loop is closed, and with it this process goes
                    loop.call_soon_threadsafe(self._let_go_soon, key, mine)

    def _take(self, key: str, mine: SessionOwner) -> SessionOwner | None:
        self._pulse_again()
        found = None
        for _ in range(TRIES):
            if cache.add(key, astuple(mine), KEPT_S):
                return None
            found = _read(key)
            if found is None:
                continue  # it was let go in between
            if found.process == self.process:
                if found != mine:  # of a session that ended here just now
                    cache.set(key, astuple(mine), KEPT_S)
                return None
            if _has_pulse(found.process):
                return found
            if cache.add(f"{key}.{found.session}", True, ALIVE_S):  # of several that see the death, one removes the note
                cache.delete(key)
        return found

    def _gave_back(self, key: str, mine: SessionOwner) -> bool:
        self._give_back(key, mine)
        return True

    def _give_back(self, key: str, mine: SessionOwner) -> None:
        if _read(key) == mine:
            cache.delete(key)

    def _other(self, key: str) -> SessionOwner | None:
        found = _read(key)
        return found if found is not None and found.process != self.process and _has_pulse(found.process) else None

    def _others(self, keys: Sequence[str]) -> list[SessionOwner | None]:
        notes = cache.get_many(keys)
        found = [SessionOwner(*note) if (note := notes.get(key)) else None for key in keys]
        others = {holder.process for holder in found if holder is not None and holder.process != self.process}
        living = {process for process in others if _has_pulse(process)}
        return [holder if holder is not None and holder.process in living else None for holder in found]

    def _pulse_again(self) -> None:
        """Show that this process lives, and note where that had been forgotten."""
        if not cache.touch(_pulse(self.process), ALIVE_S):
            self._forgotten = True
            cache.set(_pulse(self.process), True, ALIVE_S)

    def _note_again(self, held: dict[str, SessionOwner]) -> dict[str, bool]:
        """Note again what was forgotten; return the keys that there was time for, and whether others have them by now.

        None of them while another thread is still at it, as when the cache hangs: it would take one thread after the other.
        """
        found: dict[str, bool] = {}
        if not self._noting.acquire(blocking=False):
            return found
        until = time.monotonic() + AGAIN_S
        try:
            for key, mine in held.items():
                holder = None if cache.add(key, astuple(mine), KEPT_S) else _read(key)
                found[key] = holder is not None and holder.process != self.process
                if time.monotonic() > until:
                    break
        finally:
            self._noting.release()
            self._let_go_of_late(held.items())
        return found

    # -- in the event loop

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self._in_cache(None, self._pulse_again)
            if self._forgotten:
                self._forgotten = False
                self._unnoted |= {key: mine for key, (mine, _) in self._held.items()}
            await self._claim_again()
            await self._let_go_of_owed()

    async def _let_go_of_owed(self) -> None:
        """Try again, some at a time so that the pulse goes on; behind the first that fails the cache is still away."""
        until = time.monotonic() + AGAIN_S
        for key, mine in list(self._owed):
            await self._let_go(key, mine)
            if (key, mine) in self._owed:
                return
            self._forgotten = self._forgotten or key in self._held  # the session behind it may not have been noted at all
            if time.monotonic() > until:
                return

    async def _claim_again(self) -> None:
        """Note again what is not yet, some at a time so that the pulse goes on; the rest, and what failed, with the next beats."""
        self._unnoted = {key: mine for key, mine in self._unnoted.items() if self._holds(key, mine)}
        if not self._unnoted:
            return
        for key, taken in (await self._in_cache({}, self._note_again, dict(self._unnoted))).items():
            mine = self._unnoted.pop(key)
            if taken:
                self._lose(key, mine)

    def _let_go_soon(self, key: str, mine: SessionOwner) -> None:
        task = asyncio.create_task(self._let_go(key, mine))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _lose(self, key: str, mine: SessionOwner) -> None:
        held = self._held.get(key)
        if held is not None and held[0] is mine:
            del self._held[key]
            held[1]()

    async def _in_cache(self, otherwise: R, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Ask the cache in a thread; a cache that is away, or hangs, answers `otherwise`."""
        try:
            async with asyncio.timeout(ANSWER_S):
                found = await _threads.run(partial(work, *args, **kwargs))
        except Exception as error:
            if not self._failed:
                logger.warning("the shared cache is away (%s): an id may be used in two processes", type(error).__name__)
            self._failed = True
            return otherwise
        self._failed = False
        return found


def _read(key: str) -> SessionOwner | None:
    note = cache.get(key)
    return SessionOwner(*note) if note else None


def _has_pulse(process: str) -> bool:
    return bool(cache.get(_pulse(process)))


def _pulse(process: str) -> str:
    return f"parley.pulse.{process}"


def _key(stream: str, webrtc_id: str) -> str:
    """Return the name of a note: ids hold characters that a cache's keys may not."""
    return "parley.claim." + hashlib.sha256(f"{stream}.{webrtc_id}".encode(errors="replace")).hexdigest()


_claims: WeakKeyDictionary[asyncio.AbstractEventLoop, Directory] = WeakKeyDictionary()


def directory() -> Directory:
    """Return the claims of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _claims:
        _claims[loop] = Directory(alone=pubsub().alone)
    return _claims[loop]
