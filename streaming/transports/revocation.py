"""Whoever was let in stays only as long as that still holds: a revoked app, a disabled account, a sign-out end what is open.

Each process looks after its own connections: one look at the database every few seconds for all of them together, none while there
are none. So it does not matter where, or how, access was withdrawn.
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
    """A connection, or what goes on over it."""

    def end_early(self, end: End) -> None:
        """End soon, for a reason of the server's; nothing where it has ended."""


class RevocationWatcher:
    """The passes of one event loop's guests. Guests are held weakly: one that is gone need not say so."""

    def __init__(self) -> None:
        self._passes: WeakKeyDictionary[Revocable, Grant] = WeakKeyDictionary()
        self._checking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._passes)

    def note(self, connection: Revocable, by: Grant | None) -> None:
        """End the guest as REVOKED when its pass is good no more; None is a stranger's, whom a public stream serves."""
        if by is not None:
            self._passes[connection] = by
            if self._checking is None:
                self._checking = asyncio.create_task(self._check())

    def forget(self, connection: Revocable) -> None:
        """Look after a guest no longer."""
        self._passes.pop(connection, None)

    async def close(self) -> None:
        """End the checking; for the end of an event loop."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
            self._checking = None

    async def _check(self) -> None:
        away = False
        while True:
            await asyncio.sleep(CHECK_S)
            passes = set(self._passes.values())
            try:
                good = await run_in_database(access.valid_grants, passes) if passes else passes
            except Exception as error:  # nobody is shown out because the database is away
                if not away:
                    logger.warning("it cannot be checked who may stay (%s)", error_location(error))
                away = True
                continue
            away = False
            self._show_out(passes - good)

    def _show_out(self, withdrawn: set[Grant]) -> None:
        for connection, by in list(self._passes.items()) if withdrawn else ():
            if by in withdrawn:
                self.forget(connection)
                end_early(connection, End.REVOKED)


_admissions: WeakKeyDictionary[asyncio.AbstractEventLoop, RevocationWatcher] = WeakKeyDictionary()


def revocation_watcher() -> RevocationWatcher:
    """Return the admissions of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _admissions:
        _admissions[loop] = RevocationWatcher()
    return _admissions[loop]
