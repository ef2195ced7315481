"""The home page: tasks, questions, follow-ups, live and recent conversations; the first run and the sample conversation."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights import queries
from insights.insight_kinds import kinds
from insights.models import AccessLevel, Change, Conversation, Insight, Job, Share
from tests.insights.portal.conftest import MakeConversation, add_insight


def page(client: Client, path: str = "/") -> str:
    """Return the text of a page that must exist."""
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def part(text: str, heading: str) -> str:
    """Return the section of a page that a heading names."""
    return text.split(f">{heading}</h2>")[1].split("</section>")[0]


def task(one: Conversation, number: int, text: str, kind: str = "action_item", **more: Any) -> Insight:
    """Add an insight to the message of a number and return it."""
    add_insight(one, number, kind, text=text, **more)
    return Insight.objects.get(text=text)


def test_the_first_run(user_client: Client) -> None:
    """Without conversations there is one way to start and a sample; nothing for programmers."""
    text = page(user_client)
    assert "Start a conversation" in text
    assert "Open a sample conversation" in text
    assert "manage.py" not in text


def test_the_sample_conversation(user_client: Client, other_client: Client, user: User) -> None:
    """The sample is stored once per account, marked, with insights and an end, and can be deleted like any other."""
    answer = user_client.post("/sample/")
    one = Conversation.objects.get(owner=user)
    assert answer.headers["Location"] == f"/conversations/{one.pk}/"
    assert one.ended_at is not None
    assert (one.speakers.count(), one.insights.exists()) == (2, True)
    assert user_client.post("/sample/").headers["Location"] == answer.headers["Location"]
    assert "Sample</span>" in page(user_client)
    assert "Sample</span>" in page(user_client, "/conversations/")
    assert other_client.get(f"/conversations/{one.pk}/").status_code == 404
    user_client.post(f"/conversations/{one.pk}/delete/")
    assert "Open a sample conversation" in page(user_client)


def test_my_tasks_by_due_date(user_client: Client, user: User, make_conversation: MakeConversation) -> None:
    """Open tasks that are assigned to my name or address, by due date; those of others, done and rejected ones on no list of mine."""
    user.first_name, user.last_name = "Jane", "Doe"
    user.save()
    one = make_conversation(lines=[("Ada", "We shall see.")])
    now = timezone.now()
    member = one.members.create(name="J.", user_id=f"{user.email}/jane")
    task(one, 1, "Second task", due_at=now + timedelta(days=2), assignee_name="jane doe")
    task(one, 1, "Third task", assignee=member)
    task(one, 1, "First task", due_at=now - timedelta(days=3), assignee=member)
    task(one, 1, "Done task", assignee=member, done_at=now)
    task(one, 1, "Refused task", assignee=member, review="rejected", reviewed_at=now)
    task(one, 1, "Task of Ada", assignee_name="Ada")
    mine = part(page(user_client), "My tasks")
    assert [mine.index(name) for name in ("First task", "Second task", "Third task")] == sorted(
        mine.index(name) for name in ("First task", "Second task", "Third task")
    )
    assert "Overdue" in mine
    assert not any(name in mine for name in ("Done task", "Refused task", "Task of Ada"))
    assert "Task of Ada" in part(page(user_client, "/?tasks=all"), "All open tasks")


def test_a_task_is_done_with_one_click(user_client: Client, other_client: Client, user: User, make_conversation: MakeConversation) -> None:
    """The change is recorded and can be taken back; another account gets 404 and changes nothing."""
    one = task(make_conversation(lines=[("Ada", "I will send it.")]), 1, "Send it")
    assert other_client.post(f"/tasks/{one.pk}/").status_code == 404
    assert user_client.post(f"/tasks/{uuid4()}/").status_code == 404
    answer = user_client.post(f"/tasks/{one.pk}/", {"done": "yes"}, headers={"HX-Request": "true"})
    assert "Mark as open: Send it" in answer.content.decode()
    one.refresh_from_db()
    assert one.done_at is not None
    assert Change.objects.get().user_id == user.pk
    assert user_client.post(f"/tasks/{one.pk}/", {"done": "no"}).headers["Location"] == "/"
    one.refresh_from_db()
    assert one.done_at is None


def test_a_reader_changes_nothing(user: User, other_user: User, other_client: Client, make_conversation: MakeConversation) -> None:
    """Who may read a shared conversation sees its tasks and cannot mark them; who may edit it can."""
    one = make_conversation(lines=[("Ada", "I will send it.")])
    item = task(one, 1, "Send it")
    share = Share.objects.create(conversation=one, user=other_user, level=AccessLevel.READ, created_at=timezone.now())
    assert "Send it" in page(other_client, "/?tasks=all")
    assert "Mark as done" not in page(other_client, "/?tasks=all")
    assert other_client.post(f"/tasks/{item.pk}/").status_code == 403
    share.level = AccessLevel.EDIT
    share.save()
    assert "Mark as done: Send it" in page(other_client, "/?tasks=all")
    assert other_client.post(f"/tasks/{item.pk}/").status_code == 302
    item.refresh_from_db()
    assert item.done_at is not None


def test_unanswered_questions(user_client: Client, make_conversation: MakeConversation) -> None:
    """A question of the past two weeks that nobody answered is listed; one with an answer is not."""
    lines = [("Ada", "Who books the hotel in Porto?"), ("Bob", "I will book it."), ("Ada", "When does the train leave Berlin?")]
    one = make_conversation(lines=lines)
    Conversation.objects.update(started_at=timezone.now() - timedelta(days=1), ended_at=timezone.now())
    task(one, 1, "Who books the hotel in Porto?", "question")
    task(one, 3, "When does the train leave Berlin?", "question")
    shown = part(page(user_client), "Unanswered questions")
    assert "When does the train" in shown
    assert "Who books" not in shown
    Conversation.objects.update(started_at=timezone.now() - timedelta(days=15))
    assert "No unanswered questions" in page(user_client)


@pytest.mark.parametrize("now", ["2026-11-30T00:00:00", "2026-12-02T15:00:00", "2026-12-06T23:59:59"])
def test_follow_ups_of_this_week(
    user_client: Client, make_conversation: MakeConversation, monkeypatch: pytest.MonkeyPatch, now: str
) -> None:
    """Follow-ups that are due from Monday to Sunday are listed, from the first to the last second of the week."""
    one = make_conversation(lines=[("Ada", "Let us talk again.")])
    monday = datetime(2026, 11, 30, 9, tzinfo=UTC)
    dues = {"This week": 3, "Next week": 8, "Last week": -1}
    for name, days in dues.items():
        task(one, 1, name, "follow_up", due_at=monday + timedelta(days=days))
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    shown = part(page(user_client), "Follow-ups this week")
    assert "This week" in shown
    assert "Next week" not in shown
    assert "Last week" not in shown


def test_live_and_recent_conversations(user_client: Client, other_client: Client, make_conversation: MakeConversation) -> None:
    """Live conversations and the latest five are listed, with a link to all; nothing of them for another account."""
    for day in range(6):
        make_conversation(f"Talk {day}", day=day)
    make_conversation("Standup", live=True, day=7)
    text = page(user_client)
    assert "Standup" in part(text, "Live now")
    assert "Talk 5" in part(text, "Recent conversations")
    assert "Talk 1" not in text
    assert "Talk" not in page(other_client)


def test_an_import_is_not_called_live(user_client: Client, user: User, make_conversation: MakeConversation) -> None:
    """A conversation that an import fills is "Transcribing" on every page; once speakers are connected alone, it is live."""
    one = make_conversation("Recording", live=True)
    job = Job.objects.create(kind="import_audio", owner=user, conversation=one)
    for address in ("/", "/conversations/", f"/conversations/{one.pk}/"):
        text = page(user_client, address)
        assert "Transcribing" in text
        assert "Live now" not in text
    assert "Watch live" not in page(user_client, f"/conversations/{one.pk}/")
    Job.objects.filter(pk=job.pk).update(status="completed")
    for address in ("/", "/conversations/", f"/conversations/{one.pk}/"):
        assert "Live now" in page(user_client, address)


def test_a_failed_import_is_marked(user_client: Client, user: User, make_conversation: MakeConversation) -> None:
    """An empty conversation whose import failed says so in the lists; not where it was cancelled, or where something was said before."""
    empty, cancelled, longer = make_conversation("Empty"), make_conversation("Stopped"), make_conversation("Longer", [("Ada", "Hello.")])
    for one in (empty, cancelled, longer):
        Job.objects.create(kind="import_audio", owner=user, conversation=one, status="failed", cancel_requested=one is cancelled)
    for address in ("/", "/conversations/"):
        text = page(user_client, address)
        assert text.count("Import failed") == 1
        assert re.search(r"Empty</a>\s*<span class=\"pill\">Import failed", text)


def test_the_number_of_queries(user_client: Client, make_conversation: MakeConversation) -> None:
    """The page takes the same number of queries for one conversation as for many."""
    counts = []
    for times in (1, 9):
        for number in range(times):
            one = make_conversation(lines=[("Ada", "Who books the hotel in Porto?"), ("Bob", "What?")], day=number)
            for kind in kinds():
                task(one, 1, f"{kind.name} {times} {number}", kind.name, due_at=timezone.now(), assignee_name="Jane")
        Conversation.objects.update(started_at=timezone.now(), ended_at=timezone.now())
        with CaptureQueriesContext(connection) as ran:
            page(user_client, "/?tasks=all")
        counts.append(len(ran))
    assert counts[0] == counts[1]


def test_a_person_without_name_and_address_has_no_tasks(user: User, make_conversation: MakeConversation) -> None:
    """An empty name matches no unassigned task."""
    task(make_conversation(lines=[("Ada", "I will.")]), 1, "Nobody's")
    assert queries.open_tasks(queries.UserNames(user.pk, "", ""), 9) == []
