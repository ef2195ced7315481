"""Several workers at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from insights import jobs
from insights.database import connection_closed_after
from insights.models import Conversation, Job
from tests.insights.jobs.conftest import Register

WORKERS = 4


@pytest.mark.django_db(transaction=True)
def test_each_job_runs_once_and_in_order(user: User, register: Register) -> None:
    """However many workers take them, each job runs once, and jobs of one conversation run in order and never together."""
    lock = threading.Lock()
    ran: list[tuple[int | None, int]] = []
    running: dict[int | None, int] = {}
    together: list[int] = []

    def run(job: jobs.RunningJob) -> None:
        with lock:
            running[job.conversation_id] = running.get(job.conversation_id, 0) + 1
            together.append(running[job.conversation_id] if job.conversation_id else 1)
            ran.append((job.conversation_id, int(str(job.parameters["n"]))))
        threading.Event().wait(0.01)
        with lock:
            running[job.conversation_id] -= 1

    @connection_closed_after
    def work() -> None:
        while Job.objects.filter(status__in=("scheduled", "in_progress")).exists():
            jobs.run_waiting()

    register("k", run)
    rooms = [Conversation.objects.create(owner=user, connection_id=name, name=name, started_at=timezone.now()).pk for name in "ab"]
    for number in range(24):
        jobs.enqueue("k", user.pk, {"n": number}, conversation_id=[*rooms, None][number % 3])
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(work) for _ in range(WORKERS)]:
            done.result(120)
    assert sorted(number for _, number in ran) == list(range(24))
    assert max(together) == 1
    for room in rooms:
        numbers = [number for conversation, number in ran if conversation == room]
        assert numbers == sorted(numbers)
    assert set(Job.objects.values_list("status", "attempts")) == {("completed", 1)}
