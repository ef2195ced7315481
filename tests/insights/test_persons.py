"""Everything of one person: the account with all that it has, and what the person said in conversations of others."""

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from insights import access, persons, recorder
from insights.models import AccountSettings, App, Conversation, Deletion, Member, Message
from insights.recorder import Listening, SpeakerIdentity
from tests.insights.conftest import opening, user_of_token, utterance
from tests.insights.recorder.deletion.test_delete_parts import stored_text

pytestmark = pytest.mark.django_db(transaction=True)

BOB = SpeakerIdentity("", "Bob Kowalski", "bob@example.org")


def talk(owner: User, room: str, speaker: SpeakerIdentity, text: str) -> int:
    """Let a person say something in a conversation of an account, and return the conversation's id."""
    joined = recorder.open_conversation(opening(owner, room, speaker=speaker))
    assert joined.member is not None
    recorder.record(joined.conversation_id, utterance(text, joined.started_at), Listening(member_id=joined.member.id))
    return joined.conversation_id


@pytest.fixture
def bob(db: None) -> User:
    """An account with an app, settings and a sign-in."""
    user = User.objects.create_user("bob@example.org", "bob@example.org", "pass-word-1234")
    AccountSettings.objects.create(user=user, keep_days=7)
    return user


def test_an_account_goes_with_everything(bob: User, owner: User) -> None:
    """Its conversations (also those in the bin), apps, tokens and sign-ins; nothing of other accounts."""
    app, secret = access.create_app(bob, "bot")
    token = access.token_for(app.app_id, secret).access_token
    browser = Client()
    browser.force_login(bob)
    talk(bob, "one", BOB, "The zeppelin is mine.")
    recorder.bin_conversation(talk(bob, "two", BOB, "The zeppelin is in the bin."), bob.pk)
    kept = talk(owner, "room-1", SpeakerIdentity("ada", "Ada"), "Hello all of you.")
    identity = bob.pk
    assert persons.delete_account(bob, owner.pk) == 2
    assert "zeppelin" not in stored_text()
    assert "bob" not in stored_text()
    assert list(Conversation.everything.values_list("id", flat=True)) == [kept]
    assert not User.objects.filter(pk=identity).exists()
    assert not App.objects.exists()
    assert user_of_token(token) is None
    assert browser.get("/account/").status_code == 302
    assert Deletion.objects.filter(kind="account", owner_id=identity, user=owner).count() == 1


def test_the_command_deletes_the_account_and_words_elsewhere(bob: User, owner: User) -> None:
    """It asks first, and can be limited to the conversations of one account."""
    talk(bob, "own", BOB, "The zeppelin is mine.")
    talk(owner, "room-1", BOB, "The zeppelin of Ada is late.")
    talk(owner, "room-1", SpeakerIdentity("ada", "Ada"), "No, it is early.")
    out = StringIO()
    with pytest.raises(CommandError, match="no such account"):
        call_command("deleteperson", email="bob@example.org", account="any@example.org", yes=True)
    call_command("deleteperson", email="BOB@example.org", account=owner.username, yes=True, stdout=out)
    assert "1 messages in 1 conversations" in out.getvalue()
    assert [one.text for one in Message.objects.order_by("text")] == ["No, it is early.", "The zeppelin is mine."]
    call_command("deleteperson", email="bob@example.org", yes=True, stdout=out)
    assert "Account: deleted, with 1 conversations." in out.getvalue()
    assert "zeppelin" not in stored_text()
    assert "kowalski" not in stored_text()
    assert Member.objects.get().name == "Ada"


def test_an_owner_deletes_the_words_of_a_person_by_rest(bob: User, owner: User) -> None:
    """In all conversations of this owner, by address or by name, and in no others."""
    talk(bob, "own", BOB, "The zeppelin is mine.")
    first, second = talk(owner, "one", BOB, "The zeppelin is late."), talk(owner, "two", BOB, "The zeppelin is early.")
    client = Client()
    client.force_login(owner)
    member = Member.objects.get(conversation_id=first)
    for query in ("", "?email=%20", "?email=a@b.c&name=x", "?name=%00"):
        assert client.delete(f"/v1/manage/person{query}").status_code == 400
    assert Client().delete("/v1/manage/person?name=Bob%20Kowalski").status_code == 401
    one = client.delete(f"/v1/conversations/{first}/members/{member.pk}")
    assert one.json() == {"message": "successfully deleted the member and 1 message"}
    assert client.delete(f"/v1/conversations/{first}/members/{member.pk}").status_code == 404
    assert client.delete(f"/v1/conversations/{first}/members/any").status_code == 404
    assert client.delete("/v1/manage/person?email=bob@example.org").json() == {"conversations": 1, "messages": 1}
    assert client.delete("/v1/manage/person?name=bob%20kowalski").json() == {"conversations": 0, "messages": 0}
    assert Message.objects.get().text == "The zeppelin is mine."
    assert "zeppelin" not in json.dumps(client.get(f"/v1/conversations/{second}/events").json())


def test_the_words_of_a_person_go_from_the_bin_too(owner: User) -> None:
    """A conversation that is restored has them no more."""
    room = talk(owner, "one", BOB, "The zeppelin is late.")
    recorder.bin_conversation(room, owner.pk)
    assert persons.delete_words(owner, email="bob@example.org", by=owner.pk) == persons.WordsDeleted(1, 1)
    recorder.restore_conversation(room, owner.pk)
    assert "zeppelin" not in stored_text()
    assert "kowalski" not in stored_text()


def test_a_person_who_was_merged_with_another_member_is_found_by_the_former_address(owner: User) -> None:
    """All words of the two members go, once."""
    room = talk(owner, "one", BOB, "The zeppelin is late.")
    talk(owner, "one", SpeakerIdentity("bobby@example.org", "Bobby"), "The zeppelin is early.")
    first, second = Member.objects.order_by("joined_at")
    recorder.merge_members(room, second.pk, first.pk, owner.pk)
    assert persons.delete_words(owner, email="bobby@example.org", by=owner.pk) == persons.WordsDeleted(1, 2)
    assert not Message.objects.exists()
    assert not Member.objects.exists()


def test_the_admin_deletes_accounts_in_the_same_way(bob: User, admin_user: User) -> None:
    """Rows of conversations are not listed on the page that asks, and readers are told."""
    talk(bob, "own", BOB, "The zeppelin is mine.")
    client = Client()
    client.force_login(admin_user)
    asked = client.get(f"/admin/auth/user/{bob.pk}/delete/").content.decode()
    assert "bob@example.org" in asked
    assert "zeppelin" not in asked
    assert client.post(f"/admin/auth/user/{bob.pk}/delete/", {"post": "yes"}).status_code == 302
    assert "zeppelin" not in stored_text()
    assert not User.objects.filter(pk=bob.pk).exists()
    assert Deletion.objects.filter(kind="conversation", user=admin_user).exists()
