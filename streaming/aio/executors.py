"""Threads for Parley's own work, apart from asyncio's.

Whatever handlers call through `asyncio.to_thread` has asyncio's threads, six on two cores: six such calls that block would hold up
everybody's sound. So each kind of our own work has threads of its own, and none waits behind another kind either. A developer's code and
slow services never come here: they have asyncio's, and the methods of handlers `lanes.py`.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple
from weakref import WeakSet

from django.conf import settings

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

_MANY = min(32, (os.cpu_count() or 1) + 4)
"""As many as asyncio has. Fewer would be late beside a busy event loop: a thread waits some milliseconds for the interpreter's lock."""


class Threads:
    """Some threads of one name, each started when it is first needed."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._pool = self._begun()
        _all.append(self)

    def run(self, work: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Have work done, outside of the caller's context, and return its result to come; once begun it goes on, whoever waits for it."""
        return asyncio.get_running_loop().run_in_executor(self._pool, work, *args)

    def close(self) -> None:
        """End the threads after all that waits for them; the next use starts afresh."""
        pool, self._pool = self._pool, self._begun()
        pool.shutdown(wait=True)

    def _begun(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._most, thread_name_prefix=self._name)


_all: list[Threads] = []

SOUND = Threads("sound", _MANY)
"""Encodes each voice every 20 ms."""
PICTURES = Threads("pictures", _MANY)
"""Make arrays of pictures and encode them, for milliseconds each."""
EARS = Threads("ears", 1)
"""Loads and lets go the pause detection, behind one lock anyway."""
FINDING = Threads("finding", 2)
"""Looks through what is being said, while it is being said."""
READING = Threads("reading", 4)
"""Waits for the recogniser."""
SPEAKING = Threads("speaking", 4)
"""Speaks with the voices that are installed here."""


_roomy: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


def make_room() -> None:
    """Let asyncio have a thread for each session that there may be, beside its usual ones.

    Django makes and notes its error answers there, and names of hosts are looked up there, which has no other place: six blocked calls of a
    handler would leave every 404 without an answer. Threads that are idle are used again before another one begins.
    """
    loop = asyncio.get_running_loop()
    if loop not in _roomy:
        _roomy.add(loop)
        loop.set_default_executor(ThreadPoolExecutor(settings.SESSION_LIMIT + _MANY, thread_name_prefix="asyncio"))


def close_threads() -> None:
    """End all of these threads, for the end of a test or a server."""
    for threads in _all:
        threads.close()
