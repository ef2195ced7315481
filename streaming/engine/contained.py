"""What a handler's coroutine may do to the server: raise exceptions. Knows asyncio and nothing of Parley.

In a task, SystemExit ends the event loop and with it everybody's session; and a cancellation that comes from inside, such as from
awaiting a task that was cancelled, would end the task that serves the session as if somebody had wanted that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

Args = TypeVarTuple("Args")
T = TypeVar("T")


def contained(function: Callable[[*Args], Awaitable[T]]) -> Callable[[*Args], Awaitable[T]]:
    """Return a coroutine function that does the same and raises nothing but exceptions; it is cancelled only by who runs it."""

    async def call(*args: *Args) -> T:
        try:
            return await function(*args)
        except (SystemExit, KeyboardInterrupt) as error:
            raise RuntimeError(f"the handler raised {type(error).__name__}").with_traceback(error.__traceback__) from None
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise RuntimeError("the handler was cancelled from inside").with_traceback(error.__traceback__) from None

    return call
