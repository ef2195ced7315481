"""What a handler's coroutine may do to the server: raise exceptions. Knows asyncio and nothing of Parley.

In a task, SystemExit ends the event loop and with it everybody's session; and a cancellation that comes from inside, such as from
awaiting a task that was cancelled, would end the task that serves the session as if somebody had wanted that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

Args = TypeVarTuple("Args")
T = TypeVar("T")


LEAVES = (BaseException,)
"""What may leave a handler's coroutine: SystemExit, cancellations, and other things that are no exceptions, such as panics of Rust."""


def contained(function: Callable[[*Args], Awaitable[T]]) -> Callable[[*Args], Awaitable[T]]:
    """Return a coroutine function that does the same and raises nothing but exceptions; it is cancelled only by who runs it."""

    async def call(*args: *Args) -> T:
        try:
            return await function(*args)
        except Exception:
            raise
        except LEAVES as error:
            raise as_exception(error) from None

    return call


def as_exception(error: BaseException) -> Exception:
    """Return what left a handler's coroutine as an exception. Raises it where it comes from who runs the task, who cancelled it."""
    if isinstance(error, Exception):
        return error
    if isinstance(error, GeneratorExit):
        raise error
    if not isinstance(error, asyncio.CancelledError):
        return RuntimeError(f"the handler raised {type(error).__name__}").with_traceback(error.__traceback__)
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise error
    return RuntimeError("the handler was cancelled from inside").with_traceback(error.__traceback__)
