"""The bin: delete, restore, delete for good, and everything that must not show what is in it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from insights import recorder
from insights.models import AccountSettings, Conversation
from tests.insights.portal.conftest import MakeConversation, add_insight

pytestmark = pytest.mark.django_db(transaction=True)


def text_of(client: Client, path: str = "/") -> str:
    """Return the text of a page that must exist."""
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_a_conversation_goes_through_the_bin(user_client: Client, make_conversation: MakeConversation) -> None:
    """It is hidden, shown in the bin, restored, and deleted for good there only."""
    one = make_conversation("Budget talk", [("Ada", "The zeppelin is late.")])
    make_conversation("Another talk")
    response = user_client.post(f"/conversations/{one.pk}/delete/")
    assert (response.status_code, response.headers["Location"]) == (302, "/conversations/?done=binned")
    listed = text_of(user_client, "/conversations/?done=binned")
    assert "Conversation moved to the bin." in listed
    assert "Budget talk" not in listed
    assert "Budget talk" not in text_of(user_client, "/conversations/?q=zeppelin")
    for path in (f"/conversations/{one.pk}/", f"/conversations/{one.pk}/download.txt", f"/v1/conversations/{one.pk}"):
        assert user_client.get(path).status_code == 404
    assert user_client.post(f"/conversations/{one.pk}/delete/").status_code == 404
    shown = text_of(user_client, "/bin/")
    assert "Budget talk" in shown
    assert "30 days left" in shown
    assert "Another talk" not in shown
    assert user_client.post(f"/bin/{one.pk}/restore/").status_code == 302
    assert "Budget talk" in text_of(user_client)
    assert user_client.post(f"/bin/{one.pk}/delete/").status_code == 404, "it is not in the bin"
    user_client.post(f"/conversations/{one.pk}/delete/")
    assert user_client.post(f"/bin/{one.pk}/delete/").headers["Location"] == "/bin/?done=deleted"
    assert "Conversation deleted." in text_of(user_client, "/bin/?done=deleted")
    assert not Conversation.everything.filter(pk=one.pk).exists()


def test_htmx_gets_the_list_with_its_filters(user_client: Client, make_conversation: MakeConversation) -> None:
    """The rows that are left are those of the page that asked."""
    one = make_conversation("Budget talk")
    make_conversation("Budget review")
    make_conversation("Holidays")
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/?q=budget"}
    text = user_client.post(f"/conversations/{one.pk}/delete/", headers=headers).content.decode()
    assert "Budget review" in text
    assert "Budget talk" not in text
    assert "Holidays" not in text
    assert "<html" not in text


def test_nobody_else_can_delete_or_restore(user_client: Client, other_client: Client, make_conversation: MakeConversation) -> None:
    """For others the conversation does not exist, in the bin or not; visitors are sent to the sign-in."""
    one = make_conversation("Budget talk")
    assert other_client.post(f"/conversations/{one.pk}/delete/").status_code == 404
    assert Client().post(f"/conversations/{one.pk}/delete/").status_code == 302
    assert Conversation.objects.filter(pk=one.pk).exists()
    user_client.post(f"/conversations/{one.pk}/delete/")
    assert "Budget talk" not in text_of(other_client, "/bin/")
    for action in ("restore", "delete"):
        assert other_client.post(f"/bin/{one.pk}/{action}/").status_code == 404
        assert Client().post(f"/bin/{one.pk}/{action}/").status_code == 302
        assert user_client.get(f"/bin/{one.pk}/{action}/").status_code == 405
    assert Conversation.everything.filter(pk=one.pk, erased_at=None).exists()


def test_the_admin_shows_the_bin_in_a_filter_only(admin_user: User, make_conversation: MakeConversation) -> None:
    """Lists leave out what is in the bin; there it can be read and deleted for good, not changed."""
    one = make_conversation("Budget talk", [("Ada", "The zeppelin is late.")])
    other = make_conversation("Another talk")
    add_insight(one, 1, text="Is the zeppelin late?")
    recorder.bin_conversation(one.pk, admin_user.pk)
    client = Client()
    client.force_login(admin_user)
    listed = text_of(client, "/admin/insights/conversation/")
    assert "Another talk" in listed
    assert "Budget talk" not in listed
    assert "zeppelin" not in text_of(client, "/admin/insights/insight/")
    assert "Budget talk" in text_of(client, "/admin/insights/conversation/?bin=yes")
    changed = client.post(f"/admin/insights/conversation/{one.pk}/change/", {})
    assert changed.status_code == 403
    asked = text_of(client, f"/admin/insights/conversation/{one.pk}/delete/")
    assert "zeppelin" not in asked
    assert client.post(f"/admin/insights/conversation/{one.pk}/delete/", {"post": "yes"}).status_code == 302
    action = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    assert client.post("/admin/insights/conversation/", action).status_code == 302
    assert not Conversation.everything.exists()
    assert "conversation deleted" in text_of(client, "/admin/insights/deletion/")


def test_an_account_keeps_conversations_for_its_own_time(user: User, user_client: Client, make_conversation: MakeConversation) -> None:
    """The account page sets the days; retention deletes by them, and only conversations of this account."""
    response = user_client.post("/account/retention/", {"keep_days": "0"})
    assert response.status_code == 400
    assert "greater than or equal to 1" in response.content.decode()
    assert user_client.post("/account/retention/", {"keep_days": "7"}).headers["Location"] == "/account/recording/?done=retention"
    assert 'value="7"' in text_of(user_client, "/account/recording/?done=retention")
    other = User.objects.create_user("someone")
    mine, theirs = make_conversation("Mine"), make_conversation("Theirs", owner=other)
    new = make_conversation("New")
    Conversation.objects.filter(pk=new.pk).update(ended_at=timezone.now() - timedelta(days=6))
    assert recorder.forget_by_accounts(timezone.now()) == 1
    assert set(Conversation.everything.values_list("pk", flat=True)) == {theirs.pk, new.pk}
    assert mine.pk not in {theirs.pk, new.pk}
    user_client.post("/account/retention/", {"keep_days": ""})
    assert AccountSettings.objects.get(user=user).keep_days is None
    Conversation.objects.filter(pk=new.pk).update(ended_at=timezone.now() - timedelta(days=60))
    assert recorder.forget_by_accounts(timezone.now()) == 0


def test_the_bin_is_emptied_by_time(user: User, make_conversation: MakeConversation) -> None:
    """Only what has been in the bin for long enough is deleted for good."""
    old, new = make_conversation("Old"), make_conversation("New")
    for one in (old, new):
        recorder.bin_conversation(one.pk, user.pk)
    Conversation.everything.filter(pk=old.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    assert recorder.empty_bin(timezone.now() - timedelta(days=30)) == 1
    assert list(Conversation.everything.values_list("pk", flat=True)) == [new.pk]
