"""A client that interrupts repeatedly leaves a bounded number of blocked threads (design law 3), and is served when they end."""

import asyncio
import queue
import threading
from collections.abc import Iterator
from typing import Any

from streaming.aio.worker_thread import MOST_LEFT
from streaming.handlers.endpointing_options import InterruptionOptions
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stream import Stream
from streaming.sessions.handler_runner import GeneratorRunner
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.handlers.turns import SAID, respond
from tests.streaming.sessions.connections import Join, handler_of, handler_threads, numbers, until

OFTEN = 5 * MOST_LEFT
AT_ONCE = InterruptionOptions(min_interruption_duration=0, resume_false_interruption=False, join_turn_s=0)


async def test_replies(join: Join) -> None:
    """Each turn interrupts a function that blocks."""
    gate = threading.Event()
    begun: list[int] = []

    def blocked(audio: Any) -> Iterator[Any]:
        begun.append(1)
        gate.wait(60)
        yield AdditionalOutputs("late")

    session = await join(ReplyOnPause(blocked, interruption_options=AT_ONCE))
    for number in range(OFTEN):
        handler_of(session).began()
        handler_of(session).ended(SAID)
        await until(lambda: len(begun) > min(number, MOST_LEFT - 1))  # noqa: B023  # awaited right here
        await asyncio.sleep(0.01)  # time for one thread more than the limit
    await until(lambda: len(handler_threads()) <= MOST_LEFT + 1)
    gate.set()
    await until(lambda: numbers(session) == ["late"])
    assert len(begun) == MOST_LEFT + 1
    await until(lambda: len(handler_threads()) <= 1)


async def test_inputs(join: Join) -> None:
    """New inputs restart a generator that blocks."""
    gate = threading.Event()
    begun: list[int] = []

    def blocked(number: int) -> Iterator[Any]:
        begun.append(number)
        gate.wait(60)
        yield AdditionalOutputs(number)

    session = await join(Stream(blocked, modality="audio", mode="receive", name="blocked", concurrency_limit=None))
    assert isinstance(session._runner, GeneratorRunner)
    for number in range(OFTEN):
        session.set_input(number)
        await until(lambda: len(begun) > min(number, MOST_LEFT - 1))  # noqa: B023  # awaited right here
        await asyncio.sleep(0.01)  # time for one thread more than the limit
    await until(lambda: len(handler_threads()) <= MOST_LEFT + 1)
    gate.set()
    await until(lambda: numbers(session) == [OFTEN - 1])


async def test_an_own_emit(join: Join) -> None:
    """Each turn interrupts an `emit` that blocks in code other than the library's."""
    gate = threading.Event()
    asked: list[int] = []

    class Stubborn(ReplyOnPause):
        def emit(self) -> Any:
            asked.append(1)
            gate.wait(60)
            return None

    session = await join(Stubborn(respond, interruption_options=AT_ONCE))
    for number in range(OFTEN):
        handler_of(session)._due.set()
        handler_of(session).began()
        await until(lambda: len(asked) > min(number, MOST_LEFT - 1))  # noqa: B023  # awaited right here
        await asyncio.sleep(0.01)  # time for one thread more than the limit
    await until(lambda: len(handler_threads()) <= MOST_LEFT + 1)
    before = len(asked)
    gate.set()
    await until(lambda: len(asked) > before)
    assert len(asked) < OFTEN, "what nobody waits for any more is not begun"


async def test_the_end_of_a_session_releases_all_threads(join: Join) -> None:
    """The end also wakes the threads that were left during the session, each blocked in a queue of the handler."""

    class Queued(ReplyOnPause):
        def parley_begin_afresh(self) -> None:
            super().parley_begin_afresh()
            self.queue: queue.Queue[Any] = queue.Queue()
            self.asked = 0

        def emit(self) -> Any:
            self.asked += 1
            return self.queue.get()

    session = await join(Queued(respond, interruption_options=AT_ONCE))
    handler = handler_of(session)
    for number in range(MOST_LEFT):
        await until(lambda: handler.asked > number)  # noqa: B023  # awaited right here
        handler._due.set()
        handler.began()
    await until(lambda: len(handler_threads()) > MOST_LEFT)
    await session.close("bye")
    await until(lambda: not handler_threads())
