"""Who gets which mail when a conversation is over or shared or a task is theirs, and that each thing is told once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from smtplib import SMTPConnectError
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from insights import access, jobs, managed, recorder, webhooks
from insights.access import addresses
from insights.models import (
    AccessLevel,
    AccountSettings,
    Conversation,
    Insight,
    Job,
    LiveSession,
    Member,
    Notification,
    Share,
    WebhookDelivery,
)
from insights.recorder import Assignee, InsightEdit, Joined
from insights.webhooks.webhook_bodies import body_of
from tests.http_server import answer, http_server
from tests.insights.conftest import Say

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "zeppelin"


@pytest.fixture(autouse=True)
def _configured(settings: Any, owner: User, other_owner: User) -> None:
    """A mail server, and two accounts with confirmed addresses."""
    settings.MAIL_CONFIGURED = True
    settings.TRUSTED_ORIGINS = ["https://talk.example.org"]
    for user in (owner, other_owner):
        addresses.confirm_address(user)


@pytest.fixture
def hook(settings: Any) -> Iterator[str]:
    """The URL of a server that answers 200 to webhooks."""
    settings.ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    with http_server(answer(200)) as receiver:
        yield f"http://127.0.0.1:{receiver.port}/hook"


def end(joined: Joined) -> Conversation:
    """End the conversation and run the jobs."""
    recorder.leave(LiveSession.objects.get(conversation_id=joined.conversation_id).id, final=True)
    jobs.run_waiting()
    return Conversation.objects.get(pk=joined.conversation_id)


def run_later_jobs() -> None:
    """Run the jobs that wait for their time."""
    Job.objects.filter(status="scheduled").update(run_at="2026-01-01T00:00Z")
    jobs.run_waiting()


def sent() -> dict[str, Any]:
    """Return the mails by their recipient, of whom each got one."""
    found = {message.to[0]: message for message in mail.outbox}
    assert len(found) == len(mail.outbox)
    mail.outbox.clear()
    return found


def refuse(backend: object, messages: object) -> int:
    """Fail as an unreachable mail server."""
    raise SMTPConnectError(421, b"away")


def wish(user: User, **values: object) -> None:
    """Change the settings of an account."""
    AccountSettings.objects.update_or_create(user=user, defaults=values)


def assign(conversation: Conversation, member_email: str, by: User) -> Insight:
    """Assign the task of a conversation to a new member with an address."""
    member = Member.objects.create(conversation=conversation, user_id="ben", name="Ben", email=member_email)
    task = Insight.objects.get(conversation=conversation, type="action_item")
    recorder.edit_insight(task.pk, by.pk, InsightEdit(assignee=Assignee(member_id=member.pk)))
    return task


def test_the_owner_and_those_it_is_shared_with_are_told_once(joined: Joined, say: Say, owner: User, other_owner: User) -> None:
    """The mail has title and link, and no spoken words; another run of the job sends nothing."""
    say(f"Ada will fly the {SECRET}.")
    conversation = Conversation.objects.get(pk=joined.conversation_id)
    access.share_with_person(conversation, "stranger@example.org", AccessLevel.READ)
    end(joined)
    mails = sent()
    assert set(mails) == {"owner@example.org", "stranger@example.org"}
    for message in mails.values():
        assert f"https://talk.example.org/conversations/{conversation.pk}/" in message.body
        assert "https://talk.example.org/account/notifications/" in message.body
        assert SECRET not in message.subject + message.body
    jobs.enqueue("notify", None, {"conversation": conversation.pk, "over": True, "by": ""})
    jobs.run_waiting()
    assert sent() == {}
    assert set(Notification.objects.values_list("user_id", flat=True)) == {owner.pk, other_owner.pk}


def test_what_is_in_the_mail_is_chosen(joined: Joined, say: Say, owner: User, other_owner: User) -> None:
    """Counts without words for one account, summary and tasks for another."""
    wish(owner, notify_content="counts")
    wish(other_owner, notify_content="words")
    conversation = Conversation.objects.get(pk=joined.conversation_id)
    access.share_with_person(conversation, "stranger@example.org", AccessLevel.READ)
    Member.objects.filter(conversation=conversation).update(email="stranger@example.org")
    say(f"Ada will fly the {SECRET}.")
    say("Who can come?")
    end(joined)
    mails = sent()
    assert "2 messages, Questions: 1, Action items: 1" in mails["owner@example.org"].body
    assert SECRET not in mails["owner@example.org"].body
    assert "1 task is yours." in mails["stranger@example.org"].body
    assert f"- Ada will fly the {SECRET}." in mails["stranger@example.org"].body


def test_a_mail_that_waits_loses_words_that_are_deleted(joined: Joined, say: Say, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the mail server is unreachable, deleting a message empties the job's copy of it; the mail is sent without words."""
    wish(owner, notify_content="words")
    say(f"Ada will fly the {SECRET}.")
    with monkeypatch.context() as away:
        away.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        conversation = end(joined)
    assert SECRET in str(list(Job.objects.values("parameters")))
    recorder.delete_message(conversation.pk, conversation.messages.get().pk, owner.pk)
    assert SECRET not in str(list(Job.objects.values("parameters")))
    run_later_jobs()
    (message,) = sent().values()
    assert f"/conversations/{conversation.pk}/" in message.body
    assert SECRET not in message.body


def test_a_mail_that_waits_is_deleted_with_its_conversation(joined: Joined, say: Say, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """No job keeps its title or its words, and none is sent."""
    wish(owner, notify_content="words")
    say(f"Ada will fly the {SECRET}.")
    with monkeypatch.context() as away:
        away.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        conversation = end(joined)
    recorder.delete_conversation(conversation.pk, owner.pk)
    assert SECRET not in str(list(Job.objects.values("parameters")))
    run_later_jobs()
    assert sent() == {}


def test_nobody_is_told_who_switched_it_off(joined: Joined, say: Say, owner: User) -> None:
    """Neither of the end nor of a task."""
    wish(owner, notify_over=False, notify_tasks=False)
    say("Ada will fly.")
    conversation = end(joined)
    assign(conversation, "owner@example.org", owner)
    run_later_jobs()
    assert sent() == {}


def test_a_task_that_is_assigned_later(joined: Joined, say: Say, owner: User, other_owner: User) -> None:
    """Its assignee is told once, if they may see the conversation; who assigns a task to themselves is not."""
    say(f"Ada will fly the {SECRET}.")
    conversation = end(joined)
    sent()
    task = assign(conversation, "Stranger@Example.org", owner)
    run_later_jobs()
    assert sent() == {}, "it is not shared with them"
    access.share_with_person(conversation, "stranger@example.org", AccessLevel.READ)
    recorder.edit_insight(task.pk, owner.pk, InsightEdit(text=f"Fly the {SECRET} home"))
    run_later_jobs()
    mails = sent()
    assert set(mails) == {"stranger@example.org"}
    assert "1 task" in mails["stranger@example.org"].subject
    assert SECRET not in mails["stranger@example.org"].subject + mails["stranger@example.org"].body
    recorder.edit_insight(task.pk, owner.pk, InsightEdit(text="Fly home"))
    run_later_jobs()
    assert sent() == {}
    Member.objects.filter(conversation=conversation, name="Ben").update(email="owner@example.org")
    recorder.edit_insight(task.pk, owner.pk, InsightEdit(text="Fly"))
    run_later_jobs()
    assert sent() == {}


def deliveries() -> list[tuple[int, str]]:
    """Return the messages about tasks: the owner of the webhook, and the text of the task that is sent."""
    rows = WebhookDelivery.objects.filter(kind="task.assigned").select_related("endpoint").order_by("id")
    bodies = [(row.endpoint.owner_id, body_of(row)) for row in rows]
    return [(owner, json.loads(body)["data"]["insight"]["text"] if body else "") for owner, body in bodies]


def test_webhooks_of_the_assignee_are_told_of_tasks(
    joined: Joined, say: Say, owner: User, other_owner: User, settings: Any, hook: str
) -> None:
    """Without a mail server too, and once; not those of the owner, not for tasks that one assigned to oneself, nothing before the end."""
    settings.MAIL_CONFIGURED = False
    mine, theirs = (webhooks.create_endpoint(one.pk, hook, ["task.assigned"]) for one in (owner, other_owner))
    webhooks.create_endpoint(other_owner.pk, hook, ["insight.created"])
    conversation = Conversation.objects.get(pk=joined.conversation_id)
    access.share_with_person(conversation, "stranger@example.org", AccessLevel.READ)
    say(f"Ada will fly the {SECRET}.")
    task = assign(conversation, "stranger@example.org", owner)
    run_later_jobs()
    assert deliveries() == []
    end(joined)
    assert deliveries() == [(other_owner.pk, task.text)]
    assert WebhookDelivery.objects.get(kind="task.assigned").endpoint_id == theirs.pk
    recorder.edit_insight(task.pk, owner.pk, InsightEdit(text="Fly home"))
    run_later_jobs()
    assert deliveries() == [(other_owner.pk, "Fly home")], "as it is now, and once"
    Member.objects.filter(conversation=conversation, name="Ben").update(email="owner@example.org")
    recorder.edit_insight(task.pk, owner.pk, InsightEdit(text="Fly"))
    run_later_jobs()
    assert not WebhookDelivery.objects.filter(endpoint=mine).exists()
    assert mail.outbox == []


@pytest.mark.parametrize("what", ["unshared", "rejected", "done", "deleted", "bin"])
def test_a_task_that_is_no_longer_theirs_is_not_sent(
    joined: Joined, say: Say, owner: User, other_owner: User, hook: str, what: str
) -> None:
    """The body is made when it is sent: without access, and of a task that is gone, there is none."""
    webhooks.create_endpoint(other_owner.pk, hook, ["task.assigned"])
    conversation = Conversation.objects.get(pk=joined.conversation_id)
    share = access.share_with_person(conversation, "stranger@example.org", AccessLevel.READ)
    say("Ada will fly.")
    task = assign(conversation, "stranger@example.org", owner)
    end(joined)
    (row,) = WebhookDelivery.objects.filter(kind="task.assigned")
    assert body_of(row) is not None
    match what:
        case "unshared":
            access.unshare(conversation, share.pk)
        case "rejected":
            recorder.edit_insight(task.pk, owner.pk, InsightEdit(verdict="rejected"))
        case "done":
            recorder.edit_insight(task.pk, owner.pk, InsightEdit(done=True))
        case "deleted":
            recorder.delete_insight(conversation.pk, task.pk, owner.pk)
        case "bin":
            recorder.bin_conversation(conversation.pk, owner.pk)
    assert body_of(row) is None


@pytest.mark.parametrize("why", ["inactive", "unconfirmed", "bin", "no words"])
def test_no_mail(joined: Joined, say: Say, owner: User, why: str) -> None:
    """An account that is not active or has no confirmed address gets none; no conversation in the bin or without words is told of."""
    match why:
        case "inactive":
            User.objects.filter(pk=owner.pk).update(is_active=False)
        case "unconfirmed":
            owner.emailaddress_set.update(verified=False)  # type: ignore[attr-defined]
    if why != "no words":
        say("Hello.")
    recorder.leave(LiveSession.objects.get(conversation_id=joined.conversation_id).id, final=True)
    if why == "bin":
        recorder.bin_conversation(joined.conversation_id, owner.pk)
    jobs.run_waiting()
    assert sent() == {}


def test_without_a_mail_server_there_is_no_job(joined: Joined, say: Say, owner: User, hook: str, settings: Any) -> None:
    """Nothing waits for a mail server that nobody configured, if no webhook is told of tasks either."""
    settings.MAIL_CONFIGURED = False
    webhooks.create_endpoint(owner.pk, hook, ["insight.created"])
    say("Ada will fly.")
    end(joined)
    assert not Job.objects.filter(kind="notify").exists()


def test_due_dates_are_those_of_the_conversation(joined: Joined, say: Say, owner: User) -> None:
    """The last minute of a day in Los Angeles is the next day in UTC."""
    wish(owner, notify_content="words")
    say("I will send the report.")
    Conversation.objects.update(timezone_offset=-8 * 60)
    Insight.objects.update(due_at=datetime(2026, 3, 7, 7, 59, tzinfo=UTC), assignee=None, assignee_name=owner.email)
    end(joined)
    assert "due 6 Mar 2026" in sent()["owner@example.org"].body


def test_each_mail_is_in_the_language_of_its_account(joined: Joined, say: Say, owner: User, other_owner: User) -> None:
    """German for one account, English for another that has chosen none."""
    wish(owner, notify_content="counts", language="de")
    conversation = Conversation.objects.get(pk=joined.conversation_id)
    access.share_with_person(conversation, "stranger@example.org", AccessLevel.READ)
    say("Who can come?")
    end(joined)
    mails = sent()
    assert "ist beendet." in mails["owner@example.org"].body
    assert "1 Beitrag, Fragen: 1" in mails["owner@example.org"].body
    assert "has ended." in mails["stranger@example.org"].body


@pytest.fixture
def owner_client(owner: User, client: Client) -> Client:
    """A browser that is signed in as the owner."""
    client.force_login(owner)
    return client


def share(client: Client, conversation_id: int, **form: object) -> None:
    """Share a conversation on its page, and run the jobs that wait."""
    assert client.post(f"/conversations/{conversation_id}/share/", form, headers={"X-Part": "1"}).status_code == 200
    run_later_jobs()


def test_a_person_is_told_of_a_share_once(joined: Joined, say: Say, owner_client: Client, other_owner: User) -> None:
    """The mail names the owner, the title and what is allowed, without spoken words; another level and a repeated share send nothing."""
    say(f"Ada will fly the {SECRET}.")
    person = {"do": "person", "address": other_owner.email}
    share(owner_client, joined.conversation_id, **person, level="2")
    mails = sent()
    assert set(mails) == {"stranger@example.org"}
    message = mails["stranger@example.org"]
    assert "owner shared the conversation" in message.body
    assert "You can read and edit it." in message.body
    assert f"https://talk.example.org/conversations/{joined.conversation_id}/" in message.body
    assert SECRET not in message.subject + message.body
    share(owner_client, joined.conversation_id, **person, level="1")
    share(owner_client, joined.conversation_id, do="remove", share=Share.objects.get().pk)
    share(owner_client, joined.conversation_id, **person, level="1")
    assert sent() == {}


def test_the_members_of_a_team_are_told_of_a_share(joined: Joined, say: Say, owner: User, owner_client: Client, other_owner: User) -> None:
    """Each in the language of the account, the owner not."""
    wish(other_owner, language="de")
    team = managed.create_team(owner, "Sales")
    managed.add_person(team, other_owner.email)
    share(owner_client, joined.conversation_id, do="team", team=team.pk, level="1")
    mails = sent()
    assert set(mails) == {"stranger@example.org"}
    assert "mit dem Team Sales geteilt" in mails["stranger@example.org"].body


@pytest.mark.parametrize("why", ["switched off", "removed at once", "bin", "no mail server"])
def test_no_mail_about_a_share(joined: Joined, owner: User, owner_client: Client, other_owner: User, settings: Any, why: str) -> None:
    """To nobody who wants none; of no share that has ended, and no conversation in the bin."""
    settings.MAIL_CONFIGURED = why != "no mail server"
    if why == "switched off":
        wish(other_owner, notify_shares=False)
    form = {"do": "person", "address": other_owner.email, "level": "1"}
    assert owner_client.post(f"/conversations/{joined.conversation_id}/share/", form).status_code == 302
    if why == "removed at once":
        Share.objects.all().delete()
    if why == "bin":
        recorder.bin_conversation(joined.conversation_id, owner.pk)
    run_later_jobs()
    assert not [message for message in mail.outbox if "shared" in message.subject]
    assert Job.objects.filter(kind="notify_share").exists() == (why != "no mail server")
