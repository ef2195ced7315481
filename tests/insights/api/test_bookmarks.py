"""/bookmarks, their summaries, and the events of their changes."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from insights import recorder
from insights.models import Bookmark, BookmarkReference, Conversation, Event
from insights.recorder.edits import bookmarks as module
from tests.insights.api.conftest import Api, token_of

USER = {"name": "David", "userId": "MyUserId", "email": "david@example.com"}
UNKNOWN = {"message": "The bookmarkId is either invalid or does not exist."}


def created(api: Api, **fields: object) -> dict[str, Any]:
    """Set a bookmark and return it."""
    response = api.request("POST", "/bookmarks", {"label": "MyLabel", "description": "MyDescription", "user": USER, **fields})
    assert response.status_code == 200, response.content
    made = dict(response.json())
    assert made.pop("changeId").isdigit()
    return made


def test_by_messages(api: Api) -> None:
    """The bookmark has its messages, and whole seconds that enclose them (the only numbers that Symbl's Go SDK reads)."""
    said = api.read("/messages")["messages"]
    one = created(api, messageRefs=[{"id": said[1]["id"]}])
    (reference,) = one["messageRefs"]
    assert reference == {key: said[1][key] for key in ("id", "text", "startTime", "endTime")}
    assert (one["label"], one["description"], one["user"]) == ("MyLabel", "MyDescription", USER)
    begin, end = said[1]["timeOffset"], said[1]["timeOffset"] + said[1]["duration"]
    assert isinstance(one["beginTimeOffset"], int)
    assert one["beginTimeOffset"] <= begin < end <= one["beginTimeOffset"] + one["duration"] < end + 2
    assert api.read("/bookmarks") == {"bookmarks": [one]}
    assert api.read(f"/bookmarks/{one['id']}") == one
    assert api.read(f"/bookmarks/{one['id']}", shape="go") == {"bookmarks": [one]}


def test_by_time(api: Api) -> None:
    """The bookmark has the messages that touch its stretch of time."""
    said = api.read("/messages")["messages"]
    last = max(one["timeOffset"] + one["duration"] for one in said)
    one = created(api, beginTimeOffset=0, duration=round(last) + 1)
    assert {reference["id"] for reference in one["messageRefs"]} == {message["id"] for message in said}
    middle = said[1]["timeOffset"] + 0.2
    part = created(api, beginTimeOffset=middle, duration=0.1)
    assert [reference["id"] for reference in part["messageRefs"]] == [said[1]["id"]]
    assert part["beginTimeOffset"] == middle
    assert created(api, beginTimeOffset=5000, duration=10)["messageRefs"] == []
    assert created(api, duration=1)["beginTimeOffset"] == 0


def test_change_and_delete(api: Api) -> None:
    """What is not given stays; messages replace a stretch of time and the reverse."""
    said = api.read("/messages")["messages"]
    one = created(api, beginTimeOffset=22, duration=33)
    changed = api.request("PUT", f"/bookmarks/{one['id']}", {"description": "Updated"}).json()
    assert changed == {**one, "description": "Updated", "changeId": changed["changeId"]}
    changed = api.request("PUT", f"/bookmarks/{one['id']}", {"messageRefs": [{"id": said[0]["id"]}]}).json()
    assert [reference["id"] for reference in changed["messageRefs"]] == [said[0]["id"]]
    changed = api.request("PUT", f"/bookmarks/{one['id']}", {"beginTimeOffset": 1, "duration": 2}).json()
    assert (changed["beginTimeOffset"], changed["duration"]) == (1, 2)
    assert not BookmarkReference.objects.exists()
    answer = api.request("DELETE", f"/bookmarks/{one['id']}").json()
    assert answer == {"id": one["id"], "type": "bookmark", "deleted": True, "changeId": answer["changeId"]}
    assert api.read("/bookmarks") == {"bookmarks": []}
    assert len(api.read("/messages")["messages"]) == len(said)


def test_each_edit_can_be_undone(api: Api) -> None:
    """Undoing a deletion, a change and the setting restores each former state."""
    said = api.read("/messages")["messages"]
    one = created(api, beginTimeOffset=1, duration=2)
    changed = api.request("PUT", f"/bookmarks/{one['id']}", {"label": "New", "messageRefs": [{"id": said[0]["id"]}]}).json()
    same = api.request("PUT", f"/bookmarks/{one['id']}", {"label": "New"}).json()
    assert "changeId" not in same
    deleted = api.request("DELETE", f"/bookmarks/{one['id']}").json()
    api.request("POST", f"/changes/{deleted['changeId']}/undo")
    assert api.read(f"/bookmarks/{one['id']}") == same
    api.request("POST", f"/changes/{changed['changeId']}/undo")
    assert api.read(f"/bookmarks/{one['id']}") == one
    first = api.read("/changes")["changes"][0]
    assert first["kind"] == "bookmark"
    assert api.request("POST", f"/changes/{first['id']}/undo").status_code == 200
    assert api.read("/bookmarks") == {"bookmarks": []}


def test_each_change_is_an_event_with_its_user(api: Api, talk: Conversation) -> None:
    """Setting, changing and deleting are numbered events; one that is refused is none."""
    before = Event.objects.filter(conversation=talk).count()
    one = created(api, beginTimeOffset=1, duration=2)
    api.request("PUT", f"/bookmarks/{one['id']}", {"label": "New"})
    api.request("PUT", f"/bookmarks/{one['id']}", {"label": ""})
    api.request("DELETE", f"/bookmarks/{one['id']}")
    events = api.read("/events", after=before)["events"]
    assert [event["kind"] for event in events] == ["bookmark_changed", "bookmark_changed", "bookmark_deleted"]
    assert events[1]["payload"]["bookmark"]["label"] == "New"
    assert [event["payload"]["changedBy"] for event in events] == ["owner"] * 3
    assert events[2]["payload"]["bookmarkId"] == one["id"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"label": ""}, '"label" is not allowed to be empty'),
        ({"label": "x" * 257}, "label: may have at most 256 characters"),
        ({"description": "x" * 2001}, "description: may have at most 2000 characters"),
        ({"beginTimeOffset": None, "duration": None}, "messageRefs: give either messageRefs, or beginTimeOffset and duration"),
        ({"messageRefs": [{"id": "00000000-0000-0000-0000-000000000000"}]}, "give either messageRefs"),
        ({"beginTimeOffset": -1}, "beginTimeOffset: must be a number of seconds, 0 or more"),
        ({"beginTimeOffset": float("inf")}, "beginTimeOffset: "),
        ({"duration": float("nan")}, "duration: "),
        ({"messageRefs": [{"id": "no"}]}, "messageRefs.0.id"),
    ],
)
def test_invalid_bookmarks(api: Api, fields: dict[str, object], message: str) -> None:
    """400 names the field; nothing is stored."""
    answer = api.request("POST", "/bookmarks", {"label": "L", "beginTimeOffset": 1, "duration": 1, **fields})
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert not Bookmark.objects.exists()


def test_messages_of_another_conversation(api: Api) -> None:
    """They cannot be bookmarked."""
    answer = api.request("POST", "/bookmarks", {"label": "L", "messageRefs": [{"id": "00000000-0000-0000-0000-000000000000"}]})
    assert answer.status_code == 400
    assert answer.json()["message"] == "messageRefs[0].id: is not the id of a message of this conversation"


def test_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversation has at most MOST bookmarks."""
    monkeypatch.setattr(module, "MOST", 1)
    created(api, duration=1)
    assert "at most 1 bookmarks" in api.request("POST", "/bookmarks", {"label": "L", "duration": 1}).json()["message"]


def test_unknown_bookmarks_and_other_owners(api: Api, other_owner: User, talk: Conversation) -> None:
    """404 for an unknown id; to another account neither the conversation nor its bookmarks exist."""
    one = created(api, duration=1)
    for identity in ("1", "nothing", "9" * 40):
        for method, body in (("GET", None), ("PUT", {"label": "L"}), ("DELETE", None)):
            answer = api.request(method, f"/bookmarks/{identity}", body)
            assert (answer.status_code, answer.json()) == (404, UNKNOWN)
        assert api.get(f"/bookmarks/{identity}/summary").status_code == 404
    other = Api(token_of(other_owner), talk.id)
    for method, path in (
        ("POST", ""),
        ("GET", ""),
        ("PUT", f"/{one['id']}"),
        ("DELETE", f"/{one['id']}"),
        ("GET", f"/{one['id']}/summary"),
    ):
        answer = other.request(method, f"/bookmarks{path}", {"label": "L", "duration": 1})
        assert answer.status_code == 404
        assert "conversationId" in answer.json()["message"]


def test_summaries(api: Api) -> None:
    """A summary has messages of its bookmark only, with times; all summaries come under their bookmarks' ids."""
    said = {one["id"]: one for one in api.read("/messages")["messages"]}
    budget = next(one for one in said.values() if "budget report" in one["text"])
    first = created(api, messageRefs=[{"id": budget["id"]}])
    nothing = created(api, beginTimeOffset=5000, duration=1)
    (sentence,) = api.read(f"/bookmarks/{first['id']}/summary")["summary"]
    assert sentence == {
        "id": budget["id"],
        "text": budget["text"],
        "messageRefs": [{"id": budget["id"]}],
        "startTime": budget["startTime"],
        "endTime": budget["endTime"],
        "bookmarkReference": {"id": first["id"]},
    }
    assert api.read("/bookmarks-summary")["bookmarksSummary"] == [
        {"bookmarkId": first["id"], "summary": [sentence]},
        {"bookmarkId": nothing["id"], "summary": []},
    ]


def test_the_number_of_queries_is_fixed(api: Api, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    """Ten bookmarks take as many queries as one."""
    said = [one["id"] for one in api.read("/messages")["messages"]]
    for number in range(10):
        created(api, **({"messageRefs": [{"id": said[0]}]} if number % 2 else {"duration": number}))
    with django_assert_max_num_queries(7):
        assert len(api.read("/bookmarks")["bookmarks"]) == 10
    with django_assert_max_num_queries(8):
        assert len(api.read("/bookmarks-summary")["bookmarksSummary"]) == 10


def test_they_are_removed_with_their_conversation(api: Api, talk: Conversation) -> None:
    """Nothing of them is left."""
    created(api, messageRefs=[{"id": api.read("/messages")["messages"][0]["id"]}])
    api.request("POST", "/experiences", {"name": "text-summary"})
    recorder.delete_conversation(talk.pk)
    recorder.continue_deletions()
    assert not Bookmark.objects.exists()
    assert not BookmarkReference.objects.exists()
