"""`conversation_created`: the id of the conversation, first after a start."""

import pytest

from streaming.protocols.symbl import conversation_created


@pytest.mark.parametrize("conversation_id", [5179649407582208, "5179649407582208"])
def test_the_id_is_a_string(conversation_id: int | str) -> None:
    """A browser SDK fails on a number, so the digits are always sent as text."""
    assert conversation_created(conversation_id) == {
        "type": "message",
        "message": {"type": "conversation_created", "data": {"conversationId": "5179649407582208"}},
    }
