"""The pages of trackers, vocabulary, entities and groups below /settings/."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights import managed
from insights.managed import GroupFields, TrackerFields
from tests.insights.portal.conftest import MakeConversation

FORMS: dict[str, dict[str, str]] = {
    "trackers": {"name": "Rivals", "vocabulary": "acme\r\n\r\nglobex", "description": "Others"},
    "entities": {"type": "Vehicle", "sub_type": "Honda", "values": "civic\r\naccord\r\ncivic", "category": "Custom"},
    "groups": {"name": "Weekly", "criteria": "name=='Weekly planning'", "description": ""},
}


def rows_of(kind: str, user: User) -> list[Any]:
    """Return what the account has of a kind."""
    return list({"trackers": managed.trackers_in, "entities": managed.entities_in, "groups": managed.groups_in}[kind](user.pk))


@pytest.mark.parametrize("kind", list(FORMS))
def test_create_edit_and_delete(user_client: Client, user: User, kind: str) -> None:
    """Each kind has an empty state, a form with the stored values, and a confirmation after each action."""
    one = {"trackers": "Tracker", "entities": "Entity", "groups": "Group"}[kind]
    address = f"/settings/{kind}/"
    assert "yet. Create one" in user_client.get(address).content.decode()
    page = user_client.post(f"{address}new/", FORMS[kind], follow=True).content.decode()
    assert f"{one} created." in page
    (row,) = rows_of(kind, user)
    assert str(row.name if hasattr(row, "name") else row.sub_type) in page
    form = user_client.get(f"{address}{row.pk}/").context["form"]
    values = {name: form[name].value() for name in form.fields}
    changed = {**values, "description": "Changed", "category": "Changed"} | {
        name: "\n".join(value) for name, value in values.items() if isinstance(value, list)
    }
    assert f"{one} saved." in user_client.post(f"{address}{row.pk}/", changed, follow=True).content.decode()
    (after,) = rows_of(kind, user)
    assert (after.pk, getattr(after, "description", getattr(after, "category", ""))) == (row.pk, "Changed")
    assert f"{one} deleted." in user_client.post(f"{address}{row.pk}/delete/", follow=True).content.decode()
    assert rows_of(kind, user) == []


@pytest.mark.parametrize(
    ("kind", "change", "text"),
    [
        ("trackers", {"vocabulary": "acme\nglobex!"}, "“globex!”: only letters, digits"),
        ("trackers", {"vocabulary": " \n "}, "This field is required."),
        ("trackers", {"name": "\u200b"}, "Must have at least one visible character"),
        ("trackers", {"name": "Known"}, "A tracker with the name"),
        ("entities", {"values": "x" * 257}, "may have at most 256 characters, not 257"),
        ("groups", {"criteria": "colour==red"}, "There is no such field; there are id, name"),
    ],
)
def test_errors_are_those_of_the_api(user_client: Client, user: User, kind: str, change: dict[str, str], text: str) -> None:
    """An error appears at its field, with the item that is meant; what was typed stays and nothing is stored."""
    managed.create_trackers(user.pk, [TrackerFields("Known", ["known"])])
    before = len(rows_of(kind, user))
    response = user_client.post(f"/settings/{kind}/new/", FORMS[kind] | change)
    assert response.status_code == 400
    form = response.context["form"]
    assert text in str(form.errors[next(iter(change))])
    assert next(iter(change.values())).strip() in response.content.decode()
    assert len(rows_of(kind, user)) == before


def test_an_entity_that_exists_is_refused(user_client: Client, user: User) -> None:
    """The error is at the subtype, the field that the API calls subType."""
    user_client.post("/settings/entities/new/", FORMS["entities"])
    response = user_client.post("/settings/entities/new/", FORMS["entities"])
    assert "exists already" in str(response.context["form"].errors["sub_type"])
    assert len(rows_of("entities", user)) == 1


@pytest.mark.parametrize("kind", list(FORMS))
def test_another_account_gets_404(user_client: Client, other_client: Client, user: User, kind: str) -> None:
    """Nobody else reads, changes or deletes an object, and a malformed id is unknown."""
    user_client.post(f"/settings/{kind}/new/", FORMS[kind])
    (row,) = rows_of(kind, user)
    for identity in (row.pk, "x", "0"):
        assert other_client.get(f"/settings/{kind}/{identity}/").status_code == 404
        assert other_client.post(f"/settings/{kind}/{identity}/", FORMS[kind]).status_code == 404
        assert other_client.post(f"/settings/{kind}/{identity}/delete/").status_code == 404
    assert len(rows_of(kind, user)) == 1


def test_forms_need_their_token(user: User) -> None:
    """A form of another site changes nothing."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post("/settings/trackers/new/", FORMS["trackers"]).status_code == 403
    assert rows_of("trackers", user) == []


def test_a_built_in_tracker_is_customised(user_client: Client, user: User) -> None:
    """The form starts with its phrases; the list then says that it is replaced."""
    built_in = user_client.get("/settings/trackers/").context["built_in"][0].item
    form = user_client.get(f"/settings/trackers/new/?from={built_in.id}").context["form"]
    assert form["name"].value() == built_in.name
    phrases = form["vocabulary"].value().split("\n")
    managed.create_trackers(user.pk, [TrackerFields(built_in.name, [*phrases[:3], "our own phrase"])])
    page = user_client.get("/settings/trackers/").content.decode()
    assert page.count("Replaced by yours") == 1
    assert "our own phrase" in page


def test_a_group_lists_its_conversations(user_client: Client, user: User, make_conversation: MakeConversation) -> None:
    """Only those that fulfil the criteria are on its page."""
    make_conversation("Weekly planning", [("Ann", "Hello.")])
    make_conversation("Interview", [("Ann", "Hello.")])
    (group,) = managed.create_groups(user.pk, [GroupFields("Weekly", "name=='Weekly planning'")])
    page = user_client.get(f"/settings/groups/{group.pk}/").content.decode()
    assert "Weekly planning" in page
    assert "Interview" not in page


def test_a_long_list_has_pages_and_a_bounded_number_of_queries(user_client: Client, user: User, django_assert_max_num_queries: Any) -> None:
    """Fifty trackers are on one page."""
    managed.create_trackers(user.pk, [TrackerFields(f"Tracker {number}", ["phrase"]) for number in range(51)])
    with django_assert_max_num_queries(6):
        first = user_client.get("/settings/trackers/")
    assert len(first.context["items"]) == 50
    assert [item.name for item in user_client.get("/settings/trackers/?page=2").context["items"]] == ["Tracker 50"]
