"""From the hearing thread into the event loop: a session's ear for turns. Nothing here runs while nobody speaks."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

from streaming.aio.executors import EARS
from streaming.speech import vad_worker
from streaming.speech.engines.base import RecogniserError
from streaming.speech.turn_detector import Turn, TurnDetector, TurnDetectorOptions

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

    def deaf(self) -> None:
        """Nothing will be heard: the pause detection cannot be loaded."""


class Ear:
    """Hears one user. The pause detection is loaded in a thread the first time; sound waits for it."""

    def __init__(self, taker: TurnTaker, options: TurnDetectorOptions, rate: int) -> None:
        self._taker = taker
        self._loop = asyncio.get_running_loop()
        self.watch = TurnDetector(options, rate, self)
        self._lock = threading.Lock()
        self._closed = False
        self._attends = False
        EARS.run(self._attend)

    def close(self) -> None:
        """Hear no more."""
        with self._lock:
            attends, self._attends = self._attends, False
            self._closed = True
        self.watch.close()
        if attends:
            EARS.run(vad_worker.release)

    def _attend(self) -> None:
        """Load the pause detection, in a thread."""
        if self._closed:
            return
        try:
            shared = vad_worker.acquire()
        except RecogniserError as error:
            logger.error("turns cannot be told: %s", error)
            self._pass(self._taker.deaf)
            return
        with self._lock:
            self._attends = wanted = not self._closed
        if not wanted:
            vad_worker.release()
        else:
            shared.join(self.watch)
            self.watch.attend(shared.wake)

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
