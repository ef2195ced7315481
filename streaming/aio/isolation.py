"""Isolation of handler coroutines: everything that they raise becomes an Exception.

In a task, SystemExit would end the event loop and with it all sessions. A cancellation from inside, such as from awaiting a cancelled
task, would end the task that serves the session.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

Args = TypeVarTuple("Args")
T = TypeVar("T")


ANY_ERROR = (BaseException,)
"""What a handler's coroutine may raise: also SystemExit, cancellations, and others that are not Exceptions, such as panics of Rust."""


def contained(function: Callable[[*Args], Awaitable[T]]) -> Callable[[*Args], Awaitable[T]]:
    """Return a coroutine function that does the same but raises Exceptions only; CancelledError only if its own task is cancelled."""

    async def call(*args: *Args) -> T:
        try:
            return await function(*args)
        except Exception:
            raise
        except ANY_ERROR as error:
            raise as_exception(error) from None

    return call


def as_exception(error: BaseException) -> Exception:
    """Return what a handler's coroutine raised as an Exception; raise it if it is GeneratorExit or the current task is being cancelled."""
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
