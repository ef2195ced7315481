"""Text forms of numbers and names."""

import pytest

from insights.portal.wording import clock, duration, initials, shorten


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (7.9, "0:07"), (750, "12:30"), (3723, "1:02:03"), (-1, "0:00")])
def test_clock(seconds: float, text: str) -> None:
    """A position in a recording has hours only if it needs them."""
    assert clock(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(45, "45 s"), (59.6, "1 min"), (720, "12 min"), (3900, "1 h 05 min"), (0, "0 s")])
def test_duration(seconds: float, text: str) -> None:
    """Durations are rounded."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "text"), [("Ada Lovelace", "AL"), ("ada", "A"), ("Ada von Berg", "AB"), ("", "?"), ("João F.", "JF"), ("…", "?")]
)
def test_initials(name: str, text: str) -> None:
    """Initials are the first and last letter in upper case, or a question mark."""
    assert initials(name) == text


def test_shorten_keeps_the_matching_word() -> None:
    """A long text is cut on both sides of the word."""
    text = "a" * 300 + " heron " + "b" * 300
    short = shorten(text, "HERON", 60)
    assert "heron" in short
    assert short.startswith("…")
    assert short.endswith("…")
    assert len(short) <= 62


def test_shorten_keeps_a_short_text() -> None:
    """A short text is not cut."""
    assert shorten("heron", "x") == "heron"
