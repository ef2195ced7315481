"""The program's `additional_outputs_handler`: from the current values of the output components and an output to the new values."""

from collections.abc import Mapping, Sequence
from typing import Any

from streaming.components.component import Component
from streaming.components.component_values import UNCHANGED, to_page


class HandlerResult(ValueError):
    """What a handler returned does not fit the components."""


def new_values(shown: Sequence[Component], result: Any) -> list[Any]:
    """Return the JSON of each output component for the result of the handler; UNCHANGED where the page keeps what it has.

    One component takes the result itself; several take a list or tuple, or a dictionary from component to value, as Gradio does.
    Raises HandlerResult, or ComponentError for a value that cannot be shown.
    """
    if isinstance(result, Mapping) and result and all(any(key is one.source for one in shown) for key in result):
        found = {id(key): value for key, value in result.items()}
        return [to_page(one, found[id(one.source)]) if id(one.source) in found else UNCHANGED for one in shown]
    if len(shown) == 1:
        return [to_page(shown[0], result)]
    if not isinstance(result, (list, tuple)) or len(result) != len(shown):
        raise HandlerResult(
            f"additional_outputs_handler returned {len(result) if isinstance(result, (list, tuple)) else 'a single'} value(s) "
            f"for {len(shown)} additional_outputs"
        )
    return [to_page(one, value) for one, value in zip(shown, result, strict=True)]
