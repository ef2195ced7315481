"""From the hearing thread into the event loop: a session's ear for turns. Nothing here runs while nobody speaks."""

import asyncio
import logging
from asyncio import Future
from collections.abc import Callable
from typing import Any, Protocol

from streaming.engine.faults import place
from streaming.hearing import attention
from streaming.hearing.watch import Turn, Watch, WatchOptions

logger = logging.getLogger(__name__)


class TurnTaker(Protocol):
    """Who takes turns with the user; called in the event loop."""

    def began(self) -> None:
        """The user begins to speak."""

    def progress(self, turn: Turn) -> None:
        """The user goes on speaking."""

    def ended(self, turn: Turn) -> None:
        """The user paused after this."""

    def dropped(self) -> None:
        """What had begun was no speech."""


class Ear:
    """Hears one user. The pause detection is loaded in a thread the first time; sound waits for it."""

    def __init__(self, taker: TurnTaker, options: WatchOptions, rate: int) -> None:
        self._taker = taker
        self._loop = asyncio.get_running_loop()
        self.watch = Watch(options, rate, self)
        self._attention: Future[attention.Attention] = self._loop.run_in_executor(None, attention.acquire)
        self._attention.add_done_callback(self._attend)
        self._closed = False

    def close(self) -> None:
        """Hear no more."""
        if not self._closed:
            self._closed = True
            self.watch.close()
            if self._attention.done():
                self._leave()

    def _attend(self, acquired: "Future[attention.Attention]") -> None:
        if acquired.cancelled():
            return
        error = acquired.exception()
        if error is not None:
            logger.error("turns cannot be told: %s", place(error))
        elif self._closed:
            self._leave()
        else:
            acquired.result().join(self.watch)
            self.watch.attend(acquired.result().wake)

    def _leave(self) -> None:
        if not self._attention.cancelled() and self._attention.exception() is None:
            self._loop.run_in_executor(None, attention.release)

    # -- called in the hearing thread

    def began(self) -> None:
        """The user begins to speak."""
        self._pass(self._taker.began)

    def progress(self, turn: Turn) -> None:
        """The user goes on speaking."""
        self._pass(self._taker.progress, turn)

    def ended(self, turn: Turn) -> None:
        """The user paused after this."""
        self._pass(self._taker.ended, turn)

    def dropped(self) -> None:
        """What had begun was no speech."""
        self._pass(self._taker.dropped)

    def _pass(self, call: Callable[..., Any], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(self._unless_closed, call, *args)
        except RuntimeError:  # the loop is closed: the server has gone
            logger.debug("heard something after the end of the event loop")

    def _unless_closed(self, call: Callable[..., Any], *args: Any) -> None:
        if not self._closed:
            call(*args)
