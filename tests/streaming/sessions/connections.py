"""A client connection without a network, handlers with one behaviour each, and sessions that use them."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from streaming.handlers.stream import Stream
from streaming.handlers.stream_handlers import AsyncStreamHandler, AudioFrame, StreamHandler
from streaming.protocols.json_message import JsonMessage
from streaming.sessions.handler_runner import StreamSession
from streaming.types.client_connection import Pcm, TransportKind
from streaming.types.outputs import AdditionalOutputs
from streaming.types.session_end import End

RATE = 24_000
FRAME: Pcm = np.arange(RATE // 50, dtype=np.int16)
"""20 ms of recognisable audio."""


class FakeConnection:
    """Records the calls of a session."""

    def __init__(self, kind: TransportKind = "websocket") -> None:
        self.kind: TransportKind = kind
        self.messages: list[JsonMessage] = []
        self.cleared = 0
        self.ends: list[End] = []
        self.reasons: list[str] = []

    def message(self, message: JsonMessage) -> None:
        """Record the message."""
        self.messages.append(message)

    def clear(self) -> None:
        """Count the call."""
        self.cleared += 1

    def play_on(self) -> None:
        """Do nothing."""

    def take_back(self) -> float:
        """Give back nothing: everything was played."""
        return 0.0

    def hang_up(self, end: End, reason: str) -> None:
        """Record the end and its reason."""
        self.ends.append(end)
        self.reasons.append(reason)

    def of(self, kind: str) -> list[Any]:
        """Return the data of all messages of one type."""
        return [message["data"] for message in self.messages if message["type"] == kind]


class Counting:
    """The number of handlers that were shut down; the fixture that uses it resets it."""

    shutdowns = 0


class Blocking(StreamHandler):
    """An echo as FastRTC's manual writes it: `emit` blocks until a frame arrives."""

    def __init__(self) -> None:
        super().__init__("mono", RATE, input_sample_rate=RATE)
        self.queue: queue.Queue[Any] = queue.Queue()

    def copy(self) -> "Blocking":
        """Return a handler for another session."""
        return type(self)()

    def receive(self, frame: AudioFrame) -> None:
        """Keep the frame."""
        self.queue.put(frame)

    def emit(self) -> Any:
        """Wait for a frame."""
        return self.queue.get()

    def shutdown(self) -> None:
        """Count the call."""
        Counting.shutdowns += 1


class Echo(AsyncStreamHandler):
    """An echo of coroutines; it emits every item of its queue."""

    def __init__(self) -> None:
        super().__init__("mono", RATE, input_sample_rate=RATE)
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.frames: list[AudioFrame] = []

    def copy(self) -> "Echo":
        """Return a handler for another session."""
        return type(self)()

    async def receive(self, frame: AudioFrame) -> None:
        """Keep the frame."""
        self.frames.append(frame)
        self.queue.put_nowait(frame)

    async def emit(self) -> Any:
        """Wait for an item."""
        return await self.queue.get()

    async def shutdown(self) -> None:
        """Count the call."""
        Counting.shutdowns += 1


Join = Callable[..., Any]
"""await join(handler or stream, kind=..., id=..., owner=...) -> session with a FakeConnection"""


def stream_of(handler: Any, **options: Any) -> Stream:
    """Return an audio stream of a handler."""
    return Stream(handler, **{"modality": "audio", "name": "tested", "concurrency_limit": None, **options})


def connection_of(session: StreamSession) -> FakeConnection:
    """Return the fake connection of a session."""
    assert isinstance(session.connection, FakeConnection)
    return session.connection


def handler_of(session: StreamSession) -> Any:
    """Return the handler of a session, whatever its type."""
    assert session.runner.handler is not None
    return session.runner.handler


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until a condition holds. Raises TimeoutError when it does not hold in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # the condition may change in a thread
            await asyncio.sleep(0.002)


_left_by_others: set[threading.Thread] = set()


def forget_threads() -> None:
    """Count only the threads of sessions that begin after this call; a handler of another test may be blocked for good."""
    _left_by_others.clear()
    _left_by_others.update(threading.enumerate())


def handler_threads() -> list[str]:
    """Return the names of the threads of this test's sessions."""
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
