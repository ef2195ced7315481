"""`conversation_changed`: a new title or new metadata, in an envelope that SDKs ignore; and what an edit adds to messages."""

from insights.events import parse
from streaming.protocols.symbl import View, render_event

MESSAGE = {"id": "m2", "text": "Two.", "startTime": "2026-11-20T09:00:00.000Z", "endTime": "2026-11-20T09:00:01.000Z"}


def test_the_envelope_has_title_and_metadata() -> None:
    """The id is a string, and both are complete; who changed it is not sent."""
    payload = {"conversationId": "42", "name": "Budget", "metadata": {"case": "7"}, "changedBy": "jane"}
    assert render_event(parse("conversation_changed", payload), 3, View()) == [
        {
            "type": "message",
            "message": {"type": "conversation_changed", "data": {"conversationId": "42", "name": "Budget", "metadata": {"case": "7"}}},
            "sequenceNumber": 3,
        }
    ]


def test_a_message_in_the_transcript_names_the_one_before_it() -> None:
    """Only a message that an edit put there has `previousMessageId`."""
    for behind in ("m1", ""):
        (response,) = render_event(parse("message_corrected", {"message": MESSAGE, "behind": behind}), 1, View())
        assert response["messages"][0].get("previousMessageId", "") == behind


def test_a_finished_insight_is_done() -> None:
    """`done` is there if a person marked the insight as done."""
    insight = {"id": "i1", "type": "action_item", "text": "Send it.", "messageId": "m2", "doneAt": "2026-11-20T09:00:00.000Z"}
    for done in (insight, insight | {"doneAt": None}):
        (response,) = render_event(parse("insight_reviewed", {"insight": done}), 1, View())
        assert response["insights"][0].get("done", False) is (done["doneAt"] is not None)


def test_members_of_old_messages_come_in_envelopes() -> None:
    """A new name, and many messages of another member, come without words."""
    jane = {"id": "7", "name": "Jane", "userId": "jane"}
    (response,) = render_event(parse("member_changed", {"member": jane, "changedBy": "x"}), 1, View())
    assert response["message"] == {"type": "member_changed", "data": {"member": jane}}
    (response,) = render_event(parse("messages_moved", {"member": None, "messageIds": ["m1"]}), 1, View())
    nobody = {"id": "", "name": "", "userId": ""}
    assert response["message"] == {"type": "messages_moved", "data": {"member": nobody, "messageIds": ["m1"]}}
