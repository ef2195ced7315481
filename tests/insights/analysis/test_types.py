"""The values that go in and out."""

from dataclasses import FrozenInstanceError

import pytest

from insights.analysis import Entity, Person


def test_an_entity_knows_its_end() -> None:
    """End is the first character after the span."""
    assert Entity("person", "Jane", 5).end == 9


def test_values_do_not_change() -> None:
    """What was found stays as it was found."""
    with pytest.raises(FrozenInstanceError):
        Person("Jane").name = "Joan"  # type: ignore[misc]
