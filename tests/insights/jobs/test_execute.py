"""One attempt of a job: how it ends, and who may end it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from insights import jobs, recorder
from insights.jobs import execute, handlers, recovery
from insights.jobs.heartbeats import beat
from insights.models import Conversation, Job
from tests.insights.jobs.conftest import Register

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_failure_with_a_reason_is_final(user: User, register: Register) -> None:
    """`Failed` ends the job, with its text for people."""

    def run(job: jobs.RunningJob) -> None:
        raise jobs.Failed("the file holds no audio")

    register("k", run)
    job = jobs.enqueue("k", user.pk, {})
    jobs.run_waiting()
    job.refresh_from_db()
    assert (job.status, job.reason, job.attempts) == ("failed", "the file holds no audio", 1)


def test_an_unexpected_error_is_tried_three_times(user: User, register: Register, caplog: pytest.LogCaptureFixture) -> None:
    """Then the job has failed; neither its reason nor the log holds the text of the error, which may be what somebody said."""
    attempts: list[int] = []

    def run(job: jobs.RunningJob) -> None:
        attempts.append(job.attempt)
        raise ValueError("zeppelin")

    register("k", run, retry_s=(0.0, 0.0))
    job = jobs.enqueue("k", user.pk, {})
    jobs.run_waiting()
    job.refresh_from_db()
    assert attempts == [1, 2, 3]
    assert (job.status, job.reason) == ("failed", "an unexpected error happened on the server (ValueError)")
    assert "ValueError at test_execute.py" in caplog.text
    assert "zeppelin" not in caplog.text


@pytest.mark.parametrize("remove", [recorder.bin_conversation, recorder.delete_conversation])
def test_a_conversation_that_is_removed_meanwhile(
    user: User, register: Register, conversation: Conversation, caplog: pytest.LogCaptureFixture, remove: Callable[[int, int], None]
) -> None:
    """The job has failed at once, with the reason if its row is left, and the log has no error."""

    def run(job: jobs.RunningJob) -> None:
        remove(conversation.pk, user.pk)
        recorder.end_import(conversation.pk)

    register("k", run)
    job = jobs.enqueue("k", user.pk, {}, conversation_id=conversation.pk)
    jobs.run_waiting()
    found = Job.objects.filter(pk=job.pk).values_list("status", "reason", "attempts")
    assert list(found) == ([("failed", execute.DELETED, 1)] if remove is recorder.bin_conversation else [])
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_an_attempt_waits_before_it_is_repeated(user: User, register: Register) -> None:
    """The time of the next attempt is stored, and so survives every process."""

    def run(job: jobs.RunningJob) -> None:
        raise ValueError

    register("k", run, retry_s=(60.0,))
    job = jobs.enqueue("k", user.pk, {})
    jobs.run_waiting()
    job.refresh_from_db()
    assert job.status == "scheduled"
    assert timedelta(seconds=50) < job.run_at - timezone.now() <= timedelta(seconds=60)


def test_a_running_job_is_cancelled_at_its_next_progress(user: User, register: Register) -> None:
    """The handler is interrupted, though it catches every Exception."""

    def run(job: jobs.RunningJob) -> None:
        jobs.cancel(job.id)
        try:
            job.progress(0.5)
        except Exception:  # what a careless handler does
            pytest.fail("Cancelled is no Exception")
        pytest.fail("it went on")

    register("k", run)
    job = jobs.enqueue("k", user.pk, {})
    jobs.run_waiting()
    job.refresh_from_db()
    assert (job.status, job.reason) == ("failed", "cancelled")


def test_a_lost_claim(user: User, register: Register) -> None:
    """An attempt that another one replaced ends at its next progress, stores nothing and does not end the job."""
    seen: list[str] = []

    def run(job: jobs.RunningJob) -> None:
        if job.attempt == 2:
            return
        Job.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        recovery.recover()
        assert execute.execute(job.id)
        with pytest.raises(jobs.ClaimLost), transaction.atomic():
            job.confirm()
        with pytest.raises(jobs.ClaimLost):
            job.progress(0.5)
        seen.append("ended")
        job.check()

    register("k", run)
    job = jobs.enqueue("k", user.pk, {})
    jobs.run_waiting()
    job.refresh_from_db()
    assert seen == ["ended"]
    assert (job.status, job.attempts, job.progress) == ("completed", 2, 1.0)


def test_heartbeats_notice_the_end(user: User, register: Register) -> None:
    """A heartbeat interrupts a handler that calls `check` only."""

    def run(job: jobs.RunningJob) -> None:
        job.check()
        jobs.cancel(job.id)
        beat({job.claim: job})
        job.check()

    register("k", run)
    job = jobs.enqueue("k", user.pk, {})
    jobs.run_waiting()
    job.refresh_from_db()
    assert job.reason == "cancelled"
    lost = jobs.RunningJob(Job(claim=job.pk))
    beat({job.pk: lost})
    assert lost.interruption is jobs.ClaimLost


def test_a_dead_worker_counts_as_an_attempt(user: User, register: Register) -> None:
    """After three workers the job has failed with a reason."""
    register("k", lambda job: pytest.fail("it ran"))
    job = jobs.enqueue("k", user.pk, {})
    for attempt in range(1, 4):
        assert execute.claim(job.pk) is not None
        recovery.recover()
        job.refresh_from_db()
        assert (job.status, job.attempts) == ("in_progress", attempt)  # its heartbeat is fresh
        Job.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        recovery.recover()
    job.refresh_from_db()
    assert (job.status, job.reason) == ("failed", "the worker process ended while it ran this job, 3 times")


def test_a_job_that_is_handed_back(user: User, register: Register) -> None:
    """It waits again, and the attempt does not count; if it was cancelled meanwhile, it has failed."""

    def run(job: jobs.RunningJob) -> None:
        job.interrupt(jobs.Stopping)
        job.progress(0.1)

    register("k", run)
    job = jobs.enqueue("k", user.pk, {})
    execute.execute(job.pk)
    job.refresh_from_db()
    assert (job.status, job.attempts, job.claim) == ("scheduled", 0, None)
    claimed = execute.claim(job.pk)
    assert claimed is not None
    jobs.cancel(job.pk)
    execute.hand_back(jobs.RunningJob(claimed))
    job.refresh_from_db()
    assert (job.status, job.reason) == ("failed", "cancelled")


def test_two_workers_never_run_one_job(user: User, register: Register) -> None:
    """Of two claims one succeeds. A job of the same conversation cannot be claimed meanwhile, though it has a task."""
    register("k", lambda job: None)
    conversation = Conversation.objects.create(owner=user, connection_id="c", name="c", started_at=timezone.now())
    first, second = [jobs.enqueue("k", user.pk, {}, conversation_id=conversation.pk) for _ in range(2)]
    assert execute.claim(first.pk) is not None
    assert execute.claim(first.pk) is None
    assert execute.claim(second.pk) is None


def test_a_lost_task(user: User, register: Register) -> None:
    """A job whose task vanished from the queue gets another one, but only after a while."""
    from django_tasks_db.models import DBTaskResult

    register("k", lambda job: None)
    job = jobs.enqueue("k", user.pk, {})
    DBTaskResult.objects.all().delete()
    assert jobs.run_waiting() == 0
    Job.objects.update(enqueued_at=timezone.now() - timedelta(minutes=1))
    assert jobs.run_waiting() == 1
    job.refresh_from_db()
    assert job.status == "completed"


def test_a_task_that_waits_is_not_doubled(user: User, register: Register) -> None:
    """However long the queue is."""
    from django_tasks_db.models import DBTaskResult

    register("k", lambda job: None)
    jobs.enqueue("k", user.pk, {})
    Job.objects.update(enqueued_at=timezone.now() - timedelta(days=1))
    recovery.recover()
    assert DBTaskResult.objects.count() == 1


def test_periodic_jobs(register: Register) -> None:
    """There is one row of each kind, which runs again and again; a failure does not end it."""
    ran: list[int] = []

    def run(job: jobs.RunningJob) -> None:
        ran.append(1)
        if len(ran) == 2:
            raise ValueError

    register("p", run, every_s=3600.0)
    recovery.create_periodic_jobs()
    recovery.create_periodic_jobs()
    for times in range(1, 4):
        jobs.run_waiting()
        job = Job.objects.get(kind="p")
        assert (len(ran), job.status, job.attempts) == (times, "scheduled", 0)
        assert job.run_at > timezone.now() + timedelta(minutes=50)
        Job.objects.filter(kind="p").update(run_at=timezone.now())


def test_a_periodic_job_has_no_end(register: Register) -> None:
    """Neither a failure with a reason nor cancelling ends it."""

    def run(job: jobs.RunningJob) -> None:
        jobs.cancel(job.id)
        job.progress(0.5)
        raise jobs.Failed("the disk is full")

    register("p", run, every_s=3600.0)
    recovery.create_periodic_jobs()
    jobs.run_waiting()
    job = Job.objects.get(kind="p")
    assert (job.status, job.reason, job.attempts) == ("scheduled", "the disk is full", 0)


def test_a_kind_of_another_version(user: User, register: Register) -> None:
    """A worker that does not know a kind leaves the job to others, three times at most."""
    register("k", lambda job: None)
    job = jobs.enqueue("k", user.pk, {})
    handlers._handlers.pop("k")
    for attempt in range(1, 4):
        jobs.run_waiting()
        job.refresh_from_db()
        assert (job.attempts, job.reason) == (attempt, "no handler is registered for jobs of the kind 'k'")
        Job.objects.update(run_at=timezone.now())
    assert job.status == "failed"


def test_signals(user: User, register: Register, settings: Any) -> None:
    """`status_stored` comes in the transaction, `status_changed` and `progressed` after it."""
    seen: list[tuple[str, str, bool]] = []

    def note(name: str) -> Any:
        def receive(job: Job, **signal: Any) -> None:
            seen.append((name, str(job.status), transaction.get_connection().in_atomic_block))

        return receive

    receivers = {name: note(name) for name in ("status_stored", "status_changed", "progressed")}
    for name, receive in receivers.items():
        getattr(jobs, name).connect(receive)
    try:
        register("k", lambda job: job.progress(0.5))
        jobs.enqueue("k", user.pk, {})
        jobs.run_waiting()
    finally:
        for name, receive in receivers.items():
            getattr(jobs, name).disconnect(receive)
    assert seen == [
        ("status_stored", "in_progress", True),
        ("status_changed", "in_progress", False),
        ("progressed", "in_progress", False),
        ("progressed", "in_progress", False),
        ("status_stored", "completed", True),
        ("status_changed", "completed", False),
        ("progressed", "completed", False),
    ]


def test_warnings_are_kept(user: User, register: Register) -> None:
    """Each once, in order."""

    def run(job: jobs.RunningJob) -> None:
        for text in ("one", "two", "one"):
            job.warn(text)

    register("k", run)
    job = jobs.enqueue("k", user.pk, {})
    jobs.run_waiting()
    job.refresh_from_db()
    assert job.warnings == ["one", "two"]
