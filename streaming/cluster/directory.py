"""Session directory of all processes: which session has which id of a stream.

The first session that claims an id owns it until the session or its process ends. A claim is an entry in the shared cache that names the
process; a heartbeat key of each process shows that it is alive. A session therefore costs two cache calls in all, and the claims of a
killed process expire with its heartbeat. While the cache is unavailable, sessions start without the guarantee that their id is unique.
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
from weakref import WeakValueDictionary, ref

from django.core.cache import cache

from streaming.aio.executors import Threads
from streaming.cluster.poller import Poller
from streaming.types.client_connection import TransportKind

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

BEAT_S = 2.0
"""Seconds between two heartbeats."""
ALIVE_S = 8
"""Seconds without a heartbeat after which a process is considered dead."""
KEPT_S = 24 * 3600
"""Lifetime of a cache entry in seconds."""
TRIES = 3
"""Tries to register an id whose entry other processes change in between."""
AGAIN_S = 1.0
"""Seconds between two heartbeats for writing lost entries again, and for retrying releases; the rest waits for the next heartbeat."""
ANSWER_S = 2.5
"""Timeout of a cache call in seconds; a session then starts without it."""

_threads = Threads("claims", 4)
"""Own threads: if busy handlers delayed the heartbeat, other processes would consider this one dead."""


@dataclass(frozen=True, slots=True)
class SessionOwner:
    """The session that owns an id, and its process."""

    process: str
    session: str
    owner_id: int | None
    kind: TransportKind


class Directory:
    """The directory client of one event loop, and the claims of its sessions."""

    def __init__(self, poller: Poller, *, alone: bool) -> None:
        self._poller = poller
        self.process = uuid4().hex
        self._alone = alone
        self._held: dict[str, tuple[SessionOwner, Callable[[], None]]] = {}
        self._failed = False
        self._cache_lost = False  # the heartbeat key was missing, so the entries may be too
        self._unregistered: dict[str, SessionOwner] = {}  # claims whose entries are still to be written again
        self._registering = threading.Lock()
        self._loop = ref(asyncio.get_running_loop())  # weak: a strong reference would keep the key of `_directories` alive
        self._release_tasks: set[asyncio.Task[None]] = set()
        self._unreleased: set[tuple[str, SessionOwner]] = set()  # release failed; other processes cannot claim them while this one lives
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def claim(
        self, stream: str, webrtc_id: str, session: UUID, owner_id: int | None, kind: TransportKind, lost: Callable[[], None]
    ) -> SessionOwner | None:
        """Claim an id for a session of this process; return None on success, else the session that owns it.

        `lost` is called if another process claims the id later because this one seemed dead.
        """
        if self._alone:
            return None
        key, mine = _key(stream, webrtc_id), SessionOwner(self.process, session.hex, owner_id, kind)
        self._held[key] = mine, lost
        async with self._lock(key):
            holder = await self._in_cache(None, self._register_or_release, key, mine)
        if holder is not None:
            self._drop(key, mine)
        else:
            self._poller.add("heartbeat in the directory", self._send_heartbeat, BEAT_S)
        return holder

    async def release(self, stream: str, webrtc_id: str, session: UUID) -> None:
        """Release the id of a session."""
        key = _key(stream, webrtc_id)
        held = self._held.get(key)
        if held is not None and held[0].session == session.hex:
            self._drop(key, held[0])
            await self._release_entry(key, held[0])

    async def holder(self, stream: str, webrtc_id: str) -> SessionOwner | None:
        """Return the session of another live process that owns an id, or None."""
        return None if self._alone else await self._in_cache(None, self._other, _key(stream, webrtc_id))

    async def holders(self, ids: Sequence[tuple[str, str]]) -> list[SessionOwner | None]:
        """Return what `holder` returns for each pair of stream and webrtc_id, with one cache call for all entries."""
        none: list[SessionOwner | None] = [None] * len(ids)
        return none if self._alone else await self._in_cache(none, self._others, [_key(*each) for each in ids])

    async def is_alive(self, process: str) -> bool:
        """Return whether a process is alive; True where the cache cannot tell."""
        return self._alone or process == self.process or await self._in_cache(True, _has_heartbeat, process)

    def _lock(self, key: str) -> asyncio.Lock:
        """Return the lock of an id: neither the claim of a session nor the release by the one before it is atomic."""
        return self._locks.setdefault(key, asyncio.Lock())

    async def _release_entry(self, key: str, mine: SessionOwner) -> None:
        async with self._lock(key):
            if await self._in_cache(False, self._try_delete_entry, key, mine):
                self._unreleased.discard((key, mine))
            else:
                self._unreleased.add((key, mine))

    def _drop(self, key: str, holder: SessionOwner) -> None:
        if self._holds(key, holder):
            del self._held[key]

    def _holds(self, key: str, mine: SessionOwner) -> bool:
        held = self._held.get(key)
        return held is not None and held[0] is mine

    # -- in threads

    def _register_or_release(self, key: str, mine: SessionOwner) -> SessionOwner | None:
        """Register an id; if the session ended while the cache hung, have the entry released."""
        found = self._register(key, mine)
        if found is None:
            self._release_late([(key, mine)])
        return found

    def _release_late(self, written: Iterable[tuple[str, SessionOwner]]) -> None:
        """Have the entries released that were written after the end of their sessions."""
        loop = self._loop()
        for key, mine in written:
            if loop is not None and not self._holds(key, mine):
                with suppress(RuntimeError):  # the loop is closed: the process ends, and its heartbeat with it
                    loop.call_soon_threadsafe(self._release_soon, key, mine)

    def _register(self, key: str, mine: SessionOwner) -> SessionOwner | None:
        self._renew_heartbeat()
        found = None
        for _ in range(TRIES):
            if cache.add(key, astuple(mine), KEPT_S):
                return None
            found = _read(key)
            if found is None:
                continue  # it was released in between
            if found.process == self.process:
                if found != mine:  # of a session that has just ended in this process
                    cache.set(key, astuple(mine), KEPT_S)
                return None
            if _has_heartbeat(found.process):
                return found
            if cache.add(f"{key}.{found.session}", True, ALIVE_S):  # of several processes that find it dead, one removes the entry
                cache.delete(key)
        return found

    def _try_delete_entry(self, key: str, mine: SessionOwner) -> bool:
        self._delete_entry(key, mine)
        return True

    def _delete_entry(self, key: str, mine: SessionOwner) -> None:
        if _read(key) == mine:
            cache.delete(key)

    def _other(self, key: str) -> SessionOwner | None:
        found = _read(key)
        return found if found is not None and found.process != self.process and _has_heartbeat(found.process) else None

    def _others(self, keys: Sequence[str]) -> list[SessionOwner | None]:
        entries = cache.get_many(keys)
        found = [SessionOwner(*entry) if (entry := entries.get(key)) else None for key in keys]
        others = {holder.process for holder in found if holder is not None and holder.process != self.process}
        alive = {process for process in others if _has_heartbeat(process)}
        return [holder if holder is not None and holder.process in alive else None for holder in found]

    def _renew_heartbeat(self) -> None:
        """Renew the heartbeat; set `_cache_lost` where the cache no longer had it."""
        if not cache.touch(_heartbeat_key(self.process), ALIVE_S):
            self._cache_lost = True
            cache.set(_heartbeat_key(self.process), True, ALIVE_S)

    def _register_again(self, held: dict[str, SessionOwner]) -> dict[str, bool]:
        """Write lost entries again; return the keys done within `AGAIN_S`, each with whether another process owns it by now.

        Does nothing while another thread is still doing it: a cache that hangs would otherwise block one thread after the other.
        """
        found: dict[str, bool] = {}
        if not self._registering.acquire(blocking=False):
            return found
        until = time.monotonic() + AGAIN_S
        try:
            for key, mine in held.items():
                holder = None if cache.add(key, astuple(mine), KEPT_S) else _read(key)
                found[key] = holder is not None and holder.process != self.process
                if time.monotonic() > until:
                    break
        finally:
            self._registering.release()
            self._release_late(held.items())
        return found

    # -- in the event loop

    async def _send_heartbeat(self) -> None:
        await self._in_cache(None, self._renew_heartbeat)
        if self._cache_lost:
            self._cache_lost = False
            self._unregistered |= {key: mine for key, (mine, _) in self._held.items()}
        await self._restore_entries()
        await self._retry_releases()

    async def _retry_releases(self) -> None:
        """Retry failed releases, for `AGAIN_S` at most so that the heartbeat continues; stop at a failure: the cache is still away."""
        until = time.monotonic() + AGAIN_S
        for key, mine in list(self._unreleased):
            await self._release_entry(key, mine)
            if (key, mine) in self._unreleased:
                return
            self._cache_lost = self._cache_lost or key in self._held  # the next session with this id may not have been registered
            if time.monotonic() > until:
                return

    async def _restore_entries(self) -> None:
        """Write lost entries again, for `AGAIN_S` at most so that the heartbeat continues; the rest follows with the next heartbeats."""
        self._unregistered = {key: mine for key, mine in self._unregistered.items() if self._holds(key, mine)}
        if not self._unregistered:
            return
        for key, taken in (await self._in_cache({}, self._register_again, dict(self._unregistered))).items():
            mine = self._unregistered.pop(key)
            if taken:
                self._lose(key, mine)

    def _release_soon(self, key: str, mine: SessionOwner) -> None:
        task = asyncio.create_task(self._release_entry(key, mine))
        self._release_tasks.add(task)
        task.add_done_callback(self._release_tasks.discard)

    def _lose(self, key: str, mine: SessionOwner) -> None:
        held = self._held.get(key)
        if held is not None and held[0] is mine:
            del self._held[key]
            held[1]()

    async def _in_cache(self, otherwise: R, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the cache in a thread; return `otherwise` on an error or timeout."""
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
    entry = cache.get(key)
    return SessionOwner(*entry) if entry else None


def _has_heartbeat(process: str) -> bool:
    return bool(cache.get(_heartbeat_key(process)))


def _heartbeat_key(process: str) -> str:
    return f"parley.pulse.{process}"


def _key(stream: str, webrtc_id: str) -> str:
    """Return the cache key of an id: a hash, since ids may hold characters that keys may not."""
    return "parley.claim." + hashlib.sha256(f"{stream}.{webrtc_id}".encode(errors="replace")).hexdigest()
