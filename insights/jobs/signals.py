"""Signals about jobs, sent in the process that changed them."""

from collections.abc import Callable
from functools import partial

from django.db import transaction
from django.dispatch import Signal

from insights.models import Job

status_stored = Signal()
"""Sent with `job` in the transaction that changes its status. What a receiver stores is committed with the change or not at all."""
status_changed = Signal()
"""Sent with `job` after its status changed and the transaction committed. An error in a receiver is only logged."""
progressed = Signal()
"""Sent with `job` after its progress or its status was stored and committed. An error in a receiver is only logged."""


def announce_status(job: Job) -> None:
    """Send the signals of a changed status; call in the transaction of the change."""
    status_stored.send(sender=None, job=job)
    _after_commit(status_changed, job)
    _after_commit(progressed, job)


def _after_commit(signal: Signal, job: Job) -> None:
    send: Callable[[], object] = partial(signal.send_robust, sender=None, job=job)
    transaction.on_commit(send)
