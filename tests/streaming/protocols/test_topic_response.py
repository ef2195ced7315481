"""`topic_response`: the topics of the conversation so far."""

from insights.events import parse as parse_event
from streaming.protocols.symbl import Start, View, render_event
from tests.streaming.protocols.samples import topic


def test_its_shape() -> None:
    """`phrases` is one text; the root words are its words; each message reference has its type."""
    (response,) = render_event(parse_event("topics", {"topics": [topic()]}), 6, View())
    shape = {
        "id": "t1",
        "messageReferences": [{"id": "m1", "relation": "text instance"}, {"id": "m2", "relation": "text instance"}],
        "phrases": "phone call",
        "rootWords": [{"text": "phone"}, {"text": "call"}],
        "score": 0.7,
        "type": "topic",
    }
    assert response == {"type": "topic_response", "topics": [shape], "sequenceNumber": 6}


def test_topics_come_without_a_request() -> None:
    """The published samples get topics without an entry in `insightTypes`."""
    assert len(render_event(parse_event("topics", {"topics": [topic()]}), 1, View.of(Start()))) == 1


def test_sentiment_on_request() -> None:
    """With `config.sentiment` a topic has its score and a word for it."""
    (response,) = render_event(parse_event("topics", {"topics": [topic()]}), 1, View(sentiment=True))
    assert response["topics"][0]["sentiment"] == {"polarity": {"score": -0.5}, "suggested": "negative"}


def test_no_topic_is_no_response() -> None:
    """An empty event sends nothing."""
    assert render_event(parse_event("topics", {"topics": []}), 1, View()) == []
