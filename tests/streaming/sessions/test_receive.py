"""How frames reach a handler's `receive`: in order, from the start on, whatever it raises."""

import asyncio
from typing import Any

import numpy as np

from streaming.handlers.context import get_current_context
from streaming.handlers.in_loop import InLoopHandler
from streaming.handlers.stream_handlers import AsyncStreamHandler, AudioFrame, StreamHandler, StreamHandlerBase
from tests.streaming.sessions.lines import FRAME, RATE, Echo, Join, handler_of, line_of, until


class Made(Echo):
    """Makes its list only when the session starts, and notes frames in it."""

    async def start_up(self) -> None:
        """Make the list, then take some time."""
        self.got: list[int] = []
        self.ids: set[str] = set()
        await asyncio.sleep(0.05)

    async def receive(self, frame: AudioFrame) -> None:
        """Note the frame's first sample, and whose session it is; fail for some."""
        first = int(frame[1].flat[0])
        self.got.append(first)
        self.ids.add(get_current_context().webrtc_id)
        if first == 3:
            raise ValueError("three is too many")
        if first == 4:
            raise SystemExit


async def test_frames_that_come_with_the_start(join: Join) -> None:
    """They are received in order, after `start_up` has begun; an error is sent to the client, and the next frame is received."""
    session = await join(Made(), id="mine")
    for number in range(3):
        session.runner.push_audio(np.full_like(FRAME, number), RATE)
    handler = handler_of(session)
    await until(lambda: len(getattr(handler, "got", ())) == 3)
    for number in range(3, 6):
        session.runner.push_audio(np.full_like(FRAME, number), RATE)
    await until(lambda: handler.got == [0, 1, 2, 3, 4, 5])
    assert handler.ids == {"mine"}
    assert line_of(session).of("error") == ["three is too many", "the handler raised SystemExit"]
    await session.close("enough")
    session.runner.push_audio(FRAME, RATE)
    assert len(handler.got) == 6


class AtOnce(InLoopHandler, Echo):
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
    """The method that the handler has when a frame comes gets it."""
    session = await join(AtOnce())
    handler = handler_of(session)
    session.runner.push_audio(FRAME, RATE)
    others: list[AudioFrame] = []
    handler.receive = others.append
    session.runner.push_audio(FRAME, RATE)
    assert (len(handler.frames), len(others)) == (1, 1)


def test_public_base_classes_have_no_hook_for_an_optimisation() -> None:
    """Only our own handlers are called in the event loop without a thread."""
    hooks = {name for name in vars(InLoopHandler) if name.startswith("parley")}
    assert hooks
    for base in (StreamHandlerBase, StreamHandler, AsyncStreamHandler):
        assert not hooks & set(dir(base))
