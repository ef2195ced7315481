"""The thread that decodes encoded audio (FLAC, Opus), so that the bytes of one session cannot delay the VAD thread.

There is one such thread per process: a session is never decoded by two threads at a time, and hostile audio takes at most one core.
Tasks run round-robin, each for a bounded portion of work. The executor is independent of the audio formats.
"""

import logging
import threading
import time
from typing import Protocol

log = logging.getLogger(__name__)

_PAUSE_S = 0.0002
"""Pause between portions. It releases the GIL, so waiting threads do not need to wait for the switch interval of 5 ms."""


class DecodeTask(Protocol):
    """One session that has bytes to decode."""

    def decode_portion(self) -> float | None:
        """Do a bounded portion of the work, in the executor's thread.

        Return None if there is no more work, else the delay in seconds until the next call; 0 means after all waiting tasks.
        """


class DecodeExecutor:
    """Runs the submitted tasks round-robin in one thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ready: dict[DecodeTask, None] = {}  # in the order in which they run
        self._delayed: dict[DecodeTask, float] = {}  # monotonic time at which each may continue
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="audio-decoder", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, task: DecodeTask) -> None:
        """Queue a task; a delayed task keeps its delay. May be called from any thread; returns at once."""
        with self._changed:
            if not self._closed and task not in self._delayed:
                self._ready[task] = None
                self._changed.notify()

    def close(self) -> None:
        """Drop all tasks, stop the thread and wait for it."""
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
            del task  # a waiting thread must not keep a session alive

    def _next(self) -> DecodeTask | None:
        """Wait for the next task; return None once the executor is closed."""
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
    """Run one portion. Log an exception by its type only (its text may contain content) and drop the task."""
    try:
        return task.decode_portion()
    except Exception as error:
        log.error("decoding audio failed (%s)", type(error).__name__)
        return None
