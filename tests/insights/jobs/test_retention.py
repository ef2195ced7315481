"""What is removed as time goes by."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from insights import access, jobs, recorder
from insights.jobs import retention
from insights.jobs.queries import worker_is_missing
from insights.jobs.recovery import create_periodic_jobs
from insights.jobs.retention import AGAIN_S, EVERY_S, remove_expired
from insights.models import Conversation, Job
from tests.insights.conftest import opening

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def old(user: User) -> Conversation:
    """A conversation that ended a week ago, and a sign-in of that time."""
    at = timezone.now() - timedelta(days=7)
    joined = recorder.open_conversation(opening(user))
    Conversation.objects.filter(id=joined.conversation_id).update(started_at=at, ended_at=at)
    Session.objects.create(session_key="old", session_data="", expire_date=at)
    return Conversation.objects.get()


def run() -> float | None:
    """Run the job's handler and return the seconds until its next run."""
    job = jobs.RunningJob(Job(claim=uuid4()))
    remove_expired(job)
    return job.again_s


@pytest.mark.parametrize(("days", "left"), [(0, 1), (30, 1), (6, 0)])
def test_conversations_are_kept_as_long_as_the_settings_say(old: Conversation, settings: Any, days: int, left: int) -> None:
    """For ever by default; sign-ins that are over go in any case."""
    settings.KEEP_DAYS = days
    assert run() == EVERY_S
    assert Conversation.objects.count() == left
    assert Session.objects.count() == 0


def test_what_is_too_much_for_one_time_is_done_soon(old: Conversation, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """As long as as much was removed as may be at one time, it looks again soon."""
    monkeypatch.setattr(access, "MOST_SIGN_INS", 1)
    assert run() == AGAIN_S
    assert run() == EVERY_S
    monkeypatch.setattr(retention, "MOST", 1)
    settings.KEEP_DAYS = 6
    assert run() == AGAIN_S


def test_what_fails_keeps_nothing_else(
    old: Conversation, monkeypatch: pytest.MonkeyPatch, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Conversations go though sign-ins cannot; the log names the place and no secret."""

    def broken(now: datetime) -> int:
        raise ConnectionError("postgres://user:password@host")

    monkeypatch.setattr(access, "forget_sign_ins", broken)
    settings.KEEP_DAYS = 6
    assert run() == EVERY_S
    assert Conversation.objects.count() == 0
    assert "expired data could not be removed (ConnectionError" in caplog.text
    assert "password" not in caplog.text


def test_old_jobs(user: User) -> None:
    """Jobs go 30 days after their end, internal ones after a week; others never."""
    now = timezone.now()
    for days, internal, status in ((31, False, "failed"), (8, True, "completed"), (29, False, "completed"), (6, True, "failed")):
        Job.objects.create(kind="mail", owner=user, internal=internal, status=status, finished_at=now - timedelta(days=days))
    Job.objects.create(kind="mail", owner=user, created_at=now - timedelta(days=99), run_at=now + timedelta(days=1))
    run()
    assert sorted(Job.objects.values_list("status", "internal")) == [("completed", False), ("failed", True), ("scheduled", False)]


def test_it_runs_by_itself(old: Conversation, settings: Any) -> None:
    """A worker creates the job, and it runs again an hour later. So a server notices that no worker runs."""
    settings.KEEP_DAYS = 6
    assert worker_is_missing()
    create_periodic_jobs()
    jobs.run_waiting()
    assert Conversation.objects.count() == 0
    assert Job.objects.get(kind="retention").run_at > timezone.now() + timedelta(minutes=50)
    assert not worker_is_missing()
    Job.objects.update(run_at=timezone.now() - timedelta(hours=1))
    assert worker_is_missing()
