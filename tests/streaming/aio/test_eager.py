"""Handlers whose `receive` never waits: it runs where a frame comes, and nothing else about it differs."""

import asyncio
import functools
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from streaming.aio.eager import begin, has_no_await, run_inline
from streaming.handlers.context import get_current_context
from streaming.handlers.stream_handlers import AudioFrame
from tests.streaming.sessions.lines import FRAME, RATE, Echo, Join, handler_of, line_of, until


class Methods:
    """Coroutine functions, and what only looks like one that never waits."""

    async def puts(self, frame: Any) -> None:
        """Never wait."""
        asyncio.Queue[Any]().put_nowait(frame)

    async def makes_one_that_waits(self, frame: Any) -> Any:
        """Never wait, though what it makes would."""

        async def later() -> None:
            await asyncio.sleep(0)

        return later

    async def waits(self, frame: Any) -> None:
        """Wait."""
        await asyncio.sleep(0)

    async def locks(self, frame: Any) -> None:
        """Wait to enter."""
        async with asyncio.Lock():
            return

    async def follows(self, frame: Any) -> list[Any]:
        """Wait for each."""
        return [part async for part in frame]

    async def iterates(self, frame: Any) -> None:
        """Wait for each, in a loop."""
        async for _ in frame:
            return

    async def generates(self, frame: Any) -> AsyncIterator[Any]:
        """No coroutine function."""
        yield frame

    def blocks(self, frame: Any) -> None:
        """No coroutine function either."""

    @functools.wraps(puts)
    async def wrapped(self, frame: Any) -> None:
        """Look like `puts` to who asks for what is inside."""
        await self.puts(frame)

    async def __call__(self, frame: Any) -> None:
        """Never wait; but an object may be anything."""


def test_which_ones_never_wait() -> None:
    """Only what is seen to; whoever is in doubt gets a task."""
    it = Methods()
    assert [has_no_await(call) for call in (it.puts, Methods.puts, it.makes_one_that_waits)] == [True] * 3
    others = [it.waits, it.locks, it.follows, it.iterates, it.generates, it.blocks, it.wrapped, it, functools.partial(it.puts, 1), print]
    assert [has_no_await(call) for call in others] == [False] * len(others)


async def test_it_runs_at_once() -> None:
    """When the call returns it has run to its end; what it raises comes out."""
    queue: asyncio.Queue[int] = asyncio.Queue(1)

    async def put(number: int) -> None:
        queue.put_nowait(number)

    call = run_inline(put)
    call(1)
    assert queue.qsize() == 1
    with pytest.raises(asyncio.QueueFull):
        call(2)


async def test_a_coroutine_that_waits_goes_on_in_a_task() -> None:
    """What it waits for comes to it, as a value or as an exception; one that waits for nothing is over at once."""
    first, second = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().create_future()
    done: list[Any] = []

    async def work() -> None:
        done.append(await first)
        try:
            await second
        except ValueError as error:
            done.append(str(error))

    rest = begin(work())
    assert rest is not None
    task = asyncio.create_task(rest)
    first.set_result("one")
    await asyncio.sleep(0)
    second.set_exception(ValueError("two"))
    await task
    assert done == ["one", "two"]
    first = asyncio.get_running_loop().create_future()
    first.set_result("at once")
    second = first
    assert begin(work()) is None
    assert done[-1] == "at once"


async def test_the_rest_can_be_cancelled() -> None:
    """As any task; the coroutine's `finally` is run."""
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    rest = begin(work())
    assert rest is not None
    task = asyncio.create_task(rest)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


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
    """They are received in order, after `start_up` has begun; a failing one is told to the client and takes nobody along."""
    session = await join(Made(), id="mine")
    for number in range(3):
        session.runner.push_audio(np.full_like(FRAME, number), RATE)
    handler = handler_of(session)
    await until(lambda: len(getattr(handler, "got", ())) == 3)
    for number in range(3, 6):
        session.runner.push_audio(np.full_like(FRAME, number), RATE)
    assert handler.got == [0, 1, 2, 3, 4, 5]
    assert handler.ids == {"mine"}
    assert line_of(session).of("error") == ["three is too many", "the handler raised SystemExit"]
    await session.close("enough")
    session.runner.push_audio(FRAME, RATE)
    assert len(handler.got) == 6


class AtOnce(Echo):
    """Receives in the call, as ReplyOnPause does."""

    parley_receives_at_once = True

    def receive(self, frame: AudioFrame) -> None:  # type: ignore[override]
        """Keep the frame."""
        self.frames.append(frame)


async def test_receive_may_be_replaced(join: Join) -> None:
    """Whatever stands there when a frame comes gets it."""
    session = await join(AtOnce())
    handler = handler_of(session)
    session.runner.push_audio(FRAME, RATE)
    others: list[AudioFrame] = []
    handler.receive = others.append
    session.runner.push_audio(FRAME, RATE)
    assert (len(handler.frames), len(others)) == (1, 1)
