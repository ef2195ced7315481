"""Executors for Parley's own blocking work, separate from asyncio's default executor.

Handlers that call `asyncio.to_thread` use the default executor, which by default has six threads on two cores: six blocked calls would stop
the audio of all sessions. Each kind of our own work therefore has its own executor and never waits behind another kind. Developers' code
and slow services do not run here: they use the default executor, and handler methods use `worker_thread.py`.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple
from weakref import WeakSet

from django.conf import settings

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

_DEFAULT_THREADS = min(32, (os.cpu_count() or 1) + 4)
"""As many as asyncio's default. Fewer add latency: beside a busy event loop a thread waits some milliseconds for the GIL."""


class Threads:
    """A named executor with at most `most` threads, each started when it is first needed."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._pool = self._new_pool()
        _all.append(self)

    def run(self, work: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run work in a thread, outside of the caller's context; return its future. Cancelling it does not stop work that has started.

        It does what `run_in_executor` does, without the second future and the callbacks between both, which cost more CPU than encoding
        20 ms of audio.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pool.submit(_run, future, work, args)
        return future

    def start(self, work: Callable[[*Ts], object], *args: *Ts) -> None:
        """Run work in a thread. It handles its own errors, and nobody waits for it. Any thread."""
        self._pool.submit(work, *args)

    def close(self) -> None:
        """End the threads after all queued work; the next use starts new ones."""
        pool, self._pool = self._pool, self._new_pool()
        pool.shutdown(wait=True)

    def _new_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._most, thread_name_prefix=self._name)


def _run(future: asyncio.Future[T], work: Callable[..., T], args: tuple[Any, ...]) -> None:
    """Run work, and set its result in the event loop of its future."""
    if future.cancelled():
        return
    result, error = None, None
    try:
        result = work(*args)
    except BaseException as raised:
        error = raised
    with suppress(RuntimeError):  # the loop is closed: no caller waits any more
        future.get_loop().call_soon_threadsafe(_settle, future, result, error)


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


_all: list[Threads] = []

AUDIO_THREADS = Threads("audio", _DEFAULT_THREADS)
"""Encodes the audio of each session every 20 ms."""
VIDEO_THREADS = Threads("video", _DEFAULT_THREADS)
"""Converts video frames to arrays and encodes them, some milliseconds each."""
VAD_LOADER_THREADS = Threads("vad-loader", 1)
"""Loads and unloads the VAD, which has one lock anyway."""
DIARIZATION_THREADS = Threads("diarization", max(1, (os.cpu_count() or 1) // 2))
"""Computes voices, some hundredths of a second of CPU for each turn; at most half of the processors, so that words come first."""
TRACKER_THREADS = Threads("trackers", 2)
"""Searches interim results for trackers and insights."""
STT_THREADS = Threads("stt", 4)
"""Waits for the recogniser, for handlers that transcribe whole recordings."""
COMPONENT_THREADS = Threads("components", 2)
"""Converts pictures, audio and other values of the components of a stream's page."""
AUDIO_STORAGE_THREADS = Threads("audio-storage", 2)
"""Copies recorded audio to the storage, which may be a slow service."""
TTS_THREADS = Threads("tts", 4)
"""Synthesises speech."""


_enlarged: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


def make_room() -> None:
    """Give asyncio's default executor one thread for each possible session, beside its usual number.

    Django renders and logs its error responses there and asyncio resolves host names there, which cannot be moved elsewhere: six blocked
    handler calls would leave every 404 unanswered. Idle threads are reused before a new one is started.
    """
    loop = asyncio.get_running_loop()
    if loop not in _enlarged:
        _enlarged.add(loop)
        loop.set_default_executor(ThreadPoolExecutor(settings.SESSION_LIMIT + _DEFAULT_THREADS, thread_name_prefix="asyncio"))


def close_threads() -> None:
    """End the threads of all executors, at the end of a test or a server."""
    for threads in _all:
        threads.close()
