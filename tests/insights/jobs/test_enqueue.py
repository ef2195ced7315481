"""New jobs, their order, and cancelling."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from insights import jobs, recorder
from insights.models import Conversation, Job
from tests.insights.jobs.conftest import Register

pytestmark = pytest.mark.django_db(transaction=True)


def test_job_and_task_are_stored_together(user: User, register: Register) -> None:
    """A transaction that is rolled back leaves neither a job nor a task."""
    register("k", lambda job: None)
    with transaction.atomic():
        jobs.enqueue("k", user.pk, {"a": 1})
        transaction.set_rollback(True)
    assert (Job.objects.count(), DBTaskResult.objects.count()) == (0, 0)
    job = jobs.enqueue("k", user.pk, {"a": 1})
    assert (job.status, job.parameters) == ("scheduled", {"a": 1})
    assert DBTaskResult.objects.get().args_kwargs["args"] == [str(job.pk)]


def test_a_job_runs_and_is_completed(user: User, register: Register) -> None:
    """The handler gets what was enqueued; afterwards the job is completed and its task is gone."""
    seen: list[tuple[object, ...]] = []
    register("k", lambda job: seen.append((job.owner_id, job.parameters, job.attempt)))
    job = jobs.enqueue("k", user.pk, {"a": 1})
    assert jobs.run_waiting() == 1
    job.refresh_from_db()
    assert seen == [(user.pk, {"a": 1}, 1)]
    assert (job.status, job.progress, job.claim, job.reason) == ("completed", 1.0, None, "")
    assert job.started_at is not None
    assert job.finished_at is not None
    assert not DBTaskResult.objects.exists()


def test_jobs_of_one_conversation_run_in_order(user: User, register: Register, conversation: Conversation) -> None:
    """The second job has no task before the first has ended, not even while the first waits for another attempt."""
    ran: list[object] = []

    def run(job: jobs.RunningJob) -> None:
        ran.append((job.parameters["n"], job.attempt))
        if job.attempt < job.parameters["fails"]:  # type: ignore[operator]
            raise ZeroDivisionError

    register("k", run, retry_s=(0.0, 3600.0))
    jobs.enqueue("k", user.pk, {"n": 1, "fails": 2}, conversation_id=conversation.pk)
    jobs.enqueue("k", user.pk, {"n": 2, "fails": 3}, conversation_id=conversation.pk)
    last = jobs.enqueue("k", user.pk, {"n": 3, "fails": 0}, conversation_id=conversation.pk)
    assert DBTaskResult.objects.count() == 1
    jobs.run_waiting()
    assert ran == [(1, 1), (1, 2), (2, 1), (2, 2)]
    last.refresh_from_db()
    assert last.status == "scheduled"


def test_a_job_for_later_does_not_hold_back_others(user: User, register: Register, conversation: Conversation) -> None:
    """A job whose time has not come waits alone."""
    ran: list[object] = []
    register("k", lambda job: ran.append(job.parameters["n"]))
    jobs.enqueue("k", user.pk, {"n": 1}, conversation_id=conversation.pk, run_at=timezone.now() + timedelta(hours=1))
    jobs.enqueue("k", user.pk, {"n": 2}, conversation_id=conversation.pk)
    jobs.run_waiting()
    assert ran == [2]
    Job.objects.update(run_at=timezone.now())
    jobs.run_waiting()
    assert ran == [2, 1]


def test_limit_of_an_account(user: User, other_user: User, register: Register, settings: object) -> None:
    """An account at its limit gets an error; other accounts, internal jobs and the time after a job's end do not."""
    settings.MAX_JOBS_PER_ACCOUNT = 2  # type: ignore[attr-defined]
    register("k", lambda job: None)
    register("i", lambda job: None, internal=True)
    for _ in range(2):
        jobs.enqueue("k", user.pk, {})
    with pytest.raises(jobs.TooManyJobs, match="limit of maximum of 2 number of concurrent jobs per account"):
        jobs.enqueue("k", user.pk, {})
    jobs.enqueue("k", other_user.pk, {})
    jobs.enqueue("i", user.pk, {})
    jobs.run_waiting()
    jobs.enqueue("k", user.pk, {})


def test_unknown_kind() -> None:
    """A kind without a handler is refused when it is enqueued."""
    with pytest.raises(jobs.UnknownJobKind, match="'nothing'"):
        jobs.enqueue("nothing", None, {})


def test_cancel_a_waiting_job(user: User, register: Register) -> None:
    """It has failed at once, and its handler is never called; a second cancelling changes nothing."""
    register("k", lambda job: pytest.fail("it ran"))
    job = jobs.enqueue("k", user.pk, {})
    for _ in range(2):
        jobs.cancel(job.pk)
        jobs.run_waiting()
        job.refresh_from_db()
        assert (job.status, job.reason) == ("failed", "cancelled")


def test_conversations_take_their_jobs_with_them(user: User, register: Register, conversation: Conversation) -> None:
    """The recorder removes the jobs of a conversation, finished or not."""
    register("k", lambda job: pytest.fail("it ran"))
    jobs.enqueue("k", user.pk, {}, conversation_id=conversation.pk)
    recorder.delete_conversation(conversation.pk)
    assert not Job.objects.exists()
    jobs.run_waiting()
