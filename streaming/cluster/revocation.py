"""Ends open connections whose grant is no longer valid, after an app was revoked, an account disabled or a user signed out.

Each process checks the grants of all its connections with one query every CHECK_S, and with none while there are no connections.
So it does not matter in which process, or how, access was withdrawn.
"""

from weakref import WeakKeyDictionary

from insights import access
from insights.access import Grant
from streaming.aio.database_executors import run_in_database
from streaming.cluster.poller import Poller
from streaming.types.session_end import End, Ending, end_early

CHECK_S = 2.0


class RevocationWatcher:
    """The grants of one event loop's connections. Connections are held weakly, so they need not be removed when they end."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._grants: WeakKeyDictionary[Ending, Grant] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._grants)

    def note(self, connection: Ending, by: Grant | None) -> None:
        """End the connection as REVOKED when its grant is no longer valid; without a grant (anonymous) do nothing."""
        if by is not None:
            self._grants[connection] = by
            self._poller.add("revocation check", self._check, CHECK_S)

    def forget(self, connection: Ending) -> None:
        """Stop checking a connection."""
        self._grants.pop(connection, None)

    async def _check(self) -> None:
        grants = set(self._grants.values())
        good = await run_in_database(access.valid_grants, grants) if grants else grants  # an unreachable database ends no connection
        self._end(grants - good)

    def _end(self, withdrawn: set[Grant]) -> None:
        for connection, by in list(self._grants.items()) if withdrawn else ():
            if by in withdrawn:
                self.forget(connection)
                end_early(connection, End.REVOKED)
