"""A line without a network, handlers that show one thing each, and sessions made of them."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from streaming.handlers.stream import Stream
from streaming.handlers.stream_handlers import AsyncStreamHandler, AudioFrame, StreamHandler
from streaming.sessions.handler_runner import StreamSession
from streaming.types.client_connection import Message, Pcm, TransportKind
from streaming.types.outputs import AdditionalOutputs
from streaming.types.session_end import End

RATE = 24_000
FRAME: Pcm = np.arange(RATE // 50, dtype=np.int16)
"""20 ms of recognisable sound."""


class FakeLine:
    """Notes what the engine asks for."""

    def __init__(self, kind: TransportKind = "websocket") -> None:
        self.kind: TransportKind = kind
        self.messages: list[Message] = []
        self.cleared = 0
        self.ends: list[End] = []
        self.reasons: list[str] = []

    def message(self, message: Message) -> None:
        """Note it."""
        self.messages.append(message)

    def clear(self) -> None:
        """Count it."""
        self.cleared += 1

    def hang_up(self, end: End, reason: str) -> None:
        """Note why."""
        self.ends.append(end)
        self.reasons.append(reason)

    def of(self, kind: str) -> list[Any]:
        """Return the data of all messages of one type."""
        return [message["data"] for message in self.messages if message["type"] == kind]


class Counting:
    """How many handlers began and were shut down; reset by the fixture that uses it."""

    shutdowns = 0


class Blocking(StreamHandler):
    """An echo as FastRTC's manual writes it: `emit` blocks until there is something."""

    def __init__(self) -> None:
        super().__init__("mono", RATE, input_sample_rate=RATE)
        self.queue: queue.Queue[Any] = queue.Queue()

    def copy(self) -> "Blocking":
        """Return one for another session."""
        return type(self)()

    def receive(self, frame: AudioFrame) -> None:
        """Keep the frame."""
        self.queue.put(frame)

    def emit(self) -> Any:
        """Wait for a frame."""
        return self.queue.get()

    def shutdown(self) -> None:
        """Count."""
        Counting.shutdowns += 1


class Echo(AsyncStreamHandler):
    """An echo of coroutines; whatever is put into its queue comes out."""

    def __init__(self) -> None:
        super().__init__("mono", RATE, input_sample_rate=RATE)
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.frames: list[AudioFrame] = []

    def copy(self) -> "Echo":
        """Return one for another session."""
        return type(self)()

    async def receive(self, frame: AudioFrame) -> None:
        """Keep the frame."""
        self.frames.append(frame)
        self.queue.put_nowait(frame)

    async def emit(self) -> Any:
        """Wait for something."""
        return await self.queue.get()

    async def shutdown(self) -> None:
        """Count."""
        Counting.shutdowns += 1


Join = Callable[..., Any]
"""await join(handler or stream, kind=..., id=..., owner=...) -> Participant with a FakeLine"""


def stream_of(handler: Any, **options: Any) -> Stream:
    """Return an audio stream of a handler."""
    return Stream(handler, **{"modality": "audio", "name": "tested", "concurrency_limit": None, **options})


def line_of(session: StreamSession) -> FakeLine:
    """Return a participant's line as what it is."""
    assert isinstance(session.connection, FakeLine)
    return session.connection


def handler_of(session: StreamSession) -> Any:
    """Return a participant's handler, whatever its type."""
    assert session.runner.handler is not None
    return session.runner.handler


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until a condition holds. Raises TimeoutError when it does not come to hold."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # whatever it is, it may change in a thread
            await asyncio.sleep(0.002)


_left_by_others: set[threading.Thread] = set()


def forget_threads() -> None:
    """Count only the threads of sessions that begin from now on; a handler of another test may be blocked for good."""
    _left_by_others.clear()
    _left_by_others.update(threading.enumerate())


def handler_threads() -> list[str]:
    """Return the names of the threads that this test's sessions have."""
    return [thread.name for thread in set(threading.enumerate()) - _left_by_others if thread.name.startswith("handler-")]


def numbers(session: StreamSession) -> list[Any]:
    """Return the first value of each output so far."""
    found, cursor = [], 0
    while (item := session.outputs.after(cursor)) is not None:
        cursor = item[0]
        found.append(item[1].args[0])
    return found


def outputs(*values: Any) -> list[AdditionalOutputs]:
    """Return an output for each value."""
    return [AdditionalOutputs(value) for value in values]
