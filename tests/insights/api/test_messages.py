"""GET /v1/conversations/{id}/messages."""

from insights.models import Conversation, Speaker
from tests.insights.api.conftest import Api


def test_messages_are_plain_by_default(api: Api, talk: Conversation) -> None:
    """All sentences are in order with speaker and times, without phrases, words and sentiment."""
    messages = api.read("/messages")["messages"]
    assert [message["text"] for message in messages][:2] == ["Is the budget ready?", "Ada will send the budget report tomorrow."]
    first = messages[0]
    assert first["from"] == {"id": first["from"]["id"], "name": "Ada", "email": "ada@example.org"}
    assert (first["timeOffset"], first["duration"], first["conversationId"]) == (5.0, 2.0, str(talk.id))
    assert all(message["phrases"] == [] for message in messages)
    assert not {"words", "sentiment"} & first.keys()


def test_phrases_are_included_where_they_were_requested(api: Api, talk: Conversation) -> None:
    """`detectPhrases` of the query counts, without it that of the conversation; the Go SDK gets texts."""
    phrase = "send the budget report tomorrow"
    assert api.read("/messages", detectPhrases="true")["messages"][1]["phrases"] == [{"type": "action_phrase", "text": phrase}]
    Conversation.objects.update(detect_phrases=True)
    assert api.read("/messages")["messages"][1]["phrases"] == [{"type": "action_phrase", "text": phrase}]
    assert api.read("/messages", shape="go")["messages"][1]["phrases"] == [phrase]
    assert api.read("/messages", detectPhrases="false")["messages"][1]["phrases"] == []


def test_verbose_adds_words(api: Api) -> None:
    """Each word has times, a score and an offset in seconds."""
    first = api.read("/messages", verbose="true")["messages"][0]
    assert [word["word"] for word in first["words"]] == ["Is", "the", "budget", "ready?"]
    assert first["words"][1]["timeOffset"] == 5.5
    assert first["words"][1]["duration"] == 0.5
    assert first["words"][0]["startTime"] == first["startTime"]
    assert (first["words"][0]["score"], first["words"][0]["speakerTag"]) == (0.9, 1)


def test_sentiment_is_added_and_named(api: Api) -> None:
    """Sentiment has a score and a label on request."""
    messages = api.read("/messages", sentiment="True")["messages"]
    assert messages[0]["sentiment"] == {"polarity": {"score": 0.0}, "suggested": "neutral"}
    assert messages[2]["sentiment"] == {"polarity": {"score": 0.5}, "suggested": "positive"}


def test_an_unknown_speaker_is_an_empty_object(api: Api) -> None:
    """A message without a member has an empty `from`, which the SDKs can read."""
    Speaker.objects.update(member=None)
    assert api.read("/messages")["messages"][0]["from"] == {}


def test_an_invalid_boolean_is_named(api: Api) -> None:
    """verbose=perhaps gets 400 with the name of the field."""
    answer = api.get("/messages", verbose="perhaps")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("verbose: Input should be a valid boolean")
