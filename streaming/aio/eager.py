"""Coroutines without a task of their own: begun, and nearly always ended, where they are called.

To wake a task for a frame, fifty times a second and session, costs more than most of what is done with the frame: a handler's `receive`
puts it into a queue, a server's `send` writes it to a socket.
"""

import contextvars
import dis
import inspect
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import FunctionType, MethodType, coroutine
from typing import Any

_WAITS = "SEND"
"""What every `await`, `async for` and `async with` is compiled to (the standard library's `dis`, Python 3.11 and later)."""


def never_waits(function: Callable[..., Any]) -> bool:
    """Tell whether this is a coroutine function without any `await` in it, so that one step runs it to its end."""
    plain = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(plain, FunctionType) or not plain.__code__.co_flags & inspect.CO_COROUTINE:
        return False
    return all(step.opname != _WAITS for step in dis.get_instructions(plain))


def straight(function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., None]:
    """Return a plain function that runs this one, which `never_waits`, in the context of whoever asks now."""
    context = contextvars.copy_context()

    def call(*args: Any) -> None:
        try:
            context.run(function(*args).send, None)
        except StopIteration:
            return

    return call


def begin(work: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None] | None:
    """Run a coroutine until it first waits. None when it did not; otherwise its rest, for a task.

    Until then it may not ask which task it is in, as `asyncio.timeout` does: its rest has another one.
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
    """Do what `await work` would, beginning with what it waits for already."""
    while True:
        try:
            step = partial(work.send, (yield waits_for))
        except BaseException as error:  # whatever is thrown in is meant for the work
            step = partial(work.throw, error)
        try:
            waits_for = step()
        except StopIteration:
            return
