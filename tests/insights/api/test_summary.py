"""GET summary."""

from insights.models import Conversation
from tests.insights.api.conftest import Api
from tests.insights.conftest import Say


def test_messages_tell_what_was_said(api: Api, say: Say) -> None:
    """Messages of the conversation, unchanged, in the order of speech, each with the message it is."""
    said = ["The heat pump of the school makes too much noise.", "Okay.", "We replace the heat pump of the school in summer."]
    for text in said:
        say(text)
    summary = api.read("/summary", refresh="true")["summary"]
    texts = [one["text"] for one in summary]
    assert {said[0], said[2]} <= set(texts)
    assert "Okay." not in texts
    assert all(one["messageRefs"] == [{"id": one["id"]}] for one in summary)
    ids = [message["id"] for message in api.read("/messages")["messages"]]
    assert [one["id"] for one in summary] == [identity for identity in ids if identity in {one["id"] for one in summary}]


def test_nothing_in_a_language_that_nobody_knows(api: Api) -> None:
    """No sentence is chosen where stop words and fillers are not known."""
    Conversation.objects.update(language="es-ES")
    assert api.read("/summary") == {"summary": []}
