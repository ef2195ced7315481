"""GET topics, trackers, entities, members and analytics."""

import pytest

from insights.api.people import person_json
from insights.api.values import shown
from insights.models import Member, Topic
from tests.insights.api.conftest import Api


def test_topics(api: Api) -> None:
    """Topics are sorted by score, with their messages, and by default without sentiment and parents."""
    topics = api.read("/topics", refresh="true")["topics"]
    scores = [topic["score"] for topic in topics]
    assert scores == sorted(scores, reverse=True) != []
    budget = next(topic for topic in topics if "budget" in topic["text"])
    assert budget["type"] == "topic"
    assert len(budget["messageIds"]) >= 1
    assert "sentiment" not in budget
    assert budget["parentRefs"] == []


def test_topics_with_sentiment_and_parents(api: Api) -> None:
    """Sentiment and parents are included on request, separately or together."""
    Topic.objects.update(parent_text="money", sentiment=-0.5)
    assert api.read("/topics", sentiment="true")["topics"][0]["sentiment"]["suggested"] == "negative"
    assert api.read("/topics", parentRefs="true")["topics"][0]["parentRefs"] == [{"type": "topic", "text": "money"}]
    both = api.read("/topics", sentiment="true", parentRefs="true")["topics"][0]
    assert both["sentiment"]["suggested"] == "negative"
    assert both["parentRefs"] == [{"type": "topic", "text": "money"}]


@pytest.mark.parametrize("path", ["/trackers", "/trackers-detected"])
def test_trackers_are_a_bare_list(api: Api, path: str) -> None:
    """Both routes return the same list, with offsets in messages and insights."""
    (tracker,) = api.read(path)
    assert (tracker["id"], tracker["name"]) == ("t-1", "Money")
    (match,) = tracker["matches"]
    assert (match["type"], match["value"]) == ("vocabulary", "budget")
    assert [ref["offset"] for ref in match["messageRefs"]] == [7, 18]
    assert [ref["type"] for ref in match["insightRefs"]] == ["question", "action_item"]


def test_entities_are_grouped(api: Api) -> None:
    """Several occurrences of one entity are one entry with several references."""
    entities = api.read("/entities")["entities"]
    assert [(entity["type"], entity["text"], entity["value"]) for entity in entities] == [
        ("person", "Ada", "Ada"),
        ("date", "tomorrow", "2026-03-03"),
    ]
    assert [ref["offset"] for ref in entities[1]["messageRefs"]] == [32]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"datetime": "2026-03-03"}, "2026-03-03"),
        ({"amount": 20.0, "currency": "EUR"}, "20 EUR"),
        ({"amount": 1234567.5, "currency": "USD"}, "1234567.5 USD"),
        ({"percent": 12.5}, "12.5"),
        ({"seconds": 5400.0}, "5400"),
        ({"name": "Ada", "alias": "A"}, "Ada"),
        ({}, None),
    ],
)
def test_entity_values_are_text(value: dict[str, object], text: str | None) -> None:
    """The API shows an entity's value as one text, whatever its stored structure."""
    assert shown(value) == {"value": text, "start": None, "end": None}


def test_ranges_have_two_ends() -> None:
    """A range of dates has a start and an end and no value."""
    assert shown({"start": "2026-03-02", "end": "2026-03-09"}) == {"value": None, "start": "2026-03-02", "end": "2026-03-09"}


def test_members(api: Api) -> None:
    """All members are listed in the order in which they joined."""
    assert [(m["name"], m["email"]) for m in api.read("/members")["members"]] == [("Ada", "ada@example.org"), ("Ben", "ben@example.org")]


@pytest.mark.parametrize(
    ("user_id", "email", "shown_email"),
    [
        ("a@example.org/b", "", None),
        ("a@example.org", "", "a@example.org"),
        ("a@example.org", "@ada", "a@example.org"),
        ("u1", "Ada <a@example.org>", None),
        ("u1", "a@example.org", "a@example.org"),
    ],
)
def test_the_email_of_a_member_is_an_address_or_left_out(user_id: str, email: str, shown_email: str | None) -> None:
    """An `email` or `userId` that is no e-mail address is left out."""
    assert person_json(Member(name="Ada", user_id=user_id, email=email)).get("email") == shown_email


def test_analytics(api: Api) -> None:
    """The figures count one second in which Ben overlaps Ada's last sentence."""
    answer = api.read("/analytics")
    seconds = {metric["type"]: metric["seconds"] for metric in answer["metrics"]}
    ada, ben = answer["members"]
    assert seconds["total_overlap"] == 1.0
    assert seconds["total_talk_time"] == ada["talkTime"]["seconds"] + ben["talkTime"]["seconds"] - 1.0
    assert ben["talkTime"]["seconds"] == 1.5
    assert ben["pace"]["wpm"] == 120.0
    assert ada["overlap"] == {
        "overlapDuration": 1.0,
        "overlappingMembers": [
            {
                "id": ben["id"],
                "name": "Ben",
                "userId": "ben@example.org",
                "percent": ada["overlap"]["overlappingMembers"][0]["percent"],
                "seconds": 1.0,
            }
        ],
    }
    assert sum(metric["percent"] for metric in answer["metrics"][:2]) == pytest.approx(100, abs=0.01)


def test_nothing_found_is_empty_lists(api: Api) -> None:
    """A conversation without speech has empty lists, and no null where the SDKs expect a list."""
    Topic.objects.all().delete()
    assert api.read("/topics") == {"topics": []}
