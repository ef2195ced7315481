"""Forwards the turns of a session from the VAD thread to the event loop. Costs nothing while the user is silent."""

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from streaming.aio.executors import VAD_LOADER_THREADS
from streaming.handlers.end_of_turn import EndOfTurnDecisions
from streaming.speech import vad_worker
from streaming.speech.end_of_turn import EndOfTurnModel
from streaming.speech.endpointing import TurnSpan
from streaming.speech.engines.base import RecogniserError
from streaming.speech.turn_detector import Turn, TurnDetector, TurnDetectorOptions

logger = logging.getLogger(__name__)


class TurnReceiver(Protocol):
    """Receives the turns of a session; called in the event loop."""

    def may_begin(self, possible: bool) -> None:
        """The user may have begun to speak; False: did not. Only if the options request it."""

    def began(self) -> None:
        """The user began to speak."""

    def progress(self, turn: Turn) -> None:
        """The user is still speaking; `turn` is the audio so far."""

    def may_have_ended(self, turn: Turn) -> None:
        """The user pauses, which may end `turn`; only while the detector reports pauses."""

    def ended(self, turn: Turn) -> None:
        """The user paused; `turn` is complete."""

    def dropped(self) -> None:
        """The turn was discarded, since it was no speech."""

    def vad_unavailable(self) -> None:
        """The VAD cannot be loaded: no turn will be detected."""


class TurnListener:
    """Detects the turns of one user. The VAD is loaded in a thread on first use; audio is queued until then.

    With `end_of_turn`, that model decides how long the pause at the end of a turn is; the options must request it (`asks_end`).
    """

    def __init__(self, receiver: TurnReceiver, options: TurnDetectorOptions, rate: int, end_of_turn: EndOfTurnModel | None = None) -> None:
        self._receiver = receiver
        self._loop = asyncio.get_running_loop()
        self.detector = TurnDetector(options, rate, self)
        self._decisions = EndOfTurnDecisions(end_of_turn, self.detector, options.pause_ms) if end_of_turn is not None else None
        self._lock = threading.Lock()
        self._closed = False
        self._acquired = False
        VAD_LOADER_THREADS.run(self._load)

    def close(self) -> None:
        """Stop turn detection; nothing is forwarded afterwards."""
        with self._lock:
            acquired, self._acquired = self._acquired, False
            self._closed = True
        self.detector.close()
        if self._decisions is not None:
            self._decisions.close()
        if acquired:
            VAD_LOADER_THREADS.run(vad_worker.release)

    def peek(self, take: Callable[[Turn], None]) -> None:
        """Call `take` with the open turn so far, in the event loop; never, if no turn is open then."""
        self.detector.peek(partial(self._forward, take))

    def _load(self) -> None:
        """Load the VAD and join its worker; called in a thread."""
        if self._closed:
            return
        try:
            shared = vad_worker.acquire()
        except RecogniserError as error:
            logger.error("turn detection is not available: %s", error)
            self._forward(self._receiver.vad_unavailable)
            return
        with self._lock:
            self._acquired = wanted = not self._closed
        if not wanted:
            vad_worker.release()
        else:
            shared.join(self.detector)
            self.detector.attend(shared.wake)

    # -- called in the VAD thread

    def may_begin(self, possible: bool) -> None:
        """The user may have begun to speak, or did not after all."""
        self._forward(self._receiver.may_begin, possible)

    def began(self) -> None:
        """The user began to speak."""
        self._forward(self._receiver.began)

    def progress(self, turn: Turn) -> None:
        """The user is still speaking; `turn` is the audio so far."""
        self._forward(self._receiver.progress, turn)

    def paused(self, turn: Turn, span: TurnSpan) -> None:
        """The user pauses, which may end the turn."""
        if self._decisions is not None:
            self._forward(self._decisions.decide, turn, span)
        if self.detector.reports_pauses:
            self._forward(self._receiver.may_have_ended, turn)

    def ended(self, turn: Turn) -> None:
        """The user paused; `turn` is complete."""
        self._forward(self._receiver.ended, turn)

    def dropped(self) -> None:
        """The turn was discarded, since it was no speech."""
        self._forward(self._receiver.dropped)

    def _forward(self, call: Callable[..., Any], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(self._unless_closed, call, *args)
        except RuntimeError:  # the loop is closed: the server has ended
            logger.debug("a turn was detected after the end of the event loop")

    def _unless_closed(self, call: Callable[..., Any], *args: Any) -> None:
        if not self._closed:
            call(*args)
