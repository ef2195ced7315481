"""`entity_response`: names, dates and places, for clients that request them."""

from insights.events import parse as parse_event
from streaming.protocols.symbl import View, render_event
from tests.streaming.protocols.samples import message


def test_entities_follow_their_messages() -> None:
    """With `detectEntities` a second message groups the entities, and has the number of the same event."""
    stored = message()
    response, entities = render_event(parse_event("messages", {"messages": [stored]}), 3, View(entities=True))
    reference = {key: stored[key] for key in ("id", "text", "startTime", "endTime")} | {"offset": 19}
    assert entities == {
        "type": "entity_response",
        "entities": [
            {
                "type": "date",
                "subType": "date",
                "category": "Managed",
                "matches": [{"detectedValue": "Friday", "messageRefs": [reference]}],
            }
        ],
        "sequenceNumber": 3,
    }
    assert response["sequenceNumber"] == 3


def test_a_message_lists_its_own_entities() -> None:
    """Each message has its entities, with their place in its text; the Go SDK reads their `message` as an object like a message."""
    stored = message()
    response, _ = render_event(parse_event("messages", {"messages": [stored]}), 3, View(entities=True))
    assert response["messages"][0]["entities"] == [
        {
            "type": "date",
            "subType": "date",
            "category": "Managed",
            "detectedValue": "Friday",
            "offset": 19,
            "message": {"id": stored["id"], "payload": {"content": stored["text"], "contentType": "text/plain"}},
        }
    ]


def test_no_entities_are_no_response() -> None:
    """A message without entities has an empty list and no second message."""
    (response,) = render_event(parse_event("messages", {"messages": [message(entities=[])]}), 3, View(entities=True))
    assert response["messages"][0]["entities"] == []


def test_a_custom_entity_has_the_types_of_its_account() -> None:
    """Type, subtype and category are those with which it was created."""
    value = {"customType": "Vehicle", "subType": "Honda", "category": "Custom", "value": "hrv"}
    stored = message(entities=[{"type": "custom", "text": "HRV", "offset": 4, "value": value}])
    response, entities = render_event(parse_event("messages", {"messages": [stored]}), 3, View(entities=True))
    kinds = {"type": "Vehicle", "subType": "Honda", "category": "Custom"}
    assert response["messages"][0]["entities"][0].items() >= kinds.items()
    (found,) = entities["entities"]
    assert found.items() >= kinds.items()
    assert found["matches"][0]["detectedValue"] == "HRV"
