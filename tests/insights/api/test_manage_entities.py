"""/v1/manage/entities and /v1/manage/vocabulary."""

from typing import Any

import pytest

from tests.insights.api.conftest import Api

HONDA = {"type": "Vehicle", "subType": "Honda", "category": "Custom", "values": ["hrv", "crv"]}
UNKNOWN = {"message": "The entityId is either invalid or does not exist."}


def bulk(account: Api, *wanted: dict[str, object]) -> list[dict[str, Any]]:
    """Create entities as Symbl's Go SDK does and return them."""
    response = account.request("POST", "/entities/bulk", list(wanted))
    assert response.status_code == 200, response.content
    return list(response.json()["entities"])


def test_create_read_change_and_delete(account: Api, other_account: Api) -> None:
    """The calls of Symbl's Go SDK; other accounts do not see the entity."""
    assert account.read("/entities") == {"entities": []}
    (one,) = bulk(account, HONDA)
    assert one == {**HONDA, "id": one["id"]}
    assert account.read("/entities") == {"entities": [one]}
    assert account.read(f"/entities/{one['id']}") == one
    changed = account.request("PUT", f"/entities/{one['id']}", {**HONDA, "values": ["hrv", "crv", "crx"]}).json()["entity"]
    assert changed == {**one, "values": ["hrv", "crv", "crx"]}
    assert other_account.read("/entities") == {"entities": []}
    for method, body in (("GET", None), ("PUT", HONDA), ("DELETE", None)):
        answer = other_account.request(method, f"/entities/{one['id']}", body)
        assert (answer.status_code, answer.json()) == (404, UNKNOWN)
    assert account.request("DELETE", f"/entities/{one['id']}").json() == {"id": one["id"], "type": "entity", "deleted": True}
    assert account.read("/entities") == {"entities": []}


def test_one_without_a_list(account: Api) -> None:
    """An object gives an object; the category is optional."""
    response = account.request("POST", "/entities", {"type": "Vehicle", "subType": "Honda", "values": ["hrv"]})
    assert response.json()["entity"]["category"] == "Custom"


def test_by_sub_type(account: Api, other_account: Api) -> None:
    """`?subType=` selects what is listed and what is deleted."""
    first, second = bulk(account, HONDA, {**HONDA, "subType": "Toyota"})
    bulk(other_account, HONDA)
    assert account.read("/entities", subType="Toyota") == {"entities": [second]}
    answer = account.request("DELETE", "/entities?subType=Honda")
    assert answer.json() == {"ids": [first["id"]], "type": "entity", "deleted": True}
    assert account.read("/entities") == {"entities": [second]}
    assert len(other_account.read("/entities")["entities"]) == 1
    assert account.request("DELETE", "/entities?subType=Honda").status_code == 404
    assert account.request("DELETE", "/entities").status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ([{**HONDA, "values": []}], 400, "values: must have 1 to 1000 items, not 0"),
        ([{"type": "a", "subType": "b"}], 400, "list.0.values: Field required"),
        ([HONDA, HONDA], 409, "two of the entities have the same type and subType"),
        ([{**HONDA, "subType": "\u200b"}], 400, "subType: must have at least one visible character"),
        ([], 400, ""),
        ([{**HONDA, "values": ["x" * 1_100_000]}], 413, "1 MB"),
    ],
)
def test_invalid_entities(account: Api, body: object, status: int, message: str) -> None:
    """The error names the field; nothing is stored."""
    answer = account.request("POST", "/entities/bulk", body)
    assert answer.status_code == status
    assert message in answer.json()["message"]
    assert account.read("/entities") == {"entities": []}


def test_an_existing_sub_type(account: Api) -> None:
    """409 for a second entity with the same type and subtype."""
    bulk(account, HONDA)
    answer = account.request("POST", "/entities/bulk", [HONDA])
    assert answer.status_code == 409
    assert "type 'Vehicle' and subType 'Honda' exists already" in answer.json()["message"]


def test_vocabulary(account: Api, other_account: Api) -> None:
    """It is replaced as a whole; an invalid phrase changes nothing."""
    assert account.read("/vocabulary") == {"vocabulary": []}
    assert account.request("PUT", "/vocabulary", {"vocabulary": ["Kubernetes", "Zoé"]}).json() == {"vocabulary": ["Kubernetes", "Zoé"]}
    answer = account.request("PUT", "/vocabulary", {"vocabulary": ["Django", "9"]})
    assert answer.status_code == 400
    assert answer.json()["message"] == "vocabulary[1]: must have at least one letter"
    assert account.read("/vocabulary") == {"vocabulary": ["Kubernetes", "Zoé"]}
    assert other_account.read("/vocabulary") == {"vocabulary": []}
