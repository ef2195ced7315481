"""Copies of a developer's values: a copy does not change when the original does."""

import copy
from typing import Any

_UNCHANGING = (str, bytes, int, float, complex, type(None))


def snapshot(value: Any, memo: dict[int, Any] | None = None) -> Any:
    """Return a deep copy of a value. Objects in it that cannot be copied are in the copy themselves.

    A list or dictionary that contains itself is copied once. `memo` has the copies so far, by the id of their original.
    """
    if isinstance(value, _UNCHANGING):
        return value
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)]
    if type(value) is dict:
        found: dict[Any, Any] = {}
        memo[id(value)] = found
        found.update((key, snapshot(item, memo)) for key, item in value.items())
        return found
    if type(value) is list:
        items: list[Any] = []
        memo[id(value)] = items
        items.extend(snapshot(item, memo) for item in value)
        return items
    if type(value) is tuple:
        return tuple(snapshot(item, memo) for item in value)
    return _copied(value)


def _copied(value: Any) -> Any:
    """Return a deep copy of an object, or the object where it cannot be copied."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value
