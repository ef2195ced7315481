"""The input and output types."""

from dataclasses import FrozenInstanceError

import pytest

from insights.analysis import FoundEntity, Person


def test_an_entity_has_its_end() -> None:
    """The end is the first character after the span."""
    assert FoundEntity("person", "Jane", 5).end == 9


def test_values_are_immutable() -> None:
    """The fields of a result cannot be set."""
    with pytest.raises(FrozenInstanceError):
        Person("Jane").name = "Joan"  # type: ignore[misc]
