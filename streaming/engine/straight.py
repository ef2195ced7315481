"""Coroutine functions that never wait: they can be called where a frame comes, without waking a task for it.

Most handlers' `receive` puts its frame into a queue and is done. A task that is woken for that, fifty times a second and session, costs
more than what it does.
"""

import contextvars
import dis
import inspect
from collections.abc import Callable, Coroutine
from types import FunctionType, MethodType
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
