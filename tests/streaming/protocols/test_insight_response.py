"""`insight_response`: questions, action items and follow-ups, filtered for each client."""

import pytest

from insights.events import parse as parse_event
from streaming.protocols.symbl import Start, View, render_event
from tests.streaming.protocols.samples import JANE_IN_MESSAGES, UNKNOWN_SPEAKER, differences, insight, seed

EVERYTHING = View()


def test_the_published_example_field_by_field() -> None:
    """Each field of the published example is in the message rendered from our payloads, with its value."""
    example = seed("insight_response")
    wanted = ("type", "text", "confidence", "hints", "tags")
    payload = {"insights": [insight(**{key: shown[key] for key in wanted}) for shown in example["insights"]]}
    (response,) = render_event(parse_event("insights", payload), 1, EVERYTHING)
    assert differences(example, response) == []


def test_its_full_shape() -> None:
    """An insight has the newer `payload` and the older `text`, and refers to its message."""
    stored = insight()
    (response,) = render_event(parse_event("insights", {"insights": [stored]}), 5, EVERYTHING)
    shape = {
        "id": stored["id"],
        "type": "action_item",
        "confidence": 0.8,
        "messageReference": {"id": stored["messageId"]},
        "hints": [{"key": "confidenceScore", "value": "0.8"}],
        "assignee": JANE_IN_MESSAGES,
        "dueBy": {"value": "2026-11-27T00:00:00.000Z"},
        "tags": [{"type": "date", "text": "Friday", "beginOffset": 18, "value": {"value": {"datetime": "2026-11-27"}}}],
        "dismissed": False,
        "payload": {"content": "Jane will call on Friday.", "contentType": "text/plain"},
        "text": "Jane will call on Friday.",
        "task": "Call on Friday.",
        "from": JANE_IN_MESSAGES,
        "entities": None,
    }
    assert response == {"type": "insight_response", "insights": [shape], "sequenceNumber": 5}


def test_the_task_of_an_insight() -> None:
    """`task` is left out where the text says it: without a phrase of three words, and where a person wrote the text."""
    for changes in ({"actionPhrase": "call"}, {"actionPhrase": ""}, {"originalText": "Jane calls."}):
        (response,) = render_event(parse_event("insights", {"insights": [insight(**changes)]}), 1, EVERYTHING)
        assert "task" not in response["insights"][0]


def test_without_a_date_there_is_no_due_date() -> None:
    """`dueBy` is left out, and an unknown assignee has empty texts."""
    (response,) = render_event(parse_event("insights", {"insights": [insight(dueBy=None, assignee=None)]}), 1, EVERYTHING)
    assert "dueBy" not in response["insights"][0]
    assert response["insights"][0]["assignee"] == UNKNOWN_SPEAKER


def test_due_has_the_time_zone_of_the_client() -> None:
    """A client with an offset from UTC gets the time in that offset, so that the first ten characters are its day."""
    (response,) = render_event(
        parse_event("insights", {"insights": [insight(dueBy="2026-11-28T07:59:59.000Z")]}), 1, View(timezone_offset=-480)
    )
    assert response["insights"][0]["dueBy"] == {"value": "2026-11-27T23:59:59-08:00"}


def test_a_hint_is_always_text() -> None:
    """Clients read hint values as texts; a number becomes text."""
    (response,) = render_event(
        parse_event("insights", {"insights": [insight(hints=[{"key": "informationScore", "value": 0.5}])]}), 1, EVERYTHING
    )
    assert response["insights"][0]["hints"] == [{"key": "informationScore", "value": "0.5"}]


def test_entities_on_request() -> None:
    """Without `detectEntities` the field is null, with it a list."""
    stored = insight()
    (response,) = render_event(parse_event("insights", {"insights": [stored]}), 1, View(entities=True))
    assert response["insights"][0]["entities"] == stored["entities"]


@pytest.mark.parametrize(
    ("types", "threshold", "expected"),
    [
        ({"question", "action_item", "follow_up"}, 0.0, ["question", "action_item", "follow_up"]),
        ({"question"}, 0.0, ["question"]),
        ({"question", "action_item", "follow_up"}, 0.7, ["action_item", "follow_up"]),
        ({"follow_up", "topic"}, 0.9, ["follow_up"]),
        ({"question", "action_item"}, 0.0, ["question", "action_item", "action_item"]),
    ],
)
def test_types_and_confidence_are_those_of_the_start_request(types: set[str], threshold: float, expected: list[str]) -> None:
    """A client gets the types of its own start_request; a confidence equal to the threshold passes.

    A follow-up is a kind of action item, and is one for clients that do not request follow-ups.
    """
    stored = [
        insight(type=kind, confidence=confidence) for kind, confidence in (("question", 0.6), ("action_item", 0.7), ("follow_up", 0.9))
    ]
    (response,) = render_event(parse_event("insights", {"insights": stored}), 1, View(frozenset(types), threshold))
    assert [shown["type"] for shown in response["insights"]] == expected


def test_no_insight_types_are_no_insights() -> None:
    """A start_request with empty `insightTypes` gets none, unlike in the known error of the first service."""
    assert render_event(parse_event("insights", {"insights": [insight()]}), 1, View.of(Start())) == []


def test_nothing_is_sent_when_all_are_below_the_threshold() -> None:
    """An insight_response is never empty."""
    assert render_event(parse_event("insights", {"insights": [insight(confidence=0.4)]}), 1, View(confidence_threshold=0.5)) == []


def test_a_corrected_insight_is_sent_again() -> None:
    """It has its id, the new words, and is not dismissed."""
    for review in ("accepted", "pending"):
        stored = insight(text="Jane calls on Monday.", originalText="Jane will call on Friday.", review=review)
        (response,) = render_event(parse_event("insight_reviewed", {"insight": stored}), 9, EVERYTHING)
        assert response["sequenceNumber"] == 9
        (shown,) = response["insights"]
        assert (shown["id"], shown["payload"]["content"], shown["dismissed"]) == (stored["id"], "Jane calls on Monday.", False)
        assert shown["text"] == "Jane calls on Monday."


@pytest.mark.parametrize(("kind", "review"), [("insight_reviewed", "rejected"), ("insight_deleted", "pending")])
def test_a_rejected_or_deleted_insight_is_dismissed(kind: str, review: str) -> None:
    """It is sent again with `dismissed` true, and with all of its fields."""
    (first,) = render_event(parse_event("insights", {"insights": [insight()]}), 5, EVERYTHING)
    (response,) = render_event(parse_event(kind, {"insight": insight(review=review)}), 6, EVERYTHING)
    assert response == {"type": "insight_response", "insights": [first["insights"][0] | {"dismissed": True}], "sequenceNumber": 6}


@pytest.mark.parametrize("kind", ["insight_reviewed", "insight_deleted"])
def test_a_review_goes_only_to_clients_that_got_the_insight(kind: str) -> None:
    """The requested types and confidence apply to reviews too; a follow-up stays an action item where it was one."""
    event = parse_event(kind, {"insight": insight(type="follow_up", confidence=0.4)})
    assert render_event(event, 1, View(frozenset({"question"}))) == []
    assert render_event(event, 1, View(confidence_threshold=0.5)) == []
    (response,) = render_event(event, 1, View(frozenset({"action_item"})))
    assert response["insights"][0]["type"] == "action_item"
