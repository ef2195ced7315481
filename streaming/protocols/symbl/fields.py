"""Reads the fields of one JSON object of a client message; errors name the field.

Depends on nothing but JSON values. Every reader treats an absent field and `null` alike, because clients send both. Numbers and truth
values may be texts (`"16000"`, `"true"`), because clients send those too. Characters that cannot be stored (NUL, half of a surrogate pair)
are rejected here. An object remembers which fields were read, so that the others can be named in a warning.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from insights.snapshots import Payload

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""Characters that a database column or UTF-8 text cannot contain."""

_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?\s*")
_TRUTH = {"true": True, "false": False}
_SHOWN = 40
"""How many characters of a rejected value an error repeats."""


class WireError(ValueError):
    """A message that is not valid.

    `message` is a sentence for the client that names the field and what is allowed; `field` is the dotted path of the field
    (`config.speechRecognition.encoding`, `trackers[2].name`), or "" for the whole message.
    `answers_start` is true if the message was a start_request: SDKs wait for the envelope form then.
    """

    answers_start = False

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def shown(value: object) -> str:
    """Return a short ASCII description of a rejected value, safe to send and to display."""
    if isinstance(value, str):
        return ascii(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value)[:_SHOWN]


def refused(path: str, needed: str, value: object) -> WireError:
    """Return the error for a field with an invalid value; `needed` says what is allowed."""
    return WireError(f"{path} must be {needed}, not {shown(value)}", path)


class Fields:
    """One JSON object of a message and the dotted path to it ("" for the message itself)."""

    def __init__(self, values: Payload, path: str = "") -> None:
        self._values = values
        self._read: set[str] = set()
        self._children: dict[str, Fields] = {}
        self.path = path

    def at(self, name: str) -> str:
        """Return the dotted path of a field of this object."""
        return f"{self.path}.{name}" if self.path else name

    def get(self, name: str) -> Any:
        """Return the raw JSON value of a field; None when it is absent or null."""
        self._read.add(name)
        return self._values.get(name)

    def unread(self) -> Iterator[tuple[str, Any]]:
        """Yield name and raw value of each field that no reader was asked for, without those that are null."""
        return ((name, value) for name, value in self._values.items() if name not in self._read and value is not None)

    def child(self, name: str) -> "Fields":
        """Return the object in a field, an empty one when it is absent or null. Raises WireError for anything else."""
        if name not in self._children:
            value = self.get(name)
            if value is None:
                value = {}
            if not isinstance(value, dict):
                raise refused(self.at(name), "an object", value)
            self._children[name] = Fields(value, self.at(name))
        return self._children[name]

    def text(self, name: str, most: int) -> str | None:
        """Return a string of at most `most` characters, stripped of whitespace; None when absent, null or blank."""
        value = self.get(name)
        return None if value is None else _text(value, self.at(name), most) or None

    def number(self, name: str, least: float, most: float) -> float | None:
        """Return a number within [least, most]; None when absent or null."""
        value = self.get(name)
        if value is None:
            return None
        number = _number(value)
        if number is None or not least <= number <= most:
            raise refused(self.at(name), f"a number from {least:g} to {most:g}", value)
        return float(number)

    def whole(self, name: str, least: int, most: int, *, unit: str = "") -> int | None:
        """Return a whole number within [least, most] (16000.0 counts as one); None when absent or null."""
        value = self.get(name)
        if value is None:
            return None
        number = _number(value)
        if number is None or not least <= number <= most or number != int(number):
            raise refused(self.at(name), f"a whole number from {least} to {most}{unit and ' ' + unit}", value)
        return int(number)

    def flag(self, name: str) -> bool | None:
        """Return true or false; None when absent or null."""
        value = self.get(name)
        truth = as_truth(value)
        if value is not None and truth is None:
            raise refused(self.at(name), "true or false", value)
        return truth

    def items(self, name: str, what: str, most: int) -> list[Any]:
        """Return a list of at most `most` items, which are not validated; empty when absent or null. `what` names the items."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise refused(self.at(name), f"a list of {what}", value)
        if len(value) > most:
            raise WireError(f"{self.at(name)} may hold at most {most} {what}, not {len(value)}", self.at(name))
        return value

    def texts(self, name: str, most: int, longest: int) -> tuple[str, ...]:
        """Return a list of at most `most` strings of 1 to `longest` characters each; empty when absent or null."""
        texts = []
        for index, value in enumerate(self.items(name, "strings", most)):
            path = f"{self.at(name)}[{index}]"
            text = _text(value, path, longest)
            if not text:
                raise refused(path, f"a string of 1 to {longest} characters", value)
            texts.append(text)
        return tuple(texts)

    def children(self, name: str, what: str, most: int) -> list["Fields"]:
        """Return a list of at most `most` objects; empty when absent or null. `what` names them."""
        children = []
        for index, value in enumerate(self.items(name, what, most)):
            path = f"{self.at(name)}[{index}]"
            if not isinstance(value, dict):
                raise refused(path, "an object", value)
            children.append(Fields(value, path))
        return children


def as_truth(value: object) -> bool | None:
    """Return a truth value, also one that is written as a text in any case; None for anything else."""
    if isinstance(value, str):
        return _TRUTH.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _number(value: object) -> int | float | None:
    """Return a number, also one that is written as a text; None for anything else."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object, path: str, most: int) -> str:
    if not isinstance(value, str):
        raise refused(path, "a string", value)
    if UNSTORABLE.search(value):
        raise WireError(f"{path} holds a character that cannot be stored: NUL and half surrogate pairs are not allowed", path)
    text = value.strip()
    if len(text) > most:
        raise WireError(f"{path} may be at most {most} characters long, not {len(text)}", path)
    return text
