"""Log lines hold no tokens, and what was refused is one line."""

import logging

import pytest

from config.log_filters import HideTokens, OneLine


def test_a_token_in_a_query_is_hidden() -> None:
    """Only the token goes; what is around it stays."""
    record = logging.LogRecord(
        "uvicorn.error", logging.INFO, "", 0, '"WebSocket %s" [accepted]', ("/v1/x?access_token=abc.def-1&after=3",), None
    )
    assert HideTokens().filter(record)
    assert record.getMessage() == '"WebSocket /v1/x?access_token=***&after=3" [accepted]'


def test_a_set_up_token_is_hidden() -> None:
    """uvicorn logs the address of the page that creates the first account."""
    line = '%s - "%s %s HTTP/%s" %d'
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, line, ("::1", "GET", "/welcome/?token=ab.c-1:2", "1.1", 200), None)
    assert HideTokens().filter(record)
    assert record.getMessage() == '::1 - "GET /welcome/?token=*** HTTP/1.1" 200'


def test_other_lines_are_left_alone() -> None:
    """A line without a token keeps its arguments."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s of %s", (1, 2), None)
    assert HideTokens().filter(record)
    assert record.args == (1, 2)


@pytest.mark.parametrize(
    ("logger", "level", "kept"),
    [
        ("django.security.RequestDataTooBig", logging.ERROR, False),
        ("django.security.DisallowedHost", logging.ERROR, False),
        ("django.request", logging.WARNING, False),
        ("django.request", logging.ERROR, True),
        ("streaming.sessions.session", logging.ERROR, True),
    ],
)
def test_what_was_refused_is_one_line(logger: str, level: int, kept: bool) -> None:
    """Tracebacks are for failures of our own."""
    error = ValueError("cause")
    record = logging.LogRecord(logger, level, "", 0, "text", None, (ValueError, error, None))
    assert OneLine().filter(record)
    assert (record.exc_info is not None) is kept
