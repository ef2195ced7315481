"""`stop_request`, in JSON and in one form that is not."""

import json

import pytest

from streaming.protocols.symbl import Stop, WireError, parse
from tests.streaming.protocols.samples import seed


def test_the_published_example_is_read() -> None:
    """The stop message of the published reference is a stop."""
    assert parse(json.dumps(seed("stop_request"))) == Stop()


@pytest.mark.parametrize("text", ["{'type': 'stop_request'}", "{'type':'stop_request'}", " { 'type' : 'stop_request' }\n"])
def test_a_python_dictionary_is_a_stop(text: str) -> None:
    """A published SDK sends single quotes, and its process never ends unless the server reads them."""
    assert parse(text) == Stop()


@pytest.mark.parametrize(
    "text", ["{'type': 'start_request'}", "{'type': 'stop_request', 'x': 1}", "{'type': 'stop_request'}{}", "{'type': \"stop_request\"}"]
)
def test_no_other_python_is_read(text: str) -> None:
    """Single quotes are accepted in this message only."""
    with pytest.raises(WireError, match="JSON object"):
        parse(text)


def test_unknown_keys_of_a_stop_are_ignored() -> None:
    """A stop_request stops, whatever its other keys."""
    assert parse('{"type": "stop_request", "reason": ["tired"]}') == Stop()
