"""/v1/manage/tracker(s): the trackers of an account and the managed ones."""

import threading
from typing import Any

import pytest

from insights.managed import locks
from insights.models import AccountTracker
from tests.insights.api.conftest import Api

PROMOTION = {"name": "Promotion Mention", "vocabulary": ["We have a sale right now on", "special promotion"]}
PATHS = ("/tracker", "/trackers")
UNKNOWN = {"message": "The trackerId is either invalid or does not exist."}


def created(account: Api, **fields: object) -> dict[str, Any]:
    """Create a tracker and return it."""
    response = account.request("POST", "/tracker", {**PROMOTION, **fields})
    assert response.status_code == 200, response.content
    return dict(response.json()["tracker"])


def test_all_managed_trackers(account: Api) -> None:
    """The list under `trackers` has each managed tracker, marked as read-only."""
    trackers = account.read("/trackers")["trackers"]
    assert len(trackers) == 20
    assert {"id", "name", "vocabulary", "description", "categories", "languages", "readOnly"} == trackers[0].keys()
    assert all(one["readOnly"] and one["id"].startswith("managed-") for one in trackers)


@pytest.mark.parametrize("path", PATHS)
def test_one_by_name_or_id(account: Api, path: str) -> None:
    """A name selects a list of one tracker, an id selects one tracker, and an unknown id gets 404; both paths do the same."""
    (one,) = account.read(path, name="Escalation")["trackers"]
    assert account.read(f"{path}/{one['id']}")["tracker"] == one
    assert account.read(path, name="escalation")["trackers"] == []
    answer = account.get(f"{path}/nothing")
    assert answer.status_code == 404
    assert answer.json() == UNKNOWN


@pytest.mark.parametrize("path", PATHS)
def test_managed_trackers_are_read_only(account: Api, path: str) -> None:
    """Changing and deleting a managed tracker gets 403 with a way out."""
    for method, body in (("PUT", PROMOTION), ("PATCH", [{"op": "remove", "path": "/description"}]), ("DELETE", None)):
        answer = account.request(method, f"{path}/managed-pricing", body)
        assert answer.status_code == 403
        assert "read-only" in answer.json()["message"]


@pytest.mark.parametrize("path", PATHS)
def test_create_read_and_delete(account: Api, other_account: Api, path: str) -> None:
    """A tracker has an id of 16 digits and times, comes first in the list, and does not exist for other accounts."""
    response = account.request("POST", path, PROMOTION)
    assert response.status_code == 200
    one = response.json()["tracker"]
    assert (one["name"], one["vocabulary"], one["readOnly"]) == (PROMOTION["name"], PROMOTION["vocabulary"], False)
    assert (one["description"], one["categories"], one["languages"]) == ("", [], ["en-US"])
    assert one["id"].isdigit()
    assert len(one["id"]) == 16
    assert one["createdOn"].endswith("Z")
    assert account.read(path)["trackers"][0] == one
    assert account.read(f"{path}/{one['id']}")["tracker"] == one
    assert len(other_account.read(path)["trackers"]) == 20
    for method, body in (("GET", None), ("PUT", PROMOTION), ("PATCH", [{"op": "remove", "path": "/description"}]), ("DELETE", None)):
        answer = other_account.request(method, f"{path}/{one['id']}", body)
        assert (answer.status_code, answer.json()) == (404, UNKNOWN)
    answer = account.request("DELETE", f"{path}/{one['id']}")
    assert (answer.status_code, answer.json()) == (200, {"id": one["id"], "type": "tracker", "deleted": True})
    assert account.get(f"{path}/{one['id']}").status_code == 404


def test_create_in_bulk(account: Api) -> None:
    """A list gives a list, all or none; an error names the place."""
    second = {"name": "Voice Message", "vocabulary": ["Please leave message"], "description": "Not a person", "categories": ["calls"]}
    response = account.request("POST", "/trackers", [PROMOTION, second])
    assert [one["name"] for one in response.json()["trackers"]] == ["Promotion Mention", "Voice Message"]
    answer = account.request("POST", "/trackers", [{"name": "A", "vocabulary": ["a"]}, {"name": "B", "vocabulary": ["what?"]}])
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("[1].vocabulary[0]: only letters")
    assert AccountTracker.objects.count() == 2
    assert account.request("POST", "/trackers", []).status_code == 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"vocabulary": ["a"]}, "name: Field required"),
        ({"name": "A"}, "vocabulary: Field required"),
        ({"name": 5, "vocabulary": ["a"]}, "name: "),
        ({"name": "A", "vocabulary": "a"}, "vocabulary: "),
        ({"name": "A", "vocabulary": []}, "vocabulary: must have 1 to 50 items, not 0"),
        ({"name": "A", "vocabulary": ["a", "a"]}, "vocabulary[1]: is the same as vocabulary[0]"),
        ("not JSON", ""),
        ('{"name": "A", "vocabulary": ["\\ud800"]}', ""),
    ],
)
def test_invalid_trackers(account: Api, body: object, message: str) -> None:
    """400 names the field."""
    answer = account.request("POST", "/tracker", body)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_a_name_that_exists(account: Api) -> None:
    """409 for the same name; the same name in another case is another tracker."""
    created(account)
    answer = account.request("POST", "/tracker", PROMOTION)
    assert answer.status_code == 409
    assert "'Promotion Mention' exists already" in answer.json()["message"]
    other = created(account, name="promotion mention")
    assert account.request("PUT", f"/tracker/{other['id']}", {"name": "Promotion Mention"}).status_code == 409


def test_more_than_1_mb(account: Api) -> None:
    """413, before anything else is checked."""
    answer = account.request("POST", "/trackers", [{"name": "A", "vocabulary": ["a" * 1_100_000]}])
    assert answer.status_code == 413
    assert "1 MB" in answer.json()["message"]


def test_put_replaces_the_given_fields(account: Api) -> None:
    """The body of Symbl's sample has the id, too; fields that are left out stay."""
    one = created(account, description="Sales")
    answer = account.request("PUT", f"/tracker/{one['id']}", {"id": one["id"], "name": "Sale", "vocabulary": ["flash sale"]})
    changed = answer.json()["tracker"]
    assert changed == {**one, "name": "Sale", "vocabulary": ["flash sale"], "updatedOn": changed["updatedOn"]}
    assert changed["updatedOn"] > one["updatedOn"]
    answer = account.request("PUT", f"/tracker/{one['id']}", {"vocabulary": ["!"]})
    assert answer.status_code == 400


def test_patch(account: Api) -> None:
    """The operations of Symbl's Go SDK, whose values are texts: one item, or a list as JSON."""
    one = created(account, vocabulary=["a", "b"])
    steps = [
        {"op": "replace", "path": "/description", "value": "Updated Description"},
        {"op": "add", "path": "/vocabulary", "value": "c"},
        {"op": "remove", "path": "/vocabulary", "value": "a"},
        {"op": "replace", "path": "/categories", "value": '["x", "y"]'},
        {"op": "add", "path": "/languages", "value": ["de-DE"]},
    ]
    changed = account.request("PATCH", f"/trackers/{one['id']}", steps).json()["tracker"]
    assert changed["description"] == "Updated Description"
    assert changed["vocabulary"] == ["b", "c"]
    assert changed["categories"] == ["x", "y"]
    assert changed["languages"] == ["en-US", "de-DE"]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"op": "move", "path": "/name", "value": "a"}, "[0].op: must be one of add, replace, remove"),
        ({"op": "add", "path": "/id", "value": "a"}, "[0].path: must be one of /name, /description, /categories, /languages, /vocabulary"),
        ({"op": "remove", "path": "/name"}, "[0]: a tracker needs its name"),
        ({"op": "replace", "path": "/name", "value": ["a"]}, "[0].value: must be a text"),
        ({"op": "remove", "path": "/vocabulary", "value": "z"}, "[0].value: is not in the list"),
        ({"op": "remove", "path": "/vocabulary"}, "vocabulary: must have 1 to 50 items, not 0"),
        ({"op": "add", "path": "/vocabulary", "value": "[1]"}, "[0].value: must be a list of texts"),
        ({"op": "add", "path": "/vocabulary", "value": "[" * 100_000}, "[0].value: begins with [ but is not a list"),
    ],
)
def test_invalid_patches(account: Api, step: dict[str, object], message: str) -> None:
    """400 names the operation; nothing changes."""
    one = created(account)
    answer = account.request("PATCH", f"/trackers/{one['id']}", [step])
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert account.read(f"/tracker/{one['id']}")["tracker"] == one


@pytest.mark.django_db(transaction=True)
def test_one_write_at_a_time(account: Api, owner: Any) -> None:
    """A second request of the account meanwhile gets 429 in Symbl's form; reading and deleting work."""
    one = created(account)
    writing, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locks._writing_lock:
            locks._writing.add(owner.pk)
        writing.set()
        done.wait(60)
        with locks._writing_lock:
            locks._writing.discard(owner.pk)

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert writing.wait(60)
        answer = account.request("POST", "/tracker", {**PROMOTION, "name": "Other"})
        assert answer.status_code == 429
        assert answer.json()["statusCode"] == 429
        assert "1 concurrent request" in answer.json()["message"]
        assert account.request("DELETE", f"/tracker/{one['id']}").status_code == 200
    finally:
        done.set()
        other.join()
    created(account, name="Other")
