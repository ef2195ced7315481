"""`?after=N`, our own extension: replay everything after event N, then continue live."""

import pytest

from streaming.protocols.symbl import WireError, after


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("17", 17), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_cursor_is_a_whole_number(text: str, number: int) -> None:
    """It counts from 0, which means everything."""
    assert after(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", "last", "1e3", "٣", "9" * 19, "1\n"])
def test_anything_else_is_refused(text: str) -> None:
    """Digits of other alphabets and numbers beyond the database's range are refused too."""
    with pytest.raises(WireError, match="whole number") as refusal:
        after(text)
    assert refusal.value.field == "after"
