"""Why sessions end, and what their clients are told when the server is the reason. Knows no session and no transport."""

import logging
from enum import Enum
from typing import Protocol

from streaming.aio.safe_log import error_location

logger = logging.getLogger(__name__)


class End(Enum):
    """Why a session ended."""

    FINISHED = "finished"
    """The client said stop and everything was done."""
    LOST = "lost"
    """The connection went away."""
    IDLE = "idle"
    """The handler's time limit for the client's next step passed."""
    OVERRUN = "overrun"
    """The client sent faster than this server can make it wait."""
    FAILED = "failed"
    """The handler raised."""
    SHUTDOWN = "shutdown"
    """This server is going down."""
    SWEPT = "swept"
    """This process gave no sign of life for so long that others took its sessions for gone."""
    REVOKED = "revoked"
    """Whoever let the client in does so no longer."""


TEXTS = {
    End.SHUTDOWN: "this server is restarting; connect again",
    End.SWEPT: "this server was asleep and others took its sessions for gone; connect again",
    End.REVOKED: "your access was withdrawn; sign in again",
}
"""What a client is told of an end that the server brings about."""


class Ending(Protocol):
    """What can be ended by the server."""

    def end_early(self, end: End) -> None:
        """End soon, for a reason of the server's."""


def end_early(one: Ending, end: End) -> None:
    """End one of many: where that fails it is logged, for whoever ends them has others to look after."""
    try:
        one.end_early(end)
    except Exception as error:
        logger.error("a connection could not be ended: %s", error_location(error))
