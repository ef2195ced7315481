"""Frames reach a handler's `receive` in order, from the start on, whatever it raises."""

import asyncio
import threading
import time
from typing import Any

import numpy as np

from streaming.handlers.connection_mixin import WAITING_FRAMES as HANDLER_FRAMES
from streaming.handlers.connection_mixin import FunctionHandler
from streaming.handlers.context import get_current_context
from streaming.handlers.stream_handlers import AsyncStreamHandler, AudioFrame, InLoopHandler, StreamHandler, StreamHandlerBase
from streaming.sessions.handler_runner import THE_REST_S, WAITING_FRAMES
from tests.streaming.sessions.connections import FRAME, RATE, Echo, Join, connection_of, handler_of, until


class ListAtStart(Echo):
    """Creates its list when the session starts, and appends frames to it."""

    async def start_up(self) -> None:
        """Create the list, then wait."""
        self.got: list[int] = []
        self.ids: set[str] = set()
        await asyncio.sleep(0.05)

    async def receive(self, frame: AudioFrame) -> None:
        """Append the frame's first sample and the id of its session; raise for some samples."""
        first = int(frame[1].flat[0])
        self.got.append(first)
        self.ids.add(get_current_context().webrtc_id)
        if first == 3:
            raise ValueError("three is too many")
        if first == 4:
            raise SystemExit


async def test_frames_that_arrive_during_the_start(join: Join) -> None:
    """They are received in order after `start_up` has begun; an error is sent to the client, and the next frame is received."""
    session = await join(ListAtStart(), id="mine")
    for number in range(3):
        session.runner.push_audio(np.full_like(FRAME, number), RATE)
    handler = handler_of(session)
    await until(lambda: len(getattr(handler, "got", ())) == 3)
    for number in range(3, 6):
        session.runner.push_audio(np.full_like(FRAME, number), RATE)
    await until(lambda: handler.got == [0, 1, 2, 3, 4, 5])
    assert handler.ids == {"mine"}
    assert connection_of(session).of("error") == ["three is too many", "the handler raised SystemExit"]
    await session.close("enough")
    session.runner.push_audio(FRAME, RATE)
    assert len(handler.got) == 6


class InEventLoop(InLoopHandler, Echo):
    """Receives in the event loop, as ReplyOnPause does."""

    parley_receives_at_once = True
    parley_backlog_s = 0.0

    def parley_emitter(self) -> Any:
        """Return the plain `emit`."""
        return self.emit

    def receive(self, frame: AudioFrame) -> None:  # type: ignore[override]
        """Keep the frame."""
        self.frames.append(frame)


async def test_receive_may_be_replaced(join: Join) -> None:
    """Each frame goes to the `receive` that the handler has at that moment."""
    session = await join(InEventLoop())
    handler = handler_of(session)
    session.runner.push_audio(FRAME, RATE)
    others: list[AudioFrame] = []
    handler.receive = others.append
    session.runner.push_audio(FRAME, RATE)
    assert (len(handler.frames), len(others)) == (1, 1)


async def test_a_function_that_is_slower_than_the_audio(join: Join) -> None:
    """The oldest frames that wait for it are dropped beyond a limit, with a warning; what waits is left out at the end."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(frame: AudioFrame) -> AudioFrame:
        begun.set()
        go_on.wait()
        return frame

    session = await join(FunctionHandler(slow))
    session.runner.push_audio(FRAME, RATE)
    await until(begun.is_set)
    for _ in range(WAITING_FRAMES):
        session.runner.push_audio(FRAME, RATE)
    handler = handler_of(session)
    await until(lambda: handler._frames.full())
    assert connection_of(session).of("warning") == []
    for _ in range(2 * HANDLER_FRAMES):
        session.runner.push_audio(FRAME, RATE)
    assert connection_of(session).of("warning") == ["this stream processes audio more slowly than it arrives; some was dropped"]
    assert handler._frames.qsize() == HANDLER_FRAMES
    go_on.set()


async def test_the_end_of_a_function_that_hangs(join: Join) -> None:
    """Its full queue delays neither the end of the session nor the thread that receives."""
    go_on = threading.Event()
    session = await join(FunctionHandler(lambda frame: (go_on.wait(), frame)[1]))
    for _ in range(3 * HANDLER_FRAMES):
        session.runner.push_audio(FRAME, RATE)
    handler = handler_of(session)
    await until(lambda: handler._frames.full())
    began = time.monotonic()
    await session.close("enough")
    took = time.monotonic() - began
    go_on.set()
    assert took < THE_REST_S + 2.5


def test_no_frame_waits_for_a_function_after_the_end() -> None:
    """The thread that receives goes on, also with the frames that were queued for it."""
    handler = FunctionHandler(lambda frame: frame)
    frame = (RATE, FRAME)
    received = []

    def receive() -> None:
        for number in range(3 * HANDLER_FRAMES):
            handler.receive(frame)
            received.append(number)

    thread = threading.Thread(target=receive, daemon=True)
    thread.start()
    while len(received) < HANDLER_FRAMES:
        time.sleep(0.01)
    handler.shutdown()
    thread.join(5)
    assert len(received) == 3 * HANDLER_FRAMES


def test_subclasses_of_public_classes_receive_in_a_thread() -> None:
    """Only our own handlers are called in the event loop without a thread."""
    hooks = {name for name in vars(InLoopHandler) if name.startswith("parley")}
    assert hooks
    for base in (StreamHandlerBase, StreamHandler, AsyncStreamHandler):
        assert not hooks & set(dir(base))
