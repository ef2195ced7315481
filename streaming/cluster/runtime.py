"""The runtime: everything that a process has once per event loop.

`config.asgi` makes it when the server starts. Its parts get what they use from here, as arguments; code above this package asks
`runtime()` for the runtime of the running event loop. A test that needs other parts makes its own `Runtime` and installs it with `use`.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from insights.jobs.queries import worker_is_missing
from streaming.aio.database_executors import run_in_database
from streaming.cluster.broadcast import Broadcaster
from streaming.cluster.deletions import Deletions
from streaming.cluster.directory import Directory
from streaming.cluster.heartbeat import Heartbeat
from streaming.cluster.poller import Poller
from streaming.cluster.presence import Presence
from streaming.cluster.pubsub import PubSub
from streaming.cluster.registry import Registry
from streaming.cluster.revocation import RevocationWatcher
from streaming.cluster.rpc import Rpc
from streaming.cluster.waiting_room import WaitingRoom

Part = TypeVar("Part")
logger = logging.getLogger(__name__)

FIRST_CHECK_S = 120.0
WORKER_CHECK_S = 1800.0
"""Seconds from the start of a server to the first check for a worker, and between two checks."""


class Runtime:
    """The parts that work for all sessions of one event loop.

    Args:
        pubsub: the channel of this event loop; by default one on the configured channel layer.
        shared: whether other processes may look for our sessions in the directory; False where there is no database.
    """

    def __init__(self, pubsub: PubSub | None = None, *, shared: bool = True) -> None:
        self.poller = Poller()
        self.pubsub = pubsub or PubSub()
        self.rpc = Rpc(self.pubsub)
        self.heartbeat = Heartbeat(self.pubsub, self.poller)
        self.directory = Directory(self.heartbeat, self.pubsub, shared=shared)
        self.broadcaster = Broadcaster(self.pubsub, self.poller)
        self.presence = Presence(self.broadcaster, self.poller)
        self.deletions = Deletions(self.pubsub, self.poller, self.broadcaster)
        self.registry = Registry(self.broadcaster, self.poller, self.heartbeat)
        self.waiting_room = WaitingRoom(self.pubsub, self.registry, self.poller)
        self.revocation = RevocationWatcher(self.poller)
        self.started = False
        """Whether `start` was called."""
        self._parts: dict[Callable[[], object], object] = {}

    def part(self, kind: Callable[[], Part]) -> Part:
        """Return this runtime's only instance of a class that belongs to a package above this one; the first call makes it."""
        if kind not in self._parts:
            self._parts[kind] = kind()
        found: Part = self._parts[kind]  # type: ignore[assignment]  # `kind` made it
        return found

    def start(self) -> None:
        """Start the periodic work that needs no session: heartbeats, closing of stale conversations, deletions. May be called again."""
        self.registry.start()
        self.deletions.start()
        self.poller.add("check for a worker", _warn_without_worker, WORKER_CHECK_S, first_s=FIRST_CHECK_S)
        self.started = True

    async def close(self) -> None:
        """Stop all periodic work and the channel; call before the event loop ends."""
        await self.poller.close()
        await self.pubsub.close()


_runtimes: WeakKeyDictionary[asyncio.AbstractEventLoop, Runtime] = WeakKeyDictionary()


def runtime() -> Runtime:
    """Return the runtime of the running event loop; the first call makes it. Raises RuntimeError outside of an event loop."""
    loop = asyncio.get_running_loop()
    found = _runtimes.get(loop)
    if found is None:
        _forget_closed_loops()
        found = _runtimes[loop] = Runtime()
    return found


def running() -> list[tuple[asyncio.AbstractEventLoop, Runtime]]:
    """Return the runtimes of all running event loops of this process. Any thread."""
    return [(loop, own) for loop, own in list(_runtimes.items()) if loop.is_running()]


def use(own: Runtime) -> Runtime:
    """Make `own` the runtime of the running event loop, in place of the one that `runtime()` would make; return it."""
    _runtimes[asyncio.get_running_loop()] = own
    return own


def _forget_closed_loops() -> None:
    """Drop the runtimes of closed event loops, which they refer to and so keep alive. Synchronous code makes a loop for each call."""
    for reference in _runtimes.keyrefs():
        loop = reference()
        if loop is not None and loop.is_closed():
            _runtimes.pop(loop, None)


async def _warn_without_worker() -> None:
    """Log a warning if no worker runs: jobs then wait, and old data is kept."""
    if await run_in_database(worker_is_missing):
        logger.warning("no worker runs: jobs wait, and old data is not removed; start `manage.py worker` (docs/operate/jobs.md)")
