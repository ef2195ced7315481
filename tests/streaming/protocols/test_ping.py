"""`__PING__`: the keep-alive of the JavaScript SDKs, which is not JSON."""

import pytest

from streaming.protocols.symbl import PONG, Ping, WireError, parse


@pytest.mark.parametrize("text", ["__PING__", "__PING__\n"])
def test_ping_and_pong(text: str) -> None:
    """The text `__PING__` is recognised before the JSON is parsed, and its answer is `__PONG__`."""
    assert parse(text) == Ping()
    assert PONG == "__PONG__"


@pytest.mark.parametrize("text", ["__ping__", '"__PING__"', "__PONG__"])
def test_nothing_else_is_a_ping(text: str) -> None:
    """Only the exact text is a ping."""
    with pytest.raises(WireError, match="__PING__"):
        parse(text)
