"""Roles: who has which, what they give in Django's admin, and the log of readings."""

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from insights import access
from insights.access import ADMINISTRATOR, MEMBER, REVIEWER, LastAdministrator
from insights.models import AccountRole, Conversation, Insight, Reading, Role
from tests.insights.conftest import Say

LIST = "/admin/insights/conversation/"
SECRET = "zeppelin"


@pytest.fixture
def talk(say: Say) -> Conversation:
    """Return the owner's conversation, with the secret word in its title, its message and its insight."""
    say(f"Is the {SECRET} ready?")
    Conversation.objects.update(name=f"The {SECRET}")
    return Conversation.objects.get()


def with_role(*roles: Role) -> User:
    """Create an account with these roles."""
    user = User.objects.create_user(f"{'-'.join(roles) or 'member'}@example.org")
    for role in roles:
        access.grant_role(user, role)
    return user


def browser(user: User) -> Client:
    """Return a browser that is signed in to the account."""
    client = Client()
    client.force_login(user)
    return client


def test_every_active_account_is_a_member(owner: User) -> None:
    """The role of a member needs no row; a disabled or anonymous user has no role."""
    assert access.roles_of(owner) == {MEMBER}
    access.grant_role(owner, MEMBER)
    assert not AccountRole.objects.exists()
    owner.is_active = False
    assert access.roles_of(owner) == access.roles_of(AnonymousUser()) == access.roles_of(None) == frozenset()


def test_roles_are_granted_and_revoked(owner: User, other_owner: User) -> None:
    """Django's flags follow the roles; a role that is granted twice is one row."""
    for _ in range(2):
        access.grant_role(owner, ADMINISTRATOR)
    access.grant_role(other_owner, REVIEWER, by=owner.pk)
    assert AccountRole.objects.get(role="reviewer").granted_by == owner
    owner.refresh_from_db()
    other_owner.refresh_from_db()
    assert [(one.is_staff, one.is_superuser) for one in (owner, other_owner)] == [(True, True), (True, False)]
    assert access.roles_by_account([owner, other_owner]) == {owner.pk: {MEMBER, ADMINISTRATOR}, other_owner.pk: {MEMBER, REVIEWER}}
    access.revoke_role(other_owner, REVIEWER)
    other_owner.refresh_from_db()
    assert (other_owner.is_staff, access.has_role(other_owner, REVIEWER)) == (False, False)
    with pytest.raises(ValueError, match="member"):
        access.revoke_role(owner, MEMBER)


def test_the_last_administrator_keeps_the_role(owner: User, other_owner: User) -> None:
    """A disabled administrator does not count."""
    access.grant_role(owner, ADMINISTRATOR)
    access.grant_role(other_owner, ADMINISTRATOR)
    User.objects.filter(pk=other_owner.pk).update(is_active=False)
    with pytest.raises(LastAdministrator):
        access.revoke_role(owner, ADMINISTRATOR)
    User.objects.filter(pk=other_owner.pk).update(is_active=True)
    access.revoke_role(owner, ADMINISTRATOR)
    assert list(access.accounts_with(ADMINISTRATOR)) == [other_owner]


def test_an_administrator_sees_metadata_only(talk: Conversation) -> None:
    """No page of the admin shows a word of a conversation to an administrator who is no reviewer, and none can be searched."""
    admin = browser(with_role(ADMINISTRATOR))
    for path, status in (
        (LIST, 200),
        (f"{LIST}{talk.pk}/change/", 200),
        (f"{LIST}{talk.pk}/delete/", 200),
        (f"{LIST}{talk.pk}/history/", 403),
    ):
        response = admin.get(path)
        assert (path, response.status_code) == (path, status)
        assert SECRET not in response.content.decode()
    assert str(talk.pk) in admin.get(LIST).content.decode()
    assert admin.get(LIST, {"q": SECRET}).context["cl"].result_count == 0
    assert admin.get(LIST, {"q": talk.connection_id}).context["cl"].result_count == 1
    assert admin.get("/admin/insights/insight/").status_code == 403
    assert admin.get(f"/admin/insights/insight/{Insight.objects.get().pk}/change/").status_code == 403
    exported = admin.post(LIST, {"action": "export", "_selected_action": [talk.pk]})
    assert "attachment" not in exported.headers.get("Content-Disposition", "")
    chosen = admin.post(LIST, {"action": "delete_selected", "_selected_action": [talk.pk]})
    assert (chosen.status_code, SECRET in chosen.content.decode()) == (200, False)
    assert not Reading.objects.exists()


def test_an_administrator_cannot_change_words(talk: Conversation) -> None:
    """A form that is sent without having been shown changes nothing."""
    insight = Insight.objects.get()
    data = {"insights-TOTAL_FORMS": 1, "insights-INITIAL_FORMS": 1, "insights-0-id": str(insight.pk), "insights-0-review": "rejected"}
    assert browser(with_role(ADMINISTRATOR)).post(f"{LIST}{talk.pk}/change/", data).status_code == 403
    assert Insight.objects.get().review == "pending"


def test_a_reviewer_reads_words_and_nothing_of_accounts(talk: Conversation) -> None:
    """A reviewer finds and reads conversations, but neither deletes them nor sees accounts, apps and deletions."""
    reviewer = browser(with_role(REVIEWER))
    assert SECRET in reviewer.get(f"{LIST}{talk.pk}/change/").content.decode()
    assert reviewer.get(LIST, {"q": SECRET}).context["cl"].result_count == 1
    assert SECRET in reviewer.get("/admin/insights/insight/").content.decode()
    assert reviewer.get(f"{LIST}{talk.pk}/delete/").status_code == 403
    for path in ("auth/user/", "insights/app/", "insights/deletion/", "insights/accounttracker/"):
        assert reviewer.get(f"/admin/{path}").status_code == 403


@pytest.mark.parametrize("flags", [{"is_staff": True}, {"is_staff": True, "is_superuser": True}], ids=["staff", "superuser"])
def test_flags_without_a_role_give_nothing(talk: Conversation, other_owner: User, flags: dict[str, bool]) -> None:
    """Django's flags alone show neither words nor accounts."""
    User.objects.filter(pk=other_owner.pk).update(**flags)
    client = browser(other_owner)
    for path in (LIST, f"{LIST}{talk.pk}/change/", "/admin/insights/insight/", "/admin/auth/user/"):
        assert client.get(path).status_code == 403


def test_each_reading_is_stored_and_shown_to_the_owner(talk: Conversation, owner: User) -> None:
    """Opening, exporting and the list of insights are readings; the owner sees who read how often, and their own are left out."""
    reader = with_role(REVIEWER)
    client = browser(reader)
    client.get(f"{LIST}{talk.pk}/change/")
    client.get("/admin/insights/insight/")
    client.get(f"/admin/insights/insight/{Insight.objects.get().pk}/change/")
    b"".join(client.post(LIST, {"action": "export", "_selected_action": [talk.pk]}))  # type: ignore[call-overload]
    assert sorted(Reading.objects.values_list("place", flat=True)) == ["export", "insights", "review", "review"]
    page = browser(owner).get(f"/conversations/{talk.pk}/").content.decode()
    assert "Viewed by" in page
    assert f"{reader.get_username()}, 4 times" in page
    access.grant_role(owner, REVIEWER)
    browser(owner).get(f"{LIST}{talk.pk}/change/")
    assert Reading.objects.count() == 4


def test_no_reader_no_list(talk: Conversation, owner: User) -> None:
    """Without readings the page has no list of viewers."""
    assert "Viewed by" not in browser(owner).get(f"/conversations/{talk.pk}/").content.decode()


def test_readers_take_two_queries(talk: Conversation) -> None:
    """Any number of readers takes two queries; a deleted account keeps its place without a name."""
    readers = [User.objects.create_user(f"reader{number}") for number in range(5)]
    for one in readers:
        access.note_readings([talk, talk], one.pk, Reading.Place.REVIEW)
    with CaptureQueriesContext(connection) as asked:
        found = access.readers_of(talk)
    assert (len(asked), len(found)) == (2, 5)
    readers[0].delete()
    assert "A deleted account" in [one.name for one in access.readers_of(talk)]


def test_roles_are_set_in_the_admin(owner: User) -> None:
    """The form of an account grants and revokes roles, and refuses to remove the last administrator."""
    root = with_role(ADMINISTRATOR)
    client = browser(root)
    url = f"/admin/auth/user/{owner.pk}/change/"
    data = {"username": "owner@example.org", "first_name": "", "last_name": "", "is_active": "on", "roles": ["reviewer"]}
    assert client.post(url, data).status_code == 302
    assert access.roles_of(owner) == {MEMBER, REVIEWER}
    assert 'value="reviewer"' in (page := client.get(url).content.decode())
    assert "checked" in page.split('value="reviewer"')[1].split(">")[0]
    client.post(url, {**data, "roles": []})
    assert access.roles_of(owner) == {MEMBER}
    refused = client.post(f"/admin/auth/user/{root.pk}/change/", {**data, "username": "root@example.org"})
    assert "the only active administrator" in refused.content.decode()
    assert access.has_role(root, ADMINISTRATOR)
