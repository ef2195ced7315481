"""Calls the listener of a recognition: one call at a time, none after `disable`. Exceptions of the listener are caught and logged."""

import logging
import threading
from collections.abc import Callable
from typing import ParamSpec

from streaming.audio.codecs import AudioError
from streaming.speech.engines.base import LOW_WATER_S, Hypothesis, Listener

log = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")


class RecognitionCallbacks:
    """Wraps the listener of one recognition and implements the same protocol. May be called from any thread.

    `lock` is held during each call; the recognition uses the same lock for its own state, so two locks cannot deadlock.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.lock = threading.RLock()
        self._disabled = self._finished = self._above_low_water = False

    def _call(self, method: Callable[Arguments, None], *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        with self.lock:
            if self._disabled or self._finished:
                return
            try:
                method(*args, **kwargs)
            except Exception as error:  # the message may contain spoken words: only its type is logged
                log.error("a recognition listener failed in %s (%s)", method.__name__, type(error).__name__)

    def hypothesis(self, h: Hypothesis) -> None:
        self._call(self._listener.hypothesis, h)

    def speech_started(self, at: float) -> None:
        self._call(self._listener.speech_started, at)

    def trouble(self, error: AudioError) -> None:
        self._call(self._listener.trouble, error)

    def drained(self) -> None:
        self._call(self._listener.drained)

    def finished(self) -> None:
        """Call `finished` once; nothing is called after it."""
        with self.lock:
            self._call(self._listener.finished)
            self._finished = True

    def disable(self) -> None:
        """Make no more calls; a call in progress in another thread has ended when this returns."""
        with self.lock:
            self._disabled = True

    @property
    def over(self) -> bool:
        """Whether no more calls will be made."""
        return self._disabled or self._finished

    def update_backlog(self, backlog: float) -> None:
        """Record the backlog in seconds; call `drained` when it has fallen to `LOW_WATER_S` or less."""
        if backlog > LOW_WATER_S:
            self._above_low_water = True
        elif self._above_low_water:
            self._above_low_water = False
            self.drained()
