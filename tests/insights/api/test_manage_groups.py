"""/v1/manage/group(s) and the conversations of a group."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from insights.models import Conversation
from tests.insights.api.conftest import Api

JOHN = {"name": "Calls made by John", "description": "All of John Doe", "criteria": "conversation.metadata.agentId==johndoe"}
UNKNOWN = {"message": "The groupId is either invalid or does not exist."}


def created(account: Api, **fields: object) -> dict[str, Any]:
    """Create a group and return it."""
    response = account.request("POST", "/group", {**JOHN, **fields})
    assert response.status_code == 200, response.content
    return dict(response.json()["group"])


def test_create_read_change_and_delete(account: Api, other_account: Api) -> None:
    """Symbl's calls; other accounts do not see the group."""
    one = created(account)
    assert one == {**JOHN, "id": one["id"]}
    assert account.read("/groups") == {"groups": [one]}
    assert account.read(f"/group/{one['id']}") == {"group": one}
    changed = account.request("PUT", f"/group/{one['id']}", {**one, "name": "John"}).json()["group"]
    assert changed == {**one, "name": "John"}
    assert other_account.read("/groups") == {"groups": []}
    for method, body in (("GET", None), ("PUT", JOHN), ("DELETE", None)):
        answer = other_account.request(method, f"/group/{one['id']}", body)
        assert (answer.status_code, answer.json()) == (404, UNKNOWN)
    assert account.request("DELETE", f"/group/{one['id']}").json() == {"id": one["id"], "type": "group", "deleted": True}
    assert account.read("/groups") == {"groups": []}


def test_create_several(account: Api) -> None:
    """A list gives a list, all or none; an error names the place."""
    made = account.request("POST", "/groups", [JOHN, {**JOHN, "name": "Other"}]).json()["groups"]
    assert [one["name"] for one in made] == ["Calls made by John", "Other"]
    answer = account.request("POST", "/groups", [JOHN, {**JOHN, "criteria": "nothing"}])
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("[1].criteria: ")
    assert len(account.read("/groups")["groups"]) == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"description": "x" * 513}, "description"),
        ({"criteria": ""}, "criteria"),
        ({"criteria": "conversation.colour==red"}, "criteria"),
        ({"criteria": "name=="}, "criteria"),
        ({"criteria": 5}, "criteria"),
    ],
)
def test_invalid_groups(account: Api, fields: dict[str, object], field: str) -> None:
    """400 names the field."""
    answer = account.request("POST", "/group", {**JOHN, **fields})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"{field}: ")


def test_conversations_of_a_group(account: Api, other_account: Api, owner: User, other_owner: User) -> None:
    """The account's conversations that fulfil the criteria, with the filters and the paging of the list."""
    now = timezone.now()
    for number, (user, agent) in enumerate([(owner, "johndoe"), (owner, "jane"), (owner, "johndoe"), (other_owner, "johndoe")]):
        Conversation.objects.create(
            owner=user,
            connection_id=str(number),
            name=f"Call {number}",
            started_at=now - timedelta(hours=9 - number),
            metadata={"agentId": agent},
        )
    group, either = created(account), created(account, criteria="metadata.agentId==jane or name=='Call 0'")
    account.root = "/v1/groups"
    names = [one["name"] for one in account.read(f"/{group['id']}/conversations")["conversations"]]
    assert names == ["Call 0", "Call 2"]
    assert [one["name"] for one in account.read(f"/{either['id']}/conversations", order="desc")["conversations"]] == ["Call 1", "Call 0"]
    page = account.read(f"/{group['id']}/conversations", order="desc", limit=1)["conversations"]
    assert [(one["name"], one["metadata"]) for one in page] == [("Call 2", {"agentId": "johndoe"})]
    filtered = account.read(f"/{group['id']}/conversations", filter="name=='Call 0'")["conversations"]
    assert [one["name"] for one in filtered] == ["Call 0"]
    other_account.root = "/v1/groups"
    assert other_account.get(f"/{group['id']}/conversations").status_code == 404
