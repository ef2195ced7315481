"""Copies of a developer's values."""

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streaming.types.outputs import AdditionalOutputs, snapshot


@dataclass
class Turn:
    """An object of a program."""

    words: list[str] = field(default_factory=list)


class Locked:
    """An object that cannot be copied."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def test_later_changes_do_not_reach_a_copy() -> None:
    """Lists, dictionaries, arrays and objects in one another are copied."""
    turn, samples = Turn(["a"]), np.zeros(2)
    given = AdditionalOutputs([{"turn": turn}], samples, {1})
    turn.words.append("b")
    samples += 1
    copied, array, numbers = given.args
    assert (copied, array.tolist(), numbers) == ([{"turn": Turn(["a"])}], [0, 0], {1})


def test_what_cannot_be_copied_is_passed_itself() -> None:
    """The list around it is copied."""
    locked = Locked()
    values = [locked, 1]
    copied = snapshot(values)
    assert copied == values
    assert copied is not values
    assert copied[0] is locked


def test_a_value_that_contains_itself() -> None:
    """It is copied once."""
    endless: list[Any] = []
    endless.append({"again": endless})
    copied = snapshot(endless)
    assert copied[0]["again"] is copied
    assert copied is not endless
