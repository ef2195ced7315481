"""GET topics, trackers, entities, members and analytics."""

import pytest

from insights.api.entity_values import shown
from insights.api.member_json import person_json
from insights.models import Entity, Member, Message, Topic, TrackerMatch
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


def test_the_go_sdk_reads_one_tracker(api: Api) -> None:
    """The Go SDK gets the first tracker as an object, and an empty object without trackers."""
    assert api.read("/trackers", shape="go") == api.read("/trackers-detected", shape="go") == api.read("/trackers")[0]
    TrackerMatch.objects.all().delete()
    assert api.read("/trackers", shape="go") == {}


def test_entities_are_grouped(api: Api) -> None:
    """Several occurrences of one entity are one entry with several references."""
    entities = api.read("/entities")["entities"]
    assert [(entity["type"], entity["text"], entity["value"]) for entity in entities] == [
        ("person", "Ada", "Ada"),
        ("date", "tomorrow", "2026-03-03"),
    ]
    assert [(entity["subType"], entity["category"]) for entity in entities] == [("PERSON_NAME", "Managed"), ("DATE", "Managed")]
    (reference,) = entities[1]["messageRefs"]
    message = Message.objects.get(text="Ada will send the budget report tomorrow.")
    assert reference == {"id": str(message.id), "text": message.text, "offset": 32}
    assert "matches" not in entities[0]


def test_custom_entities(api: Api) -> None:
    """A custom entity has the account's type, subtype and value; the same words in other capitals are the same entity."""
    value = {"customType": "Papers", "subType": "Report", "category": "Custom", "value": "budget report"}
    for message in Message.objects.filter(text__in=["Ada will send the budget report tomorrow.", "Zoe will call."]):
        Entity.objects.create(
            message=message, type="custom", text="Budget Report" if "Zoe" in message.text else "budget report", offset=18, value=value
        )
    (custom,) = [entity for entity in api.read("/entities")["entities"] if entity["type"] == "custom"]
    assert len(custom.pop("messageRefs")) == 2
    assert custom == {**value, "type": "custom", "text": "budget report"}


def test_the_entities_of_the_go_sdk(api: Api) -> None:
    """The Go SDK reads the group of the category as type, and matches."""
    Entity.objects.filter(type="date").update(type="custom", value={"customType": "Days", "subType": "Near", "value": "soon"})
    person, custom = api.read("/entities", shape="go")["entities"]
    message = Message.objects.get(text="Ada will send the budget report tomorrow.")
    places = [{"id": str(message.id), "text": message.text, "offset": 0}]
    assert person == {
        **{"type": "PII", "subType": "PERSON_NAME", "category": "Managed"},
        "matches": [{"detectedValue": "Ada", "messageRefs": places}],
    }
    assert (custom["type"], custom["subType"], custom["category"]) == ("Days", "Near", "Custom")
    assert custom["matches"][0]["detectedValue"] == "tomorrow"


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
    """The figures count one second in which Ben overlaps Ada's last sentence. Shares of members are of the talk, metrics of the length."""
    answer = api.read("/analytics")
    metrics = {metric["type"]: metric for metric in answer["metrics"]}
    ada, ben = answer["members"]
    talk = ada["talkTime"]["seconds"] + ben["talkTime"]["seconds"] - 1.0
    assert metrics["total_overlap"]["seconds"] == 1.0
    assert metrics["total_talk_time"]["seconds"] == talk
    assert ben["talkTime"] == {"percentage": round(150 / talk, 3), "seconds": 1.5}
    for member in (ada, ben):
        assert member["talkTime"]["percentage"] + member["listenTime"]["percentage"] == pytest.approx(100)
        assert member["talkTime"]["seconds"] + member["listenTime"]["seconds"] == talk
    assert (ben["pace"], type(ada["pace"]["wpm"])) == ({"wpm": 120}, int)
    both = ada["talkTime"]["seconds"] + ben["talkTime"]["seconds"]
    other = {"id": ben["id"], "name": "Ben", "userId": "ben@example.org", "percent": round(100 / both, 3), "seconds": 1.0}
    assert ada["overlap"] == {"overlapDuration": 1.0, "overlappingMembers": [other]}
    assert ben["overlap"]["overlappingMembers"][0]["percent"] == other["percent"]
    assert metrics["total_silence"]["percent"] + metrics["total_talk_time"]["percent"] == pytest.approx(100, abs=0.01)


def test_analytics_without_talk(api: Api) -> None:
    """A member whose messages take no time has shares of 0."""
    Message.objects.update(duration_s=0)
    assert {(m["talkTime"]["percentage"], m["listenTime"]["percentage"]) for m in api.read("/analytics")["members"]} == {(0.0, 0.0)}


def test_nothing_found_is_empty_lists(api: Api) -> None:
    """A conversation without speech has empty lists, and no null where the SDKs expect a list."""
    Topic.objects.all().delete()
    assert api.read("/topics") == {"topics": []}
