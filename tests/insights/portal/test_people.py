"""The people page: for administrators only, with invitations, roles, limits, access and usage."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from insights import access, jobs, recorder
from insights.jobs.errors import TooManyJobs
from insights.models import AccountSettings, Conversation, Invitation, LinkRequest, Role
from tests.insights.conftest import opening
from tests.insights.portal.conftest import MakeConversation

POSTS = ("roles", "limits", "active", "second-factors", "sign-out", "reset-link")


@pytest.fixture
def boss(user: User) -> User:
    """An administrator."""
    access.make_administrator(user)
    return user


@pytest.fixture
def boss_client(boss: User, client: Client) -> Client:
    """The browser of an administrator."""
    client.force_login(boss)
    return client


def text_of(client: Client, path: str) -> str:
    """Return the text of a page."""
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_administrators_may(user: User, other_user: User, client: Client, boss: User) -> None:
    """To members and reviewers none of the pages and forms exists."""
    access.grant_role(other_user, Role.REVIEWER)
    client.force_login(other_user)
    assert [client.get(path).status_code for path in ("/people/", "/people/health/", f"/people/{boss.pk}/")] == [404] * 3
    posts = [f"/people/{boss.pk}/{one}/" for one in POSTS]
    posts += ["/people/invitations/", "/people/requests/1/dismiss/", "/people/invitations/00000000-0000-4000-8000-000000000000/withdraw/"]
    assert [client.post(path, {"active": "0"}).status_code for path in posts] == [404] * len(posts)
    boss.refresh_from_db()
    assert boss.is_active
    assert not Invitation.objects.exists()


def test_invitations_are_made_shown_and_withdrawn(boss_client: Client, client: Client) -> None:
    """Without a mail server the link is shown, again as long as it is pending; a withdrawn one is gone."""
    page = boss_client.post("/people/invitations/", {"email": "ben@example.com", "role": "reviewer"}).content.decode()
    assert "Invitation created" in page
    made = Invitation.objects.get()
    assert (made.email, made.role, made.mailed) == ("ben@example.com", "reviewer", False)
    link = page.split('id="link" value="')[1].split('"')[0]
    assert link in text_of(boss_client, "/people/")
    assert Client().get(link.removeprefix("http://testserver")).status_code == 200
    page = boss_client.post(f"/people/invitations/{made.pk}/withdraw/", follow=True).content.decode()
    assert "Invitation withdrawn" in page
    assert "ben@example.com" not in page
    assert Client().get(link.removeprefix("http://testserver")).status_code == 410
    assert boss_client.post(f"/people/invitations/{made.pk}/withdraw/").status_code == 404


def test_invitations_are_mailed(boss_client: Client, settings: Any) -> None:
    """With a mail server the link goes to the address."""
    settings.MAIL_CONFIGURED = True
    boss_client.post("/people/invitations/", {"email": "ben@example.com", "role": "member"})
    jobs.run_waiting()
    (message,) = mail.outbox
    assert message.to == ["ben@example.com"]
    assert "http://testserver/invitations/" in message.body
    assert Invitation.objects.get().mailed


@pytest.mark.parametrize(
    "form", [{"email": "nonsense", "role": "member"}, {"role": "king"}, {"email": "jane@example.com", "role": "member"}]
)
def test_invalid_invitations(boss_client: Client, form: dict[str, str]) -> None:
    """The form says what is wrong."""
    answer = boss_client.post("/people/invitations/", form)
    assert answer.status_code == 400
    assert 'class="wrong"' in answer.content.decode()
    assert not Invitation.objects.exists()


def test_accounts_with_their_usage(boss_client: Client, other_user: User, make_conversation: MakeConversation) -> None:
    """The list has the minutes and live conversations of each account in a fixed number of queries, and can be searched."""
    make_conversation(owner=other_user)
    make_conversation(owner=other_user, live=True)
    Conversation.objects.update(started_at=recent(), ended_at=None)
    page = text_of(boss_client, "/people/")
    assert "2 live" in page
    assert "in 2 conversations" in page
    assert "mallory@example.com" not in text_of(boss_client, "/people/?q=jane")
    assert "mallory@example.com" in text_of(boss_client, "/people/?q=mal%00lory")
    assert "No results for" in text_of(boss_client, "/people/?q=nobody-at-all")


def test_the_list_takes_a_fixed_number_of_queries(boss_client: Client, django_assert_max_num_queries: Any) -> None:
    """However many accounts and invitations there are."""
    for number in range(20):
        User.objects.create_user(f"person{number}@example.com")
        Invitation.objects.create(role="member", expires_at=recent(-60))
    with django_assert_max_num_queries(14):
        text_of(boss_client, "/people/")


def test_roles(boss_client: Client, other_user: User, boss: User) -> None:
    """Roles are given and taken; the last administrator stays one."""
    boss_client.post(f"/people/{other_user.pk}/roles/", {"roles": ["reviewer"]})
    assert access.has_role(other_user, Role.REVIEWER)
    boss_client.post(f"/people/{other_user.pk}/roles/", {})
    assert not access.has_role(other_user, Role.REVIEWER)
    answer = boss_client.post(f"/people/{boss.pk}/roles/", {"roles": ["reviewer"]})
    assert answer.status_code == 400
    assert "last active administrator" in answer.content.decode()
    assert access.has_role(boss, Role.ADMINISTRATOR)


def test_accounts_are_deactivated_and_reactivated(boss_client: Client, other_user: User, other_client: Client, boss: User) -> None:
    """A deactivated account is signed out and cannot sign in; the last administrator cannot be deactivated."""
    assert other_client.get("/").status_code == 200
    assert "Account deactivated" in boss_client.post(f"/people/{other_user.pk}/active/", {"active": "0"}, follow=True).content.decode()
    assert other_client.get("/").status_code == 302
    boss_client.post(f"/people/{other_user.pk}/active/", {"active": "1"})
    assert other_client.get("/").status_code == 200
    answer = boss_client.post(f"/people/{boss.pk}/active/", {"active": "0"})
    assert (answer.status_code, "last active administrator" in answer.content.decode()) == (400, True)


def test_limits(boss_client: Client, other_user: User) -> None:
    """Jobs and speakers of an account are limited as the page says; an empty field is no limit."""
    path = f"/people/{other_user.pk}/limits/"
    assert boss_client.post(path, {"most_keep_days": "0"}).status_code == 400
    assert boss_client.post(path, {"max_jobs": "0", "max_sessions": "1", "most_keep_days": "7"}).status_code == 302
    with pytest.raises(TooManyJobs):
        jobs.enqueue("import_text", other_user.pk, {})
    recorder.open_conversation(opening(other_user))
    with pytest.raises(recorder.TooManySpeakers, match="at most 1 may speak at once"):
        recorder.open_conversation(opening(other_user, "room-2"))
    boss_client.post(path, {})
    recorder.open_conversation(opening(other_user, "room-2"))
    assert AccountSettings.objects.get(user=other_user).max_jobs is None


def test_links_that_accounts_wait_for(boss_client: Client, other_user: User) -> None:
    """Without a mail server, the link for a new password is shown to administrators, works once, and then is gone."""
    browser = Client()
    page = browser.post("/password/reset/", {"email": "mallory@example.com"}, follow=True).content.decode()
    assert "Ask your administrator" in page
    browser.post("/password/reset/", {"email": "nobody@example.com"})
    assert LinkRequest.objects.count() == 1
    page = text_of(boss_client, "/people/")
    assert "mallory@example.com: new password" in page
    link = page.split('value="http://testserver/password/reset/')[1].split('"')[0]
    form = browser.get(f"/password/reset/{link}").headers["Location"]
    new = {"password1": "wrong mule accumulator", "password2": "wrong mule accumulator"}
    assert browser.post(form, new).headers["Location"] == "/password/changed/"
    assert Client().login(username="mallory@example.com", password="wrong mule accumulator")
    assert "mallory@example.com: new password" not in text_of(boss_client, "/people/")
    assert "Link not valid" in Client().get(f"/password/reset/{link}").content.decode()


def test_a_request_is_removed(boss_client: Client, other_user: User) -> None:
    """An administrator who does not know the person removes the request."""
    Client().post("/password/reset/", {"email": "mallory@example.com"})
    request = LinkRequest.objects.get()
    assert boss_client.post(f"/people/requests/{request.pk}/dismiss/").status_code == 302
    assert not LinkRequest.objects.exists()
    assert boss_client.post(f"/people/requests/{request.pk}/dismiss/").status_code == 404


def test_a_link_for_a_new_password(boss_client: Client, other_user: User) -> None:
    """An administrator makes one at any time."""
    page = boss_client.post(f"/people/{other_user.pk}/reset-link/").content.decode()
    path = page.split('value="http://testserver')[1].split('"')[0]
    assert Client().get(path).status_code == 302


def test_all_devices_are_signed_out(boss_client: Client, other_user: User, other_client: Client) -> None:
    """The sign-ins of the account end, and no other."""
    boss_client.post(f"/people/{other_user.pk}/sign-out/")
    assert other_client.get("/").status_code == 302
    assert boss_client.get("/").status_code == 200


def test_health(boss_client: Client) -> None:
    """The page names the parts, says that no worker runs, and has the versions."""
    page = text_of(boss_client, "/people/health/")
    for text in ("Database", "no worker runs", "0 waiting, 0 running, 0 failed", "GiB free", "Parley", "Django"):
        assert text in page


def recent(minutes: int = 10) -> datetime:
    """Return a time this many minutes ago."""
    return timezone.now() - timedelta(minutes=minutes)
