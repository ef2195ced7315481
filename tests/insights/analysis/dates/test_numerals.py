"""Numbers in digits, in words and mixed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.dates.numerals import NUMBER, ordinal, value, year


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("twelve thousand five hundred", 12_500),
        ("4,250.75", 4250.75),
        ("2.5 million", 2_500_000),
        ("two and a half", 2.5),
        ("two and a half million", 2_500_000),
        ("ninety one point two", 91.2),
        ("a hundred and five", 105),
        ("seventy-five", 75),
        ("three hundred thousand and fifty", 300_050),
        ("five million two hundred thousand", 5_200_000),
        ("12k", 12_000),
        ("zero", 0),
        ("a million", 1_000_000),
    ],
)
def test_values(text: str, wanted: float) -> None:
    """The whole text is one number of that value."""
    assert re.fullmatch(NUMBER, text)
    assert value(text) == pytest.approx(wanted)


def test_consecutive_numbers_are_not_added() -> None:
    """A counted row is three numbers, not their sum."""
    assert [match.group() for match in re.finditer(NUMBER, "one two three")] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("3rd", 3), ("third", 3), ("twenty-first", 21), ("31st", 31), ("thirty first", 31), ("99th", None), ("people", None)],
)
def test_ordinals(text: str, wanted: int | None) -> None:
    """Ordinals are days of the month, or none."""
    assert ordinal(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026", 2026),
        ("twenty twenty six", 2026),
        ("nineteen ninety four", 1994),
        ("two thousand and nineteen", 2019),
        ("twenty oh five", 2005),
        ("1066", None),
        ("9999", None),
    ],
)
def test_years(text: str, wanted: int | None) -> None:
    """Only modern years are years."""
    assert year(text) == wanted


@given(st.text("onetwhrfuivsxgdalkmp,. 0123456789", max_size=80))
def test_value_never_raises(text: str) -> None:
    """Any text has a value of limited size, or none."""
    found = value(text)
    assert found is None or found <= 1e15


@given(st.integers(0, 999_999))
def test_written_numbers_are_read(number: int) -> None:
    """Digits with thousands separators keep their value."""
    assert value(f"{number:,}") == number
