"""Outputs as server-sent events."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from pydantic import BaseModel

from streaming.protocols.fastrtc import HEARTBEAT, NotJsonError, invalid_event, last_event_id, output_text, server_sent


def test_an_event_has_a_number_a_name_and_data() -> None:
    """A browser returns the number as Last-Event-ID; the name is optional."""
    assert server_sent(3, "hello") == "id: 3\ndata: hello\n\n"
    assert server_sent(3, "hello", "output") == "id: 3\nevent: output\ndata: hello\n\n"


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\rb"])
def test_a_text_of_several_lines(text: str) -> None:
    """Each line of a text is a data line, whatever ends it: no text can forge an event."""
    assert server_sent(1, text) == "id: 1\ndata: a\ndata: b\n\n"


def test_the_heartbeat_is_a_comment() -> None:
    """The heartbeat is no event for a browser."""
    assert HEARTBEAT.startswith(":")
    assert HEARTBEAT.endswith("\n\n")


@pytest.mark.parametrize(("text", "number"), [("17", 17), ("0", 0), (None, 0), ("", 0), ("-3", 0), ("x", 0), ("٣", 0), ("9" * 30, 0)])
def test_last_event_id(text: str | None, number: int) -> None:
    """An id of ours is the cursor; any other value starts at the beginning."""
    assert last_event_id(text) == number


class Shade(Enum):
    """An enumeration."""

    DARK = "dark"


class Event:
    """An object of a program, whose repr would tell an address."""


class Model(BaseModel):
    """A pydantic model."""

    name: str


@dataclass
class Pair:
    """A dataclass."""

    left: int
    right: Any


@pytest.mark.parametrize(
    ("value", "json_value"),
    [
        ({"a": [1, 2.5, None, True]}, {"a": [1, 2.5, None, True]}),
        (np.float32(0.5), 0.5),
        (np.arange(3), [0, 1, 2]),
        (float("nan"), None),
        (Model(name="x"), {"name": "x"}),
        (Pair(1, (2, 3)), {"left": 1, "right": [2, 3]}),
        ({1: {2}}, {"1": [2]}),
        ({(1, "a"): datetime(2026, 1, 2, 3, 4)}, {"1,a": "2026-01-02T03:04:00"}),
        ([Shade.DARK, timedelta(seconds=2.5), Decimal("1.50"), Path("a/b")], ["dark", 2.5, "1.50", "a/b"]),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (7, 7),
    ],
)
def test_outputs_are_json(value: Any, json_value: Any) -> None:
    """Any output reaches a browser as JSON that it can read."""
    assert json.loads(output_text([value])) == json_value


def test_a_single_text_is_sent_unchanged() -> None:
    """In FastRTC's manual applications make their own JSON."""
    assert output_text(["hello"]) == "hello"


def test_several_values_are_a_list() -> None:
    """AdditionalOutputs(a, b) is [a, b]; no value is []."""
    assert json.loads(output_text(["a", {"b": 1}])) == ["a", {"b": 1}]
    assert output_text([]) == "[]"


@pytest.mark.parametrize(
    ("value", "kind"), [(Event(), "Event"), ([{"a": Event}], "type"), (b"x", "bytes"), ({Event(): 1}, "Event"), (Pair(1, len), "builtin")]
)
def test_a_value_without_json_is_named_by_its_type(value: Any, kind: str) -> None:
    """No reader gets the repr of an object."""
    with pytest.raises(NotJsonError, match=f"a value of the type {kind}.* cannot be sent as JSON"):
        output_text(["text", value])


def test_an_invalid_output_has_an_event_of_its_own() -> None:
    """A page that does not know it goes on, and does not ask for that output again."""
    assert invalid_event(4, "no") == "id: 4\nevent: invalid\ndata: no\n\n"


def test_a_recursive_value_is_refused() -> None:
    """A list that contains itself does not block the server."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested more than"):
        output_text([endless])
