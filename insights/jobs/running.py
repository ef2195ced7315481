"""A job that runs: what its handler knows and may call."""

import threading
import time
from uuid import UUID

from django.db.models.functions import Now

from insights.database import write_transaction
from insights.jobs.errors import Cancelled, ClaimLost, Interrupted
from insights.jobs.signals import progressed
from insights.models import Conversation, Job
from insights.snapshots import JsonObject

STORE_S = 0.5
"""Seconds between two writes of the progress; calls in between cost nothing."""
MOST_WARNINGS = 50


class RunningJob:
    """The running attempt of a job. Its methods may be called from any thread."""

    def __init__(self, job: Job) -> None:
        if job.claim is None:
            raise ValueError("the job is not claimed")
        self.id: UUID = job.id
        self.claim: UUID = job.claim
        self.kind = job.kind
        self.owner_id: int | None = job.owner_id
        self.conversation_id: int | None = job.conversation_id
        self.parameters: JsonObject = job.parameters
        self.attempt: int = job.attempts
        """1 for the first attempt."""
        self.again_s: float | None = None
        """Seconds after which a periodic job runs again, if other than its `every_s`; a handler may set it."""
        self._job = job
        self._interruption: type[Interrupted] | None = None
        self._lock = threading.Lock()
        self._stored_at = 0.0  # wall clock: the monotonic one may stop while the machine is suspended

    def progress(self, fraction: float) -> None:
        """Note that this share of the job (0 to 1) is done; store and announce it at most every STORE_S.

        Raises Cancelled, Stopping or ClaimLost when the handler must end. Not inside a transaction: the notification would come early.
        """
        self.check()
        with self._lock:
            if abs(time.time() - self._stored_at) < STORE_S:
                return
            self._stored_at = time.time()
            self._store(min(1.0, max(0.0, fraction)))
        self.check()

    def check(self) -> None:
        """Raise Cancelled, Stopping or ClaimLost if the handler must end; costs nothing. What is known may be some seconds old."""
        if self._interruption is not None:
            raise self._interruption()

    def confirm(self) -> None:
        """Lock the row of the job until the transaction ends, and raise ClaimLost unless this attempt still has it.

        Call it first in a transaction that must not happen twice: no other attempt can begin before the transaction has ended. The
        conversation is locked before the job, as everywhere.
        """
        if self.conversation_id is not None:
            Conversation.objects.select_for_update().only("pk").filter(pk=self.conversation_id).first()
        if not Job.objects.select_for_update().filter(pk=self.id, claim=self.claim).exists():
            self.interrupt(ClaimLost)
            raise ClaimLost

    def warn(self, text: str) -> None:
        """Store a sentence about what was accepted and not done, once."""
        with self._lock, write_transaction():
            self.confirm()
            warnings = list(Job.objects.values_list("warnings", flat=True).get(pk=self.id))
            if text not in warnings and len(warnings) < MOST_WARNINGS:
                Job.objects.filter(pk=self.id).update(warnings=[*warnings, text])

    def interrupt(self, reason: type[Interrupted]) -> None:
        """Let the next call of `progress` or `check` raise this; ClaimLost replaces any other reason."""
        if self._interruption is None or reason is ClaimLost:
            self._interruption = reason

    @property
    def interruption(self) -> type[Interrupted] | None:
        """Why the handler must end; None: it need not."""
        return self._interruption

    def _store(self, fraction: float) -> None:
        with write_transaction():
            mine = Job.objects.filter(pk=self.id, claim=self.claim)
            if not mine.update(progress=fraction, heartbeat_at=Now()):
                self.interrupt(ClaimLost)
                return
            if mine.filter(cancel_requested=True).exists():
                self.interrupt(Cancelled)
        self._job.progress = fraction
        progressed.send_robust(sender=None, job=self._job)
