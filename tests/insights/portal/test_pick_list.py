"""The pick list for assignees and speakers."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from insights import access, managed
from insights.models import AccessLevel, Member
from insights.queries import UserNames
from tests.insights.portal.conftest import MakeConversation, add_insight


def listed(client: Client, conversation_id: int) -> list[dict[str, Any]]:
    """Return the people of the list."""
    response = client.get(f"/conversations/{conversation_id}/people.json")
    assert response.status_code == 200
    people: list[dict[str, Any]] = response.json()["people"]
    return people


def account(name: str, first: str = "", last: str = "") -> User:
    """Create an account."""
    return User.objects.create_user(f"{name}@example.org", f"{name}@example.org", first_name=first, last_name=last)


def test_it_has_members_then_accounts_each_once(user_client: Client, user: User, make_conversation: MakeConversation) -> None:
    """Members as they joined, the owner, those it is shared with, those of shared and of own teams; nobody else, nobody inactive."""
    one = make_conversation(lines=[("Ada", "Hello."), ("ben@example.org", "Good morning.")])
    Member.objects.filter(name="ben@example.org").update(name="Ben")
    for name in ("ben", "shared", "mate", "shared-team", "stranger", "gone"):
        account(name, name.title())
    access.share_with_person(one, "shared@example.org", AccessLevel.READ)
    other = managed.create_team(user, "Other")
    managed.add_person(other, "shared-team@example.org")
    access.share_with_team(one, other.pk, AccessLevel.READ)
    own = managed.create_team(user, "Own")
    for name in ("mate", "gone"):
        managed.add_person(own, f"{name}@example.org")
    User.objects.filter(username="gone@example.org").update(is_active=False)
    people = listed(user_client, one.pk)
    assert [(one["name"], bool(one["id"])) for one in people][:2] == [("Ada", True), ("Ben", True)]
    assert sorted(one["email"] for one in people[2:]) == [
        "jane@example.com",
        "mate@example.org",
        "shared-team@example.org",
        "shared@example.org",
    ]
    assert not any(one["id"] for one in people[2:])


def test_the_text_that_makes_a_task_theirs(user_client: Client, user: User, make_conversation: MakeConversation) -> None:
    """It is the name; the address for an account without one, and where two people have the same name."""
    one = make_conversation(lines=[("Ada Lee", "Hello.")])
    accounts = [
        account("ada", "Ada", "Lee"),
        account("kim", "Kim", "Roe"),
        account("kim2", "Kim", "Roe"),
        account("tom", "Tom"),
        account("x"),
    ]
    for found in accounts:
        access.share_with_person(one, found.email, AccessLevel.READ)
    given = {one["email"]: one["assigned"] for one in listed(user_client, one.pk)}
    assert given["tom@example.org"] == "Tom"
    assert {given[f"{name}@example.org"] for name in ("ada", "kim", "kim2", "x")} == {
        f"{name}@example.org" for name in ("ada", "kim", "kim2", "x")
    }
    for number, found in enumerate(accounts):
        task = add_insight(one, 1, kind="action_item", text=str(number), assignee_name=given[found.email])
        theirs = [each for each in accounts if UserNames(each.pk, each.email, each.get_full_name()).is_assigned(task)]
        assert theirs == [found]
        assert type(task).objects.filter(UserNames(found.pk, found.email, found.get_full_name()).assigned()).get() == task


def test_it_is_for_those_who_may_edit(other_client: Client, other_user: User, make_conversation: MakeConversation) -> None:
    """Readers get 403, others 404."""
    one = make_conversation(lines=[("Ada", "Hello.")])
    path = f"/conversations/{one.pk}/people.json"
    assert other_client.get(path).status_code == 404
    access.share_with_person(one, other_user.email, AccessLevel.READ)
    assert other_client.get(path).status_code == 403
    access.share_with_person(one, other_user.email, AccessLevel.EDIT)
    assert other_client.get(path).status_code == 200


def test_the_number_of_queries_is_fixed(user_client: Client, make_conversation: MakeConversation, django_assert_num_queries: Any) -> None:
    """It depends on neither members nor accounts."""
    counts = []
    for number in (1, 20):
        one = make_conversation(lines=[(f"Speaker {place}", "Hello.") for place in range(number)])
        for place in range(number):
            access.share_with_person(one, account(f"{number}-{place}").email, AccessLevel.READ)
        listed(user_client, one.pk)  # notes the device once
        with django_assert_num_queries(5) as asked:
            listed(user_client, one.pk)
        counts.append(len(asked))
    assert counts[0] == counts[1]
