"""The health of the installation, for administrators: processes, jobs, disk, versions."""

import platform
import shutil
from dataclasses import dataclass
from datetime import timedelta

import django
from django.conf import settings
from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from insights.jobs.queries import worker_is_missing
from insights.models import Job, ServerProcess
from insights.version import parley_version

HEARTBEAT = timedelta(seconds=30)
"""Age of a heartbeat after which a process counts as dead (`streaming.cluster.registry`)."""
LITTLE_DISK = 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """One part: its name, whether it works, and figures."""

    name: str
    good: bool
    text: str


def checks() -> list[Check]:
    """Return the parts that can be seen from the database and this machine. A fixed number of queries."""
    return [_database(), _processes(), _worker(), _jobs(), _mail(), _disk()]


def versions() -> list[tuple[str, str]]:
    """Return the versions of what runs this page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        database = str(cursor.fetchone()[0])
    return [
        ("Parley", parley_version()),
        ("Django", django.__version__),
        ("Python", platform.python_version()),
        (connection.display_name, database),
    ]


def _database() -> Check:
    return Check("Database", True, f"{connection.display_name} answers")


def _processes() -> Check:
    live = list(ServerProcess.objects.filter(seen_at__gt=timezone.now() - HEARTBEAT).order_by("name").values_list("name", flat=True))
    text = f"{len(live)} with live sessions since their start: {', '.join(live)}" if live else "no live session since the start"
    return Check("Servers", True, text)


def _worker() -> Check:
    missing = worker_is_missing()
    return Check("Worker", not missing, "no worker runs: start manage.py worker" if missing else "running")


def _jobs() -> Check:
    day = timezone.now() - timedelta(days=1)
    count = Job.objects.aggregate(
        waiting=Count("pk", filter=Q(status=Job.Status.SCHEDULED, periodic=False)),
        running=Count("pk", filter=Q(status=Job.Status.IN_PROGRESS)),
        failed=Count("pk", filter=Q(status=Job.Status.FAILED, finished_at__gt=day) & ~Q(reason="cancelled")),
    )
    text = f"{count['waiting']} waiting, {count['running']} running, {count['failed']} failed since yesterday"
    return Check("Jobs", not count["failed"], text)


def _mail() -> Check:
    text = f"sent as {settings.DEFAULT_FROM_EMAIL}" if settings.MAIL_CONFIGURED else "not configured: links are shown on the People page"
    return Check("Mail", True, text)


def _disk() -> Check:
    total, _, free = shutil.disk_usage(settings.DATA_DIR)
    return Check("Disk", free / total > LITTLE_DISK, f"{free / 2**30:.1f} GiB of {total / 2**30:.0f} GiB free")
