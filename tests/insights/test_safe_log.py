"""The log entry of an unexpected exception."""

import re

from insights.safe_log import MOST_FRAMES, error_location


def fail(words: str) -> None:
    """Raise an error that contains the words."""
    raise ValueError(f"cannot store {words!r}")


def pass_on(words: str) -> None:
    """Call the function that fails."""
    fail(words)


def caught(words: str) -> str:
    """Return the log entry."""
    try:
        pass_on(words)
    except ValueError as error:
        return error_location(error)
    raise AssertionError("nothing was raised")


def test_the_frames_of_the_traceback_are_named() -> None:
    """The entry has the type, then file, line and function of each frame, the innermost first."""
    places = " < ".join(rf"test_safe_log\.py:\d+ in {name}" for name in ("fail", "pass_on", "caught"))
    assert re.fullmatch(f"ValueError at {places}", caught("hello"))


def test_spoken_words_are_not_logged() -> None:
    """The entry has neither the text of the exception nor a value of a frame."""
    assert "secret" not in caught("secret")


def test_an_exception_that_was_never_raised_has_its_type_only() -> None:
    """An exception without a traceback has no place."""
    assert error_location(KeyError("secret")) == "KeyError"


def test_a_long_traceback_is_cut() -> None:
    """The entry has the innermost frames."""

    def deeper(depth: int) -> None:
        if depth == 0:
            fail("x")
        deeper(depth - 1)

    try:
        deeper(100)
    except ValueError as error:
        logged = error_location(error)
    assert logged.startswith("ValueError at test_safe_log.py:")
    assert logged.count(" in ") == MOST_FRAMES
