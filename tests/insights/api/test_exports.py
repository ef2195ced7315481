"""/v1/exports: start, list, download and remove exports."""

import json
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from insights import access, jobs, recorder
from insights.jobs import export_requests
from insights.models import Conversation, Message
from tests.insights.api.conftest import Api, token_of
from tests.insights.conftest import Say
from tests.insights.jobs.test_export import stored

__all__ = ["stored"]
pytestmark = pytest.mark.django_db(transaction=True)
SAID = "I will send the zeppelin report tomorrow."


@pytest.fixture
def mine(owner: User, say: Say) -> Api:
    """The API as the owner of a conversation sees it."""
    say(SAID)
    api = Api(token_of(owner))
    api.root = "/v1"
    return api


def send(api: Api, method: str, path: str, body: object = None) -> tuple[int, dict[str, object]]:
    """Send a request with a token."""
    headers = {"Authorization": f"Bearer {api.token}"}
    response = api.client.generic(method, f"/v1{path}", "" if body is None else json.dumps(body), "application/json", headers=headers)
    return response.status_code, response.json()


def test_from_the_request_to_the_file(mine: Api) -> None:
    """The job makes the file; it is downloaded under its name, and gone after its removal."""
    one = Conversation.objects.get()
    status, made = send(mine, "POST", "/exports", {"conversationIds": [str(one.pk)], "format": "txt"})
    assert (status, made["jobId"]) == (201, made["exportId"])
    path = f"/exports/{made['exportId']}"
    assert send(mine, "GET", f"{path}/file")[0] == 410
    assert send(mine, "GET", path)[1]["state"] == "scheduled"
    jobs.run_waiting()
    assert mine.read(f"/job/{made['jobId']}")["status"] == "completed"
    (listed,) = mine.read("/exports")["exports"]
    assert (listed["state"], listed["format"], listed["conversations"]) == ("ready", "txt", 1)
    response = mine.client.get(f"/v1{path}/file", headers={"Authorization": f"Bearer {mine.token}"})
    assert SAID in response.getvalue().decode()
    assert response["Content-Disposition"] == f'attachment; filename="{one.pk}.txt"'
    assert int(response["Content-Length"]) == listed["size"] == len(response.getvalue())
    assert send(mine, "DELETE", path) == (200, {"message": "The export was removed."})
    assert send(mine, "GET", f"{path}/file") == (410, {"message": "The file was removed."})
    assert mine.read(path)["state"] == "removed"


def test_refusals(mine: Api, other_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others' conversations and exports do not exist; formats are checked; limits get 429."""
    one = str(Conversation.objects.get().pk)
    body = {"conversationIds": [one], "format": "txt"}
    stranger = Api(token_of(other_user))
    assert send(stranger, "POST", "/exports", body)[0] == 404
    assert send(mine, "POST", "/exports", {**body, "conversationIds": [one, "12"]})[0] == 404
    assert send(mine, "POST", "/exports", {**body, "conversationIds": ["²"]})[0] == 404
    assert send(mine, "POST", "/exports", {**body, "conversationIds": []})[0] == 400
    status, problem = send(mine, "POST", "/exports", {**body, "format": "exe"})
    assert (status, "format" in str(problem["message"])) == (400, True)
    export = send(mine, "POST", "/exports", body)[1]["exportId"]
    jobs.run_waiting()
    for identity in (export, uuid4(), "x"):
        for method, rest in (("GET", ""), ("GET", "/file"), ("DELETE", "")):
            assert send(stranger, method, f"/exports/{identity}{rest}")[0] == 404
    assert send(stranger, "GET", "/exports") == (200, {"exports": []})
    monkeypatch.setattr(export_requests, "MOST_READY", 1)
    assert send(mine, "POST", "/exports", body)[0] == 429


def test_a_deletion_is_named(mine: Api, owner: User) -> None:
    """After a message was deleted the file gets 410 with the reason."""
    one = Conversation.objects.get()
    export = send(mine, "POST", "/exports", {"conversationIds": [str(one.pk)]})[1]["exportId"]
    jobs.run_waiting()
    recorder.delete_message(one.pk, Message.objects.get().pk, owner.pk)
    status, problem = send(mine, "GET", f"/exports/{export}/file")
    assert (status, "were deleted" in str(problem["message"])) == (410, True)
    assert "were deleted" in mine.read(f"/exports/{export}")["reason"]


def test_scopes(mine: Api, owner: User) -> None:
    """A token that may only read can export and download."""
    app, secret = access.create_app(owner, "reader", scopes=frozenset({"read"}))
    reader = Api(access.token_for(app.app_id, secret).access_token)
    status, made = send(reader, "POST", "/exports", {"conversationIds": [str(Conversation.objects.get().pk)]})
    assert status == 201
    jobs.run_waiting()
    assert reader.client.get(f"/v1/exports/{made['exportId']}/file", headers={"Authorization": f"Bearer {reader.token}"}).status_code == 200
