"""Invitations: who accepts one gets an account with its role; links that are over say so, and all other addresses do not exist."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from insights import access, jobs
from insights.access import account_invitations as invitations
from insights.access import addresses
from insights.models import Invitation, Role

PASSWORD = "wrong mule accumulator"
FORM = {"name": "Ben", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def boss(user: User) -> User:
    """An administrator."""
    access.make_administrator(user)
    return user


def link(invitation: Invitation) -> str:
    """Return the path of an invitation's link."""
    return f"/invitations/{invitations.secret_of(invitation)}/"


def test_an_invitation_with_an_address(client: Client, boss: User) -> None:
    """Its link creates an account with that address, confirmed, with the role, and signs it in."""
    made = invitations.invite(boss, Role.REVIEWER, "Ben@example.com")
    assert "ben@example.com" in client.get(link(made)).content.decode()
    answer = client.post(link(made), {**FORM, "email": "other@example.com"})
    assert answer.headers["Location"] == "/"
    ben = User.objects.get(username="ben@example.com")
    assert (ben.email, ben.first_name, client.get("/").status_code) == ("ben@example.com", "Ben", 200)
    assert access.roles_of(ben) == {Role.MEMBER, Role.REVIEWER}
    assert not addresses.awaits_confirmation(ben)
    made.refresh_from_db()
    assert made.accepted_by == ben


def test_an_invitation_for_anybody(client: Client, boss: User, settings: Any) -> None:
    """The person chooses the address. Where mail is sent, it has to be confirmed before sign-in."""
    settings.MAIL_CONFIGURED = True
    made = invitations.invite(boss, Role.MEMBER)
    assert client.post(link(made), FORM).status_code == 400
    answer = client.post(link(made), {**FORM, "email": "Ben@example.com"})
    assert answer.headers["Location"] == "/confirm-email/"
    assert client.get("/").status_code == 302
    jobs.run_waiting()
    (message,) = mail.outbox
    path = message.body.split("http://testserver")[1].split()[0]
    assert client.post(path).headers["Location"] == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"expires_at": timezone.now() - timedelta(minutes=1)}, "Invitation expired"),
        ({"withdrawn_at": timezone.now()}, "Invitation withdrawn"),
        ({"accepted_at": timezone.now()}, "Invitation used"),
    ],
)
def test_an_invitation_that_is_over(client: Client, boss: User, change: dict[str, Any], text: str) -> None:
    """Its link says why it does not work, and creates no account."""
    made = invitations.invite(boss, Role.MEMBER, "ben@example.com")
    Invitation.objects.filter(pk=made.pk).update(**change)
    for answer in (client.get(link(made)), client.post(link(made), FORM)):
        assert answer.status_code == 410
        assert text in answer.content.decode()
    assert User.objects.count() == 1


def test_other_addresses_do_not_exist(client: Client, boss: User) -> None:
    """Neither an invitation's id without its signature, nor a signature for another id, nor that of a deleted invitation."""
    made, other = (invitations.invite(boss, Role.MEMBER) for _ in range(2))
    identity, signature = invitations.secret_of(made).split(".")
    gone = link(other)
    other.delete()
    for path in (f"/invitations/{identity}/", f"/invitations/{identity}.x/", f"/invitations/{other.pk}.{signature}/", gone):
        assert client.get(path).status_code == 404


def test_an_address_with_an_account(client: Client, boss: User) -> None:
    """It is neither invited nor created a second time."""
    with pytest.raises(invitations.AddressTaken):
        invitations.invite(boss, Role.MEMBER, "Jane@example.com")
    made = invitations.invite(boss, Role.MEMBER)
    answer = client.post(link(made), {**FORM, "email": "jane@example.com"})
    assert answer.status_code == 400
    assert "There is an account with this address already" in answer.content.decode()
    made.refresh_from_db()
    assert made.accepted_at is None


def test_weak_passwords_are_refused(client: Client, boss: User) -> None:
    """As on all pages that set a password."""
    made = invitations.invite(boss, Role.MEMBER, "ben@example.com")
    assert client.post(link(made), {**FORM, "password": "short", "again": "short"}).status_code == 400
    assert client.post(link(made), {**FORM, "again": "another password"}).status_code == 400
    assert User.objects.count() == 1
