"""The components of a stream's page: what they give to its handler, and what they show of its outputs."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

from streaming.aio.executors import COMPONENT_THREADS
from streaming.aio.isolation import contained
from streaming.aio.worker_thread import WorkerThread
from streaming.components import UNCHANGED, Component, components_of, from_page, new_values
from streaming.handlers.handler_types import is_async

HANDLER_S = 15.0
"""Seconds that an `additional_outputs_handler` may take for one output."""


class StreamComponents:
    """Base of `Stream`: its components on a page that Parley serves."""

    additional_input_components: list[Any] | None
    """The components of Gradio, or objects of their kind, that are the inputs of the page."""
    additional_output_components: list[Any] | None
    """Those that show the outputs."""
    additional_outputs_handler: Callable[..., Any] | None
    """A function of the current values of the output components and the values of an output; it returns the new values."""

    @cached_property
    def components(self) -> list[Component]:
        """The components of the page, each once; those that are inputs come first."""
        return components_of(self.additional_input_components, self.additional_output_components)

    @property
    def output_components(self) -> list[Component]:
        """The components that show outputs, in the order in which `additional_outputs_handler` has them."""
        return [next(one for one in self.components if one.source is source) for source in self.additional_output_components or ()]

    def component_inputs(self, values: Sequence[Any]) -> list[Any]:
        """Return the handler's inputs for the values of the page's inputs. Takes time where they are pictures or audio.

        Raises ComponentError, and ValueError for another number of values.
        """
        inputs = [one for one in self.components if one.is_input]
        if len(values) != len(inputs):
            raise ValueError(f"inputs: {len(inputs)} values are needed, not {len(values)}")
        return _from_page(inputs, values)

    async def component_outputs(self, values: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
        """Return what the output components show after an output, for what they show now; both in JSON types.

        Calls `additional_outputs_handler`, in a thread of its own if it is no coroutine function. Raises what it raises, TimeoutError,
        HandlerResult or ComponentError for what it returns, ValueError for another number of values.
        """
        shown, handler = self.output_components, self.additional_outputs_handler
        if len(values) != len(shown) or handler is None:
            raise ValueError(f"outputs: {len(shown)} values are needed, not {len(values)}")
        current = await COMPONENT_THREADS.run(_from_page, shown, values)
        async with asyncio.timeout(HANDLER_S):
            result = await _call(handler, (*current, *outputs))
        found = await COMPONENT_THREADS.run(new_values, shown, result)
        return [old if new is UNCHANGED else new for old, new in zip(values, found, strict=True)]


def _from_page(components: Sequence[Component], values: Sequence[Any]) -> list[Any]:
    return [from_page(one, value) for one, value in zip(components, values, strict=True)]


async def _call(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call a developer's function; in a thread, unless it is a coroutine function."""
    if is_async(function):
        return await contained(function)(*args)
    thread = WorkerThread("outputs-handler")
    try:
        result = await contained(thread.run)(partial(function, *args))
        return await result if inspect.isawaitable(result) else result
    finally:
        thread.close()
