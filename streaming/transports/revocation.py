"""Ends open connections whose grant is no longer valid, after an app was revoked, an account disabled or a user signed out.

Each process checks the grants of all its connections with one query every CHECK_S, and with none while there are no connections.
So it does not matter in which process, or how, access was withdrawn.
"""

import asyncio
import logging
from typing import Protocol
from weakref import WeakKeyDictionary

from insights import access
from insights.access import Grant
from streaming.aio.database_executors import run_in_database
from streaming.aio.safe_log import error_location
from streaming.types.session_end import End, end_early

logger = logging.getLogger(__name__)

CHECK_S = 2.0


class Revocable(Protocol):
    """A connection or session that can be ended."""

    def end_early(self, end: End) -> None:
        """End soon for a reason of the server; do nothing if already ended."""


class RevocationWatcher:
    """The grants of one event loop's connections. Connections are held weakly, so they need not be removed when they end."""

    def __init__(self) -> None:
        self._grants: WeakKeyDictionary[Revocable, Grant] = WeakKeyDictionary()
        self._checking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._grants)

    def note(self, connection: Revocable, by: Grant | None) -> None:
        """End the connection as REVOKED when its grant is no longer valid; without a grant (anonymous) do nothing."""
        if by is not None:
            self._grants[connection] = by
            if self._checking is None:
                self._checking = asyncio.create_task(self._check())

    def forget(self, connection: Revocable) -> None:
        """Stop checking a connection."""
        self._grants.pop(connection, None)

    async def close(self) -> None:
        """Stop the checks, at the end of an event loop."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
            self._checking = None

    async def _check(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(CHECK_S)
            grants = set(self._grants.values())
            try:
                good = await run_in_database(access.valid_grants, grants) if grants else grants
            except Exception as error:  # an unreachable database ends no connection
                if not failing:
                    logger.warning("revocation check failed (%s)", error_location(error))
                failing = True
                continue
            failing = False
            self._end(grants - good)

    def _end(self, withdrawn: set[Grant]) -> None:
        for connection, by in list(self._grants.items()) if withdrawn else ():
            if by in withdrawn:
                self.forget(connection)
                end_early(connection, End.REVOKED)


_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, RevocationWatcher] = WeakKeyDictionary()


def revocation_watcher() -> RevocationWatcher:
    """Return the watcher of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _watchers:
        _watchers[loop] = RevocationWatcher()
    return _watchers[loop]
