"""The rows of server processes: registration, heartbeat, removal.

All times are the database's, so that processes on several hosts need not agree about the time.
"""

from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from insights.database import write_transaction
from insights.models import ServerProcess


def register_process(process: UUID, name: str, channel: str) -> None:
    """Insert the row of a process, with a first heartbeat. An id is never used again: sessions of a removed process stay stale."""
    with write_transaction():
        ServerProcess.objects.create(id=process, name=name[:200], channel=channel, seen_at=Now())


def heartbeat(process: UUID) -> bool:
    """Store a heartbeat; return False if the row is gone, because another process took this one for dead."""
    with write_transaction():
        return bool(ServerProcess.objects.filter(id=process).update(seen_at=Now()))


def remove_process(process: UUID) -> None:
    """Remove the row of a process that ends."""
    with write_transaction():
        ServerProcess.objects.filter(id=process).delete()


def remove_dead_processes(stale_after_s: float) -> None:
    """Remove the rows of processes without a heartbeat for so many seconds; the entries of their sessions in the directory go with them.

    A row that a suspended process has locked is left for the next call.
    """
    dead = ServerProcess.objects.filter(seen_at__lt=Now() - timedelta(seconds=stale_after_s))
    if dead.exists():
        with write_transaction():
            ids = list(dead.select_for_update(skip_locked=True).values_list("id", flat=True))
            ServerProcess.objects.filter(id__in=ids).delete()
