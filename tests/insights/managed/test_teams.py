"""Teams whose only manager goes."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights import access, managed, persons
from insights.models import Team, TeamMembership

pytestmark = pytest.mark.django_db(transaction=True)


def account(name: str, *, active: bool = True) -> User:
    """Return a new account."""
    return User.objects.create_user(f"{name}@example.com", f"{name}@example.com", is_active=active)


@pytest.fixture
def team() -> Team:
    """A team that Ann manages; Bob came first after her, and his account is deactivated; Cleo and Dan came later."""
    made = managed.create_team(account("ann"), "Sales")
    for name in ("bob", "cleo", "dan"):
        TeamMembership.objects.create(team=made, user=account(name), joined_at=made.created_at)
    access.set_active(User.objects.get(username="bob@example.com"), False)
    return made


def managers(team: Team) -> set[str]:
    """Return the names of the managers."""
    found = TeamMembership.objects.filter(team=team, manages=True).values_list("user__username", flat=True)
    return {name.partition("@")[0] for name in found}


def test_the_longest_member_follows_a_deleted_manager(team: Team) -> None:
    """The first one to have come whose account is active."""
    persons.delete_account(User.objects.get(username="ann@example.com"), None)
    assert managers(team) == {"cleo"}


def test_the_longest_member_follows_a_deactivated_manager(team: Team) -> None:
    """Who manages again, too, when the account is reactivated."""
    ann = User.objects.get(username="ann@example.com")
    access.set_active(ann, False)
    assert managers(team) == {"ann", "cleo"}
    with pytest.raises(managed.TeamError, match="needs a manager"):
        managed.set_manages(team, User.objects.get(username="cleo@example.com").pk, False)


def test_the_admin_deactivates_a_manager(team: Team, client: Client) -> None:
    """The same happens by the form of an account."""
    chief = account("chief")
    access.make_administrator(chief, "correct horse battery")
    client.force_login(chief)
    ann = User.objects.get(username="ann@example.com")
    answer = client.post(f"/admin/auth/user/{ann.pk}/change/", {"username": ann.username, "first_name": "", "last_name": ""})
    assert answer.status_code == 302, answer.content
    assert managers(team) == {"ann", "cleo"}


def test_another_manager_stays_alone(team: Team) -> None:
    """Nobody becomes manager while there is one."""
    managed.set_manages(team, User.objects.get(username="dan@example.com").pk, True)
    persons.delete_account(User.objects.get(username="ann@example.com"), None)
    assert managers(team) == {"dan"}


def test_a_team_without_an_active_member(team: Team) -> None:
    """One whose account is deactivated follows; when nobody is left, the team goes with its last person."""
    for name in ("cleo", "dan", "ann"):
        persons.delete_account(User.objects.get(username=f"{name}@example.com"), None)
    assert managers(team) == {"bob"}
    persons.delete_account(User.objects.get(username="bob@example.com"), None)
    assert not Team.objects.filter(pk=team.pk).exists()
