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
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
    return Check(_("Database"), True, _("%(name)s answers") % {"name": connection.display_name})


def _processes() -> Check:
    live = list(ServerProcess.objects.filter(seen_at__gt=timezone.now() - HEARTBEAT).order_by("name").values_list("name", flat=True))
    if not live:
        return Check(_("Servers"), True, _("no live session since the start"))
    values = {"number": len(live), "names": ", ".join(live)}
    text = ngettext(
        "%(number)d with live sessions since its start: %(names)s", "%(number)d with live sessions since their start: %(names)s", len(live)
    )
    return Check(_("Servers"), True, text % values)


def _worker() -> Check:
    missing = worker_is_missing()
    return Check(
        _("Worker"), not missing, _("no worker runs: start %(command)s") % {"command": "manage.py worker"} if missing else _("running")
    )


def _jobs() -> Check:
    day = timezone.now() - timedelta(days=1)
    count = Job.objects.aggregate(
        waiting=Count("pk", filter=Q(status=Job.Status.SCHEDULED, periodic=False)),
        running=Count("pk", filter=Q(status=Job.Status.IN_PROGRESS)),
        failed=Count("pk", filter=Q(status=Job.Status.FAILED, finished_at__gt=day) & ~Q(reason="cancelled")),
    )
    text = _("%(waiting)d waiting, %(running)d running, %(failed)d failed since yesterday") % count
    return Check(_("Jobs"), not count["failed"], text)


def _mail() -> Check:
    if not settings.MAIL_CONFIGURED:
        return Check(_("Mail"), True, _("not configured: links are shown on the People page"))
    return Check(_("Mail"), True, _("sent as %(address)s") % {"address": settings.DEFAULT_FROM_EMAIL})


def _disk() -> Check:
    total, _used, free = shutil.disk_usage(settings.DATA_DIR)
    values = {"free": number_format(free / 2**30, 1), "total": number_format(total / 2**30, 0)}
    return Check(_("Disk"), free / total > LITTLE_DISK, _("%(free)s GiB of %(total)s GiB free") % values)
