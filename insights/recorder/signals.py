"""A bell for what is stored outside of live sessions, such as a correction in the admin: listeners need not wait for their next look.

Whoever tells listeners connects to it; this wing does not know them.
"""

from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.dispatch import Signal

from insights.payloads import StoredEvent

stored_afterwards = Signal()
"""Sent with `events`, a list of StoredEvent, once they are committed; in the thread that stored them."""


def announce(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Ring once the transaction that is open, if any, is committed. A receiver that fails is logged, and fails nobody else."""
    if events:
        transaction.on_commit(partial(stored_afterwards.send_robust, sender=None, events=list(events)))
    return list(events)
