"""PUT of a conversation, the list of changes, and undoing one."""

from django.contrib.auth.models import User
from django.test import Client

from insights.models import Conversation
from tests.insights.api.conftest import Api, token_of


def test_metadata_is_put(api: Api, talk: Conversation) -> None:
    """The answer has id and metadata; the conversation shows both, and a second call adds to the first."""
    answer = api.send("PUT", body={"metadata": {"agent": "Jane"}})
    assert (answer["id"], answer["metadata"]) == (str(talk.id), {"agent": "Jane"})
    assert api.send("PUT", body={"metadata": {"case": "7"}, "name": "Budget"})["metadata"] == {"agent": "Jane", "case": "7"}
    shown = api.read()
    assert (shown["metadata"], shown["name"]) == ({"agent": "Jane", "case": "7"}, "Budget")


def test_changes_are_listed_and_undone(api: Api, talk: Conversation) -> None:
    """A change has who, when, before and after; undone it names the change that undid it."""
    change = api.send("PUT", body={"name": "Budget"})["changeId"]
    (listed,) = api.read("/changes")["changes"]
    assert (listed["id"], listed["kind"], listed["target"], listed["changedBy"]) == (change, "conversation", str(talk.id), "owner")
    assert listed["after"] == {f"conversation:{talk.id}": {"name": "Budget"}}
    assert listed["changedAt"].endswith("Z")
    undone = api.send("POST", f"/changes/{change}/undo")["changeId"]
    assert api.read()["name"] == talk.name
    first, second = api.read("/changes")["changes"]
    assert (first["undoneBy"], second["undoes"]) == (undone, change)
    assert [one["id"] for one in api.read("/changes", after=change, limit=5)["changes"]] == [undone]
    assert "is undone already" in api.send("POST", f"/changes/{change}/undo", status=409)["message"]


def test_invalid_requests_name_the_field(api: Api) -> None:
    """Wrong bodies get 400 with the field; unknown changes get 404."""
    for body, text in (
        ({}, "metadata: is needed"),
        ({"metadata": {"a": 5}}, "metadata.a"),
        ({"metadata": {"a": "x" * 129}}, "metadata.a: at most 128 characters"),
        ({"metadata": [1]}, "metadata"),
        ({"nam": "x"}, "nam"),
        ({"name": ""}, "name: at least one visible character"),
    ):
        assert text in api.send("PUT", body=body, status=400)["message"]
    for change in ("0", "x", "9" * 40):
        assert api.send("POST", f"/changes/{change}/undo", status=404)["message"].startswith("The changeId is either")


def test_others_find_nothing(api: Api, talk: Conversation, other_owner: User) -> None:
    """Another account gets the same 404 as for an unknown conversation, and changes nothing."""
    change = api.send("PUT", body={"name": "Budget"})["changeId"]
    stranger = Api(token_of(other_owner), talk.id)
    for method, path, body in (("PUT", "", {"name": "Mine"}), ("POST", f"/changes/{change}/undo", {})):
        assert stranger.send(method, path, body, status=404)["message"] == "The conversationId is either invalid or does not exist."
    talk.refresh_from_db()
    assert talk.name == "Budget"


def test_pages_of_other_origins_may_edit_with_a_token() -> None:
    """The preflight allows all methods of the API."""
    allowed = Client().options("/v1/conversations/1")["Access-Control-Allow-Methods"]
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(allowed.split(", "))
