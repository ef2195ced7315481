"""A coroutine of a handler that exits, or is cancelled from inside: its session continues, and so does the server (design law 4)."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from streaming.aio.isolation import contained
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stream_handlers import AudioFrame
from tests.streaming.handlers.turns import SAID
from tests.streaming.sessions.connections import FRAME, RATE, Counting, Echo, Join, connection_of, handler_of, until


async def leave() -> None:
    """Exit, as some libraries do when a key is missing."""
    sys.exit(1)


async def give_up() -> None:
    """Await a cancelled future."""
    inner = asyncio.create_task(asyncio.sleep(10))
    inner.cancel()
    await inner


@pytest.mark.parametrize(("fault", "error_text"), [(leave, "SystemExit"), (give_up, "cancelled")])
@pytest.mark.parametrize("method", ["start_up", "receive", "emit", "shutdown"])
async def test_a_method(join: Join, method: str, fault: Any, error_text: str) -> None:
    """The client gets the error, the next frame is received, and the session ends normally."""

    class Faulty(Echo):
        failed = False

        async def start_up(self) -> None:
            await self.fail("start_up")

        async def receive(self, frame: AudioFrame) -> None:
            await self.fail("receive")
            await super().receive(frame)

        async def emit(self) -> Any:
            await self.fail("emit")
            return await super().emit()

        async def shutdown(self) -> None:
            await super().shutdown()
            await self.fail("shutdown")

        async def fail(self, where: str) -> None:
            if where == method and not self.failed:
                self.failed = True
                await fault()

    session = await join(Faulty())
    for _ in range(2):
        session.runner.push_audio(FRAME, RATE)
        await asyncio.sleep(0)
    assert await session.runner.next_audio() is not None
    if method != "shutdown":
        await until(lambda: connection_of(session).of("error"))
        assert error_text in connection_of(session).of("error")[0]
    await session.close("bye")
    assert Counting.shutdowns == 1
    assert not session._tasks


@pytest.mark.parametrize("fault", [leave, give_up])
async def test_a_reply(join: Join, fault: Any) -> None:
    """The next turn gets a reply."""
    turns: list[int] = []

    async def reply(audio: Any) -> AsyncIterator[Any]:
        turns.append(1)
        if len(turns) == 1:
            await fault()
        yield RATE, FRAME

    session = await join(ReplyOnPause(reply))
    handler_of(session).ended(SAID)
    await until(lambda: connection_of(session).of("error"))
    await until(lambda: not handler_of(session).busy)
    handler_of(session).ended(SAID)
    assert await session.runner.next_audio() is not None


async def test_the_caller_may_cancel_it() -> None:
    """A cancellation by the caller ends the coroutine at once."""
    entered = asyncio.Event()

    async def wait() -> None:
        entered.set()
        await asyncio.Event().wait()

    running = asyncio.ensure_future(contained(wait)())
    await entered.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
