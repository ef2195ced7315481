"""`message_response`: final messages, to every speaker and subscriber."""

import json

from insights.events import parse as parse_event
from streaming.protocols.symbl import View, render_event
from tests.streaming.protocols.samples import JANE, JANE_IN_MESSAGES, UNKNOWN_SPEAKER, differences, message, seed

PLAIN = View()


def test_the_published_example_field_by_field() -> None:
    """Each field of the published example is in the message rendered from our payloads, with its value."""
    example = seed("message_response")
    payload = {"messages": [message(rendered["payload"]["content"], member=JANE) for rendered in example["messages"]]}
    (response,) = render_event(parse_event("messages", payload), 1, PLAIN)
    assert differences(example, response) == []


def test_its_full_shape() -> None:
    """A message has the parts that the newest typed client reads, and nothing that was not requested."""
    stored = message()
    (response,) = render_event(parse_event("messages", {"messages": [stored]}), 12, PLAIN)
    words = response["messages"][0]["metadata"].pop("words")
    assert json.loads(words) == [
        {"word": "I", "startTime": "2026-11-20T09:00:01.000Z", "endTime": "2026-11-20T09:00:01.200Z"},
        {"word": "will", "startTime": "2026-11-20T09:00:01.200Z", "endTime": "2026-11-20T09:00:01.500Z"},
    ]
    shape = {
        "id": stored["id"],
        "from": JANE_IN_MESSAGES,
        "payload": {"content": stored["text"], "contentType": "text/plain"},
        "channel": {"id": "realtime-api"},
        "metadata": {"disablePunctuation": True, "originalContent": stored["text"], "originalMessageId": stored["id"]},
        "dismissed": False,
        "duration": {"startTime": stored["startTime"], "endTime": stored["endTime"], "timeOffset": 1.0, "duration": 1.5},
    }
    assert response == {"type": "message_response", "messages": [shape], "sequenceNumber": 12}


def test_sentiment_on_request() -> None:
    """Each message has its score and a word for it (0.3 itself is neutral, as published), and the response has the flag."""
    stored = [message(sentiment=score) for score in (0.31, -0.31, 0.3, -0.3)]
    (response,) = render_event(parse_event("messages", {"messages": stored}), 1, View(sentiment=True))
    assert response["sentiment"] is True
    assert [rendered["sentiment"] for rendered in response["messages"]] == [
        {"polarity": {"score": 0.31}, "suggested": "positive"},
        {"polarity": {"score": -0.31}, "suggested": "negative"},
        {"polarity": {"score": 0.3}, "suggested": "neutral"},
        {"polarity": {"score": -0.3}, "suggested": "neutral"},
    ]


def test_the_message_has_the_time_zone_of_the_client() -> None:
    """Each message has the offset of the start_request, in minutes."""
    (response,) = render_event(parse_event("messages", {"messages": [message()]}), 1, View(timezone_offset=-480))
    assert response["messages"][0]["metadata"]["timezoneOffset"] == -480


def test_an_unknown_speaker_has_empty_names() -> None:
    """`from` is always there, so that a client that prints a name does not fail."""
    (response,) = render_event(parse_event("messages", {"messages": [message(member=None)]}), 1, PLAIN)
    assert response["messages"][0]["from"] == UNKNOWN_SPEAKER


def test_a_corrected_message_is_sent_again() -> None:
    """It has its id, the new words, and the recognised words as its original content."""
    corrected = message("I will call you on Monday.", originalText="I will call you on Friday.")
    (response,) = render_event(parse_event("message_corrected", {"message": corrected}), 20, PLAIN)
    (rendered,) = response["messages"]
    assert (rendered["id"], rendered["metadata"]["originalMessageId"]) == (corrected["id"], corrected["id"])
    assert rendered["payload"]["content"] == "I will call you on Monday."
    assert rendered["metadata"]["originalContent"] == "I will call you on Friday."


def test_a_deleted_message_is_dismissed() -> None:
    """Every field is there; the words are removed."""
    everything = View(sentiment=True, entities=True, timezone_offset=60)
    first, _ = render_event(parse_event("messages", {"messages": [message()]}), 3, everything)
    deleted = message("", words=[], entities=[])
    (response,) = render_event(parse_event("message_deleted", {"message": deleted}), 4, everything)
    assert response.keys() <= first.keys()
    (rendered,) = response["messages"]
    assert rendered.keys() == first["messages"][0].keys()
    assert rendered["id"] == first["messages"][0]["id"]
    assert (rendered["dismissed"], rendered["payload"]["content"], rendered["metadata"]["words"]) == (True, "", "[]")
    assert (rendered["metadata"]["originalContent"], rendered["entities"]) == ("", [])
    assert rendered["duration"] == first["messages"][0]["duration"]


def test_no_message_is_no_response() -> None:
    """An empty event sends nothing."""
    assert render_event(parse_event("messages", {"messages": []}), 1, PLAIN) == []
