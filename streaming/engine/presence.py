"""Where a live session can be found; called by every participant when it opens and when it ends."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streaming.engine.participant import Participant


def announce(participant: "Participant") -> None:
    """Make an open session known."""


def withdraw(participant: "Participant") -> None:
    """Take back what `announce` made known."""
