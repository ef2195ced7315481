"""The task queue on Redis (TASK_QUEUE=redis), with a real Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.services import running_redis

CODE = """
import django_rq
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from insights import jobs
from insights.jobs import task_queue
from insights.models import Job

redis = django_rq.get_connection("accounts")
user = User.objects.create(username="jane").pk
path = PATH

def job_of(**more):
    return jobs.enqueue("slow", user, {"path": path, "seconds": 0}, **more)

first = job_of()
first.refresh_from_db()
print(task_queue.known({first.task_id, "nothing"}) == {first.task_id})
print(jobs.run_waiting(), Job.objects.get(pk=first.pk).status)

later = job_of(run_at=timezone.now() + timedelta(hours=1))
print(jobs.run_waiting(), Job.objects.get(pk=later.pk).status)
Job.objects.filter(pk=later.pk).update(run_at=timezone.now())
print(jobs.run_waiting(), Job.objects.get(pk=later.pk).status)

lost = job_of()
redis.flushall()
print(jobs.run_waiting())
Job.objects.filter(pk=lost.pk).update(enqueued_at=timezone.now() - timedelta(minutes=1))
print(jobs.run_waiting(), Job.objects.get(pk=lost.pk).status)
print([key for key in redis.keys("*") if key != b"rq:queues"])
redis.shutdown(nosave=True)
print(job_of().status)
"""


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis."""
    with running_redis(tmp_path) as url:
        yield url


def test_jobs_on_redis(redis_url: str, migrated_data: Path, tmp_path: Path) -> None:
    """Tasks reach the worker, at their time; a Redis that lost everything, or is unreachable, loses no job; and nothing is left in it."""
    env = {"TASK_QUEUE": "redis", "REDIS_URL": redis_url, "APPS": "tests.insights.jobs.site", "RECOGNISER": "scripted"}
    server = servers.Server(servers.copied(migrated_data, tmp_path / "data"), env)
    server.manage("migrate", "--verbosity", "0")
    printed = server.manage("shell", "--no-imports", "-v0", "-c", CODE.replace("PATH", repr(str(tmp_path / "ran"))))
    assert printed.splitlines() == ["True", "1 completed", "0 scheduled", "1 completed", "0", "1 completed", "[]", "scheduled"]


def test_it_needs_redis(tmp_path: Path) -> None:
    """Without REDIS_URL the start is refused with the name of the setting."""
    with pytest.raises(AssertionError, match="TASK_QUEUE='redis': REDIS_URL is needed too"):
        servers.Server(tmp_path / "data", {"TASK_QUEUE": "redis", "REDIS_URL": ""}).manage("check")
