"""The thread that decodes encoded audio (FLAC, Opus), so that no session's bytes can delay the pause detection of others.

One thread for the process: a session is never decoded by two at a time, and hostile audio can take one core at most. Sessions take
turns; each turn is a bounded portion of work. Knows nothing of audio.
"""

import logging
import threading
import time
from typing import Protocol

log = logging.getLogger(__name__)

_PAUSE_S = 0.0002
"""Between portions, so that a thread that waits for the interpreter's lock gets it, and not only after the switch interval of 5 ms."""


class DecodeTask(Protocol):
    """One session that has bytes to decode."""

    def decode_portion(self) -> float | None:
        """Do a bounded portion of the work, in the executor's thread.

        Return None when there is no more to do, else the seconds after which to be called again: 0 for behind all others that wait.
        """


class DecodeExecutor:
    """Calls the tasks that were submitted, in turn."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ready: dict[DecodeTask, None] = {}  # in the order of their turns
        self._delayed: dict[DecodeTask, float] = {}  # when they may go on, by the monotonic clock
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="audio-decoder", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, task: DecodeTask) -> None:
        """Have a task called in its turn, or when its delay is over. Any thread; returns at once."""
        with self._changed:
            if not self._closed and task not in self._delayed:
                self._ready[task] = None
                self._changed.notify()

    def close(self) -> None:
        """Forget the tasks, end the thread and wait for it."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._delayed.clear()
            self._changed.notify()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    # -- the executor's thread

    def _run(self) -> None:
        while (task := self._next()) is not None:
            wait_s = _portion(task)
            if wait_s is not None:
                with self._changed:
                    if not self._closed and wait_s > 0:
                        self._ready.pop(task, None)
                        self._delayed[task] = time.monotonic() + wait_s
                    elif not self._closed:
                        self._ready[task] = None
            if wait_s is not None:
                time.sleep(_PAUSE_S)
            del task  # a thread that waits keeps no session alive

    def _next(self) -> DecodeTask | None:
        """Wait for the next task; None when the executor was closed."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for task in [task for task, due in self._delayed.items() if due <= now]:
                    del self._delayed[task]
                    self._ready[task] = None
                if self._ready:
                    first = next(iter(self._ready))
                    del self._ready[first]
                    return first
                self._changed.wait(min(self._delayed.values()) - now if self._delayed else None)
        return None


def _portion(task: DecodeTask) -> float | None:
    """Do one portion; a failure is logged by type, never by its text, and is nobody else's."""
    try:
        return task.decode_portion()
    except Exception as error:
        log.error("hearing: decoding failed (%s)", type(error).__name__)
        return None
