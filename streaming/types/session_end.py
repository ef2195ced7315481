"""The reasons for the end of a session, and the texts for clients where the server is the reason."""

import logging
from enum import Enum
from typing import Protocol

from insights.safe_log import error_location

logger = logging.getLogger(__name__)


class End(Enum):
    """Why a session ended."""

    FINISHED = "finished"
    """The handler ended the session: what the client asked for is done."""
    LOST = "lost"
    """The connection was lost."""
    IDLE = "idle"
    """The idle timeout passed without activity of the client."""
    OVERRUN = "overrun"
    """The client sent more than fits into the queue, on a transport without back-pressure."""
    FAILED = "failed"
    """The handler raised an exception."""
    SHUTDOWN = "shutdown"
    """This server is shutting down."""
    STALE = "stale"
    """This process sent no heartbeat for so long that another one closed its sessions as stale."""
    REVOKED = "revoked"
    """The client's access was revoked."""
    DELETED = "deleted"
    """The conversation was deleted."""
    CLOSED = "closed"
    """The client or the developer's code closed the session."""
    TIME_LIMIT = "time limit"
    """The stream's time limit was reached."""


AT_ONCE = frozenset({End.REVOKED, End.OVERRUN, End.DELETED})
"""Reasons for which the connection is closed before the handler has finished: nothing more may reach the client."""


TEXTS = {
    End.SHUTDOWN: "this server is restarting; connect again",
    End.STALE: "this server was suspended, and other processes closed its sessions; connect again",
    End.REVOKED: "your access was withdrawn; sign in again",
    End.DELETED: "this conversation was deleted",
}
"""The texts that clients get where the server ends their session."""


class Ending(Protocol):
    """A connection that the server can end."""

    def end_early(self, end: End) -> None:
        """End soon, for a reason of the server; do nothing if it has ended."""


def end_early(one: Ending, end: End) -> None:
    """End one of several connections; log an exception, so that the caller can end the others."""
    try:
        one.end_early(end)
    except Exception as error:
        logger.error("a connection could not be ended: %s", error_location(error))
