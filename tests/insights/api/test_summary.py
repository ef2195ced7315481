"""GET summary."""

from insights.models import Conversation
from tests.insights.api.conftest import Api
from tests.insights.conftest import Say


def test_the_summary_consists_of_messages(api: Api, say: Say) -> None:
    """The summary has unchanged messages in the order of speech, each with its message id."""
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


def test_an_unsupported_language_has_an_empty_summary(api: Api) -> None:
    """No sentence is chosen in a language without lists of stop words and fillers."""
    Conversation.objects.update(language="es-ES")
    assert api.read("/summary") == {"summary": []}
