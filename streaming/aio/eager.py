"""Run a coroutine inline up to its first suspension, without a task.

Waking a task for each frame, 50 times a second per session, costs more than most of the work on the frame: a handler's `receive` puts it
into a queue, a server's `send` writes it to a socket.
"""

import contextvars
import dis
import inspect
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import FunctionType, MethodType, coroutine
from typing import Any

_AWAIT_OPCODE = "SEND"
"""The bytecode instruction of every `await`, `async for` and `async with` (module `dis`, Python 3.11 and later)."""


def has_no_await(function: Callable[..., Any]) -> bool:
    """Return whether this is a coroutine function without any `await`, so that one step runs it to its end."""
    plain = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(plain, FunctionType) or not plain.__code__.co_flags & inspect.CO_COROUTINE:
        return False
    return all(step.opname != _AWAIT_OPCODE for step in dis.get_instructions(plain))


def run_inline(function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., None]:
    """Return a plain function that runs a coroutine function without `await`, in a copy of the current context."""
    context = contextvars.copy_context()

    def call(*args: Any) -> None:
        try:
            context.run(function(*args).send, None)
        except StopIteration:
            return

    return call


def begin(work: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None] | None:
    """Run a coroutine to its first suspension. Return None if it finished, otherwise a coroutine with the rest, to be run as a task.

    Before its first suspension it must not use the current task, as `asyncio.timeout` does: the rest runs in another one.
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return _rest(work, waits_for)


async def _rest(work: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _steps(work, waits_for)


@coroutine
def _steps(work: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Do what `await work` would, starting with the awaitable that it is already suspended on."""
    while True:
        try:
            step = partial(work.send, (yield waits_for))
        except BaseException as error:  # passed on to the coroutine
            step = partial(work.throw, error)
        try:
            waits_for = step()
        except StopIteration:
            return
