"""The calls that edit members, speakers, messages and insights."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from insights.models import Change, Conversation
from tests.insights.api.conftest import Api, token_of


@pytest.fixture
def people(api: Api) -> dict[str, str]:
    """Return the ids of the members by name."""
    return {one["name"]: one["id"] for one in api.read("/members")["members"]}


def texts(api: Api) -> list[str]:
    """Return the texts of the messages."""
    return [one["text"] for one in api.read("/messages")["messages"]]


def test_a_member_is_renamed(api: Api, talk: Conversation, people: dict[str, str]) -> None:
    """The answer has Symbl's words; members, messages and insights have the new name and address."""
    ben = people["Ben"]
    answer = api.send("PUT", f"/members/{ben}", {"id": ben, "name": "Benedict", "email": "b@example.org"})
    assert answer["message"] == (
        f"Member with id: {ben} for conversationId: {talk.id} updated successfully!"
        " The update should be reflected in all messages and insights along with this conversation."
    )
    assert {"id": ben, "name": "Benedict", "email": "b@example.org"} in api.read("/members")["members"]
    assert api.read("/messages")["messages"][-1]["from"]["name"] == "Benedict"
    assert api.read("/insights")["insights"][-1]["from"]["name"] == "Benedict"


def test_members_are_merged_and_separated(api: Api, people: dict[str, str]) -> None:
    """One member less, whose messages are the other one's; undone both are there again."""
    change = api.send("POST", f"/members/{people['Ben']}/merge", {"into": people["Ada"]})["changeId"]
    assert [one["name"] for one in api.read("/members")["members"]] == ["Ada"]
    assert {one["from"]["name"] for one in api.read("/messages")["messages"]} == {"Ada"}
    assert {one["name"] for one in api.read("/analytics")["members"]} == {"Ada"}
    assert api.send("PUT", f"/members/{people['Ben']}", {"name": "x"}, 404)["message"].startswith("The memberId is either")
    api.send("POST", f"/changes/{change}/undo")
    assert [one["name"] for one in api.read("/members")["members"]] == ["Ada", "Ben"]
    assert api.read("/messages")["messages"][-1]["from"]["name"] == "Ben"


def test_speaker_events_are_applied(api: Api, talk: Conversation) -> None:
    """Nanoseconds may be more than a second; a person who is new becomes a member."""
    user = {"id": "4194eb50-357d-4712-a02b-94215ead1064", "name": "Cleo", "email": "cleo@example.org"}
    events = [
        {"type": "started_speaking", "user": user, "offset": {"seconds": 0, "nanos": 5000000000}},
        {"type": "stopped_speaking", "user": user, "offset": {"seconds": 2, "nanos": 5000000000}},
    ]
    answer = api.send("PUT", "/speakers", {"speakerEvents": events})
    assert answer["message"].startswith(f"Speaker events associated for conversationId: {talk.id} successfully!")
    said = [one["from"]["name"] for one in api.read("/messages")["messages"]]
    assert said[:2] == ["Cleo", "Ada"]
    assert api.read("/members")["members"][-1]["email"] == "cleo@example.org"


def test_messages_are_corrected_moved_split_and_joined(api: Api, people: dict[str, str]) -> None:
    """Each answer has the messages as the list shows them; undoing all in reverse order restores the list."""
    before = api.read("/messages", verbose=True)
    first = before["messages"][0]["id"]
    changes = []
    answer = api.send("PATCH", f"/messages/{first}", {"text": "Is the bucket ready, Ben?", "memberId": people["Ben"]})
    changes.append(answer["changeId"])
    assert answer["messages"] == [api.read("/messages")["messages"][0]]
    assert answer["messages"][0]["from"]["name"] == "Ben"
    answer = api.send("POST", f"/messages/{first}/split", {"offset": 14})
    changes.append(answer["changeId"])
    assert [one["text"] for one in answer["messages"]] == ["Is the bucket", "ready, Ben?"] == texts(api)[:2]
    answer = api.send("POST", f"/messages/{first}/join")
    changes.append(answer["changeId"])
    assert [one["text"] for one in answer["messages"]] == ["Is the bucket ready, Ben?"] == texts(api)[:1]
    assert "changeId" not in api.send("PATCH", f"/messages/{first}", {"text": "Is the bucket ready, Ben?"})
    for change in reversed(changes):
        api.send("POST", f"/changes/{change}/undo")
    assert api.read("/messages", verbose=True) == before


def test_several_messages_are_corrected_at_once(api: Api) -> None:
    """One change, which is undone as a whole. An unknown id, a repeated one, an empty text and an empty list change nothing."""
    before = api.read("/messages", verbose=True)
    ids = [one["id"] for one in before["messages"]][:2]
    answer = api.send("PATCH", "/messages", {"messages": [{"id": one, "text": f"{one} is other."} for one in ids]})
    assert [one["text"] for one in answer["messages"]] == [f"{one} is other." for one in ids] == texts(api)[:2]
    assert api.read("/changes")["changes"][0]["id"] == answer["changeId"]
    api.send("POST", f"/changes/{answer['changeId']}/undo")
    assert api.read("/messages", verbose=True) == before
    good = {"id": ids[0], "text": "Other."}
    refused = (
        (404, "message", [good, {"id": str(uuid4()), "text": "Other."}]),
        (400, "messages: each id", [good, good]),
        (400, "text: at least one character", [good, {"id": ids[1], "text": " "}]),
        (400, "messages", []),
    )
    for status, said, messages in refused:
        assert said in api.send("PATCH", "/messages", {"messages": messages}, status)["message"]
    assert api.read("/messages", verbose=True) == before


def test_an_insight_is_edited(api: Api, people: dict[str, str]) -> None:
    """Text, assignee, date, verdict and done are shown; null removes; a rejected one leaves the lists."""
    path = f"/insights/{api.read('/action-items')['actionItems'][0]['id']}"
    body = {"text": "Send it.", "assignee": {"id": people["Ben"]}, "dueBy": "2027-03-04T10:00:00+01:00", "done": True, "review": "accepted"}
    insight = api.send("PATCH", path, body)["insight"]
    assert insight == api.read("/action-items")["actionItems"][0]
    assert (insight["text"], insight["dueBy"], insight["review"], insight["done"]) == (
        "Send it.",
        "2027-03-04T09:00:00.000Z",
        "accepted",
        True,
    )
    assert insight["assignee"]["name"] == "Ben"
    insight = api.send("PATCH", path, {"assignee": {"name": "Zoe"}, "dueBy": None, "done": False})["insight"]
    assert (insight["assignee"], "dueBy" in insight, "done" in insight) == ({"name": "Zoe"}, False, False)
    assert api.send("PATCH", path, {"assignee": None})["insight"]["assignee"] == {}
    count = len(api.read("/insights")["insights"])
    change = api.send("PATCH", path, {"review": "rejected"})["changeId"]
    assert len(api.read("/insights")["insights"]) == count - 1
    api.send("POST", f"/changes/{change}/undo")
    assert len(api.read("/insights")["insights"]) == count


def test_an_insight_is_added(api: Api) -> None:
    """It has the confidence 1 and the message's text; undone it is gone."""
    message = api.read("/messages")["messages"][-1]
    answer = api.send("POST", "/insights", {"type": "follow_up", "messageId": message["id"], "assignee": {"name": "Ada"}})
    insight = answer["insight"]
    assert (insight["type"], insight["text"], insight["score"], insight["messageIds"]) == (
        "follow_up",
        message["text"],
        1.0,
        [message["id"]],
    )
    assert insight["assignee"]["name"] == "Ada"
    assert insight in api.read("/follow-ups")["followUps"]
    api.send("POST", f"/changes/{answer['changeId']}/undo")
    assert insight["id"] not in [one["id"] for one in api.read("/insights")["insights"]]


def test_bad_requests_name_the_field(api: Api, people: dict[str, str]) -> None:
    """Each gets 400 with the field and what is allowed, and nothing is changed."""
    message, insight = api.read("/messages")["messages"][0]["id"], api.read("/insights")["insights"][0]["id"]
    ada, user, at = people["Ada"], {"name": "Ada"}, {"seconds": 1, "nanos": 0}
    for method, path, body, text in (
        ("PUT", f"/members/{ada}", {}, "name: is needed, or email"),
        ("PUT", f"/members/{ada}", {"id": "other", "name": "x"}, "id: must be the id in the path"),
        ("PUT", f"/members/{ada}", {"name": ""}, "name: at least one visible character"),
        ("POST", f"/members/{ada}/merge", {"into": ada}, "into: must be another member"),
        ("POST", f"/members/{ada}/merge", {"into": "x"}, "into: is not the id of a member"),
        ("PUT", "/speakers", {"speakerEvents": []}, "speakerEvents"),
        ("PUT", "/speakers", {"speakerEvents": [{"type": "spoke", "user": user, "offset": at}]}, "speakerEvents.0.type"),
        ("PUT", "/speakers", {"speakerEvents": [{"type": "started_speaking", "user": {}, "offset": at}]}, "speakerEvents.0.user"),
        ("PUT", "/speakers", {"speakerEvents": [{"type": "stopped_speaking", "user": user, "offset": at}]}, "speakerEvents.0"),
        ("PUT", "/speakers", {"speakerEvents": [{"type": "started_speaking", "user": user, "offset": {"nanos": -1}}]}, "offset.nanos"),
        ("PATCH", f"/messages/{message}", {"text": " "}, "text: at least one character"),
        ("PATCH", f"/messages/{message}", {"text": "x" * 20_001}, "text: at most 20000 characters"),
        ("PATCH", f"/messages/{message}", {"words": "x"}, "words"),
        ("POST", f"/messages/{message}/split", {"offset": 0}, "offset: must leave text on both sides"),
        ("POST", f"/messages/{message}/split", {"offset": 10**400}, "offset"),
        ("PATCH", f"/insights/{insight}", {"review": "liked"}, "review"),
        ("PATCH", f"/insights/{insight}", {"dueBy": "0001-01-01T00:00:00+14:00"}, "dueBy"),
        ("POST", "/insights", {"type": "joke", "messageId": message}, "type: 'joke' is no kind of insight; there are question"),
    ):
        assert text in api.send(method, path, body, 400)["message"], path
    assert Change.objects.count() == 0


def test_unknown_ids_and_other_accounts_get_404(api: Api, talk: Conversation, other_owner: User, people: dict[str, str]) -> None:
    """A row of another conversation or of nobody does not exist; another account finds no conversation."""
    stranger = Api(token_of(other_owner), talk.id)
    event = {"type": "started_speaking", "user": {"name": "Ada"}, "offset": {"seconds": 1}}
    message, insight = api.read("/messages")["messages"][0]["id"], api.read("/insights")["insights"][0]["id"]
    calls = (
        ("PUT", "/members/{}", people["Ada"], {"name": "x"}),
        ("POST", "/members/{}/merge", people["Ada"], {"into": people["Ben"]}),
        ("PATCH", "/messages/{}", message, {"text": "x"}),
        ("POST", "/messages/{}/split", message, {"offset": 3}),
        ("POST", "/messages/{}/join", message, {}),
        ("PATCH", "/insights/{}", insight, {"done": True}),
    )
    for method, path, known, body in calls:
        for identity in (str(uuid4()), "x"):
            assert "is either invalid or does not exist." in api.send(method, path.format(identity), body, 404)["message"]
        assert stranger.send(method, path.format(known), body, 404)["message"].startswith("The conversationId")
    api.send("PATCH", f"/messages/{message}", {"memberId": str(uuid4())}, 404)
    api.send("POST", "/insights", {"type": "question", "messageId": str(uuid4())}, 404)
    stranger.send("PUT", "/speakers", {"speakerEvents": [event]}, 404)
    stranger.send("POST", "/insights", {"type": "question", "messageId": message}, 404)
    assert Change.objects.count() == 0
