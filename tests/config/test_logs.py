"""Log lines hold no tokens."""

import logging

from config.logs import HideTokens


def test_a_token_in_a_query_is_hidden() -> None:
    """Only the token goes; what is around it stays."""
    record = logging.LogRecord(
        "uvicorn.error", logging.INFO, "", 0, '"WebSocket %s" [accepted]', ("/v1/x?access_token=abc.def-1&after=3",), None
    )
    assert HideTokens().filter(record)
    assert record.getMessage() == '"WebSocket /v1/x?access_token=***&after=3" [accepted]'


def test_other_lines_are_left_alone() -> None:
    """A line without a token keeps its arguments."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s of %s", (1, 2), None)
    assert HideTokens().filter(record)
    assert record.args == (1, 2)
