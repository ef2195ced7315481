"""`recognition_started`: the recogniser is open."""

import pytest

from streaming.protocols.symbl import recognition_started


@pytest.mark.parametrize("conversation_id", [5179649407582208, "5179649407582208"])
def test_the_id_is_a_string(conversation_id: int | str) -> None:
    """A browser SDK fails on a number, so the digits are always sent as text."""
    assert recognition_started(conversation_id) == {
        "type": "message",
        "message": {"type": "recognition_started", "data": {"conversationId": "5179649407582208"}},
    }
