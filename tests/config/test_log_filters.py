"""Log lines have no tokens and no exception texts, refused requests are one line, and a flood is limited."""

import logging
import sys

import pytest

from config import log_filters
from config.log_filters import DropConnectionLines, HideTokens, LogRateLimit, OneLine, SafeFormatter


def test_a_token_in_a_query_is_hidden() -> None:
    """Only the token is replaced."""
    record = logging.LogRecord(
        "uvicorn.error", logging.INFO, "", 0, '"WebSocket %s" [accepted]', ("/v1/x?access_token=abc.def-1&after=3",), None
    )
    assert HideTokens().filter(record)
    assert record.getMessage() == '"WebSocket /v1/x?access_token=***&after=3" [accepted]'


def test_a_setup_token_is_hidden() -> None:
    """uvicorn logs the URL of the page that creates the first account."""
    line = '%s - "%s %s HTTP/%s" %d'
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, line, ("::1", "GET", "/welcome/?token=ab.c-1:2", "1.1", 200), None)
    assert HideTokens().filter(record)
    assert record.getMessage() == '::1 - "GET /welcome/?token=*** HTTP/1.1" 200'


def test_other_lines_are_unchanged() -> None:
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
def test_a_refused_request_is_one_line(logger: str, level: int, kept: bool) -> None:
    """Only errors of our own have tracebacks."""
    error = ValueError("cause")
    record = logging.LogRecord(logger, level, "", 0, "text", None, (ValueError, error, None))
    assert OneLine().filter(record)
    assert (record.exc_info is not None) is kept


def record_of(logger: str, text: str = "text", level: int = logging.INFO) -> logging.LogRecord:
    """Return a record without arguments."""
    return logging.LogRecord(logger, level, "", 0, text, None, None)


def test_a_flood_writes_a_bounded_number_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is per logger, and the next line has the number of dropped ones."""
    now = [1000.0]
    monkeypatch.setattr(log_filters.time, "monotonic", lambda: now[0])
    limit = LogRateLimit(lines_per_s=2, at_once=5)
    assert sum(limit.filter(record_of("a")) for _ in range(100)) == 5
    assert limit.filter(record_of("b"))
    now[0] += 3
    after = record_of("a", "100% done")
    assert limit.filter(after)
    assert after.getMessage() == "100% done (95 earlier lines of this logger were left out)"
    assert sum(limit.filter(record_of("a")) for _ in range(100)) == 4
    next_line = record_of("a")
    now[0] += 1000
    assert limit.filter(next_line)
    assert sum(limit.filter(record_of("a")) for _ in range(100)) == 4


def test_a_traceback_counts_as_several_lines() -> None:
    """A traceback counts with the number of its lines."""
    limit = LogRateLimit(lines_per_s=0, at_once=log_filters.TRACEBACK_LINES)
    failed = record_of("a")
    failed.exc_info = (ValueError, ValueError(), None)
    assert limit.filter(failed)
    assert not limit.filter(record_of("a"))


@pytest.mark.parametrize(
    ("text", "level", "kept"),
    [
        ("connection open", logging.INFO, False),
        ("connection closed", logging.INFO, False),
        ('%s - "WebSocket %s" [accepted]', logging.INFO, False),
        ("Started server process [%d]", logging.INFO, True),
        ("connection open", logging.ERROR, True),
    ],
)
def test_lines_of_uvicorn_about_one_socket_are_dropped(text: str, level: int, kept: bool) -> None:
    """Lines about the server stay."""
    assert DropConnectionLines().filter(record_of("uvicorn.error", text, level)) is kept


def test_the_text_of_an_exception_is_not_formatted() -> None:
    """The log has type and location, but not the text, which may hold spoken words."""
    try:
        raise ValueError("the merger closes at midnight")
    except ValueError:
        failed = logging.LogRecord("a", logging.ERROR, "", 0, "failed", None, sys.exc_info())
    text = SafeFormatter("%(message)s").format(failed)
    assert text.startswith("failed\n    ValueError at test_log_filters.py:")
    assert "merger" not in text
