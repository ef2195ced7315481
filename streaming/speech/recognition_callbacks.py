"""The way back to the listener: one call at a time, none after `silence`, and no exception of the listener's harms the threads."""

import logging
import threading
from collections.abc import Callable
from typing import ParamSpec

from streaming.audio.codecs import AudioError
from streaming.speech.engines.base import LOW_WATER_S, Hypothesis, Listener

log = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")


class RecognitionCallbacks:
    """Wraps the listener of one recognition; itself a listener. Any thread may call it.

    `lock` is held during each call; a recognition uses the same one for its own state, so that no two locks can meet crosswise.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.lock = threading.RLock()
        self._silent = self._finished = self._above = False

    def _call(self, method: Callable[Arguments, None], *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        with self.lock:
            if self._silent or self._finished:
                return
            try:
                method(*args, **kwargs)
            except Exception as error:  # the message may hold what was said: only its type is logged
                log.error("hearing: a listener failed in %s (%s)", method.__name__, type(error).__name__)

    def hypothesis(self, h: Hypothesis) -> None:
        self._call(self._listener.hypothesis, h)

    def speech_started(self, at: float) -> None:
        self._call(self._listener.speech_started, at)

    def trouble(self, error: AudioError) -> None:
        self._call(self._listener.trouble, error)

    def drained(self) -> None:
        self._call(self._listener.drained)

    def finished(self) -> None:
        """Tell it once; nothing is called after it."""
        with self.lock:
            self._call(self._listener.finished)
            self._finished = True

    def silence(self) -> None:
        """Call nothing any more; a call that is under way in another thread has ended when this returns."""
        with self.lock:
            self._silent = True

    @property
    def over(self) -> bool:
        """Tell whether nothing will be called any more."""
        return self._silent or self._finished

    def water(self, backlog: float) -> None:
        """Take note of the backlog in seconds; calls `drained` when it has fallen below the mark."""
        if backlog > LOW_WATER_S:
            self._above = True
        elif self._above:
            self._above = False
            self.drained()
