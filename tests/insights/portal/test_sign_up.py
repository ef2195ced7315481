"""Open sign-up, confirmation of addresses, and forgotten passwords."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from insights import jobs

PASSWORD = "wrong mule accumulator"
FORM = {"first_name": "Ben", "email": "Ben@example.com", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.OPEN_SIGN_UP = settings.MAIL_CONFIGURED = True


def path_in_mail(address: str) -> str:
    """Send what waits, and return the path of the link in the last mail to an address."""
    jobs.run_waiting()
    message = [one for one in mail.outbox if one.to == [address]][-1]
    found = re.search(r"http://testserver(\S+)", str(message.body))
    assert found is not None
    return found.group(1)


def test_sign_up_is_closed_by_default(client: Client, user: User, settings: Any) -> None:
    """The page does not exist, and the sign-in page does not mention it."""
    settings.OPEN_SIGN_UP = False
    assert client.get("/signup/").status_code == 404
    assert client.post("/signup/", FORM).status_code == 404
    assert "Create account" not in client.get("/signin/").content.decode()


def test_a_new_account_confirms_its_address(client: Client, user: User) -> None:
    """Sign-in waits for the link; with it, the account works under the address in lower case."""
    assert client.post("/signup/", FORM).headers["Location"] == "/confirm-email/"
    ben = User.objects.get(username="ben@example.com")
    assert (ben.email, ben.first_name) == ("ben@example.com", "Ben")
    link = path_in_mail("ben@example.com")
    other = Client()
    assert other.post("/signin/", {"username": "ben@example.com", "password": PASSWORD}).headers["Location"] == "/confirm-email/"
    assert other.get("/").status_code == 302
    assert "ben@example.com" in client.get(link).content.decode()
    assert client.post(link).headers["Location"] == "/"
    assert client.get("/").status_code == 200
    assert other.post("/signin/", {"username": "ben@example.com", "password": PASSWORD}).headers["Location"] == "/"


def test_sign_up_does_not_tell_who_has_an_account(client: Client, user: User) -> None:
    """An address with an account gets the same page; its owner gets a mail."""
    assert client.post("/signup/", {**FORM, "email": "jane@example.com"}).headers["Location"] == "/confirm-email/"
    assert User.objects.count() == 1
    path_in_mail("jane@example.com")
    assert "has one already" in str(mail.outbox[-1].body)


def test_mails_are_limited(client: Client, user: User) -> None:
    """The sixth request for one address within ten minutes is refused, whether it has an account or not."""
    for address in ("jane@example.com", "nobody@example.com"):
        statuses = [client.post("/password/reset/", {"email": address}).status_code for _ in range(6)]
        assert statuses == [302] * 5 + [429]
    jobs.run_waiting()
    assert len(mail.outbox) == 5


def test_a_new_password_ends_sign_ins(client: Client, user: User) -> None:
    """The link of the mail sets it once; other browsers are signed out, and the account learns of it by mail."""
    client.force_login(user)
    stranger = Client()
    stranger.post("/password/reset/", {"email": "Jane@example.com"})
    link = path_in_mail("jane@example.com")
    form = stranger.get(link).headers["Location"]
    assert stranger.post(form, {"password1": "short", "password2": "short"}).status_code == 200
    assert stranger.post(form, {"password1": PASSWORD, "password2": PASSWORD}).headers["Location"] == "/password/changed/"
    assert client.get("/").status_code == 302
    assert Client().post("/signin/", {"username": "jane@example.com", "password": PASSWORD}).headers["Location"] == "/"
    assert "Link not valid" in Client().get(link).content.decode()
    jobs.run_waiting()
    assert mail.outbox[-1].subject == "Parley: Your password was changed"


def test_a_new_address(user_client: Client, user: User, other_user: User) -> None:
    """It takes effect once it is confirmed: then the account signs in with it. An address of another account is refused."""
    taken = user_client.post("/account/email/", {"email": "mallory@example.com", "action_add": ""})
    assert "exists already" in taken.content.decode()
    user_client.post("/account/email/", {"email": "New@example.com", "action_add": ""})
    user.refresh_from_db()
    assert user.username == "jane@example.com"
    user_client.post(path_in_mail("new@example.com"))
    user.refresh_from_db()
    assert (user.username, user.email) == ("new@example.com", "new@example.com")
    assert list(EmailAddress.objects.filter(user=user).values_list("email", "verified")) == [("new@example.com", True)]
    assert Client().post("/signin/", {"username": "new@example.com", "password": "correct horse battery"}).headers["Location"] == "/"


def test_the_change_of_an_address_is_cancelled(user_client: Client, user: User) -> None:
    """The account keeps its address, and its owner gets a mail."""
    user_client.post("/account/email/", {"email": "new@example.com", "action_add": ""})
    user_client.post("/account/email/", {"email": "new@example.com", "action_remove": ""})
    assert "new@example.com" not in user_client.get("/account/email/").content.decode()
    jobs.run_waiting()
    assert (mail.outbox[-1].to, mail.outbox[-1].subject) == ([user.email], "Parley: The change of your e-mail address was cancelled")


def test_a_profile(user_client: Client, user: User) -> None:
    """Name and time zone are saved; pages then have the time zone; an unknown one is refused."""
    form = {"name": "Jane Doe", "language": "en", "time_zone": "Europe/Berlin"}
    assert user_client.post("/account/profile/", form).headers["Location"] == "/account/?done=profile"
    user.refresh_from_db()
    assert user.get_full_name() == "Jane Doe"
    assert 'data-time-zone="Europe/Berlin"' in user_client.get("/").content.decode()
    assert user_client.post("/account/profile/", {**form, "time_zone": "Mars/Base"}).status_code == 400
    assert user_client.post("/account/profile/", {**form, "name": " "}).status_code == 400
