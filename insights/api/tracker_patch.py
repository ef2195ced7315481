"""The operations of a PATCH of a tracker, as Symbl's Go SDK sends them: `[{"op": "replace", "path": "/description", "value": "..."}]`."""

import json
from collections.abc import Sequence
from dataclasses import replace

from insights.managed import Invalid, TrackerFields

OPERATIONS = ("add", "replace", "remove")
PATHS = ("/name", "/description", "/categories", "/languages", "/vocabulary")
MOST = 100
"""Operations of one request."""

Value = str | list[str] | None


def applied(fields: TrackerFields, steps: Sequence[tuple[str, str, Value]]) -> TrackerFields:
    """Return the fields after all steps (operation, path, value). Raises Invalid."""
    if not 1 <= len(steps) <= MOST:
        raise Invalid(f"must have 1 to {MOST} operations, not {len(steps)}")
    for place, (operation, path, value) in enumerate(steps):
        if operation not in OPERATIONS:
            raise Invalid(f"[{place}].op: must be one of {', '.join(OPERATIONS)}")
        match path.removeprefix("/"):
            case "name":
                fields = replace(fields, name=_text(place, operation, "name", value))
            case "description":
                fields = replace(fields, description=_text(place, operation, "description", value))
            case "categories":
                fields = replace(fields, categories=_list(place, operation, fields.categories, value))
            case "languages":
                fields = replace(fields, languages=_list(place, operation, fields.languages, value))
            case "vocabulary":
                fields = replace(fields, vocabulary=_list(place, operation, fields.vocabulary, value))
            case _:
                raise Invalid(f"[{place}].path: must be one of {', '.join(PATHS)}")
    return fields


def _text(place: int, operation: str, name: str, value: Value) -> str:
    if operation == "remove":
        if name == "name":
            raise Invalid(f"[{place}]: a tracker needs its name; it can be replaced only")
        return ""
    if not isinstance(value, str):
        raise Invalid(f"[{place}].value: must be a text")
    return value


def _list(place: int, operation: str, before: Sequence[str], value: Value) -> list[str]:
    given = _items(place, value)
    match operation:
        case "add":
            return [*before, *given]
        case "replace":
            return given
        case _:
            unknown = [one for one in given if one not in before]
            if unknown:
                raise Invalid(f"[{place}].value: is not in the list")
            return [one for one in before if one not in given] if given else []


def _items(place: int, value: Value) -> list[str]:
    """Return the texts of a value: of a list, of a list as JSON text, or the text itself."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if value.startswith("["):
        try:
            items = json.loads(value)
        except (ValueError, RecursionError):
            raise Invalid(f"[{place}].value: begins with [ but is not a list in JSON") from None
        if not all(isinstance(one, str) for one in items):
            raise Invalid(f"[{place}].value: must be a list of texts")
        return list(items)
    return [value]
