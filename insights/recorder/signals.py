"""Signal for events that are stored outside live sessions, such as a correction in the admin.

`streaming` connects to it to broadcast the events at once; `insights` does not import `streaming`.
"""

from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.dispatch import Signal

from insights.payloads import StoredEvent

stored_afterwards = Signal()
"""Sent with `events`, a list of StoredEvent, after their transaction committed, in the thread that stored them."""

storing = Signal()
"""Sent with `conversation` and `events` in the transaction that stores the events of a locked conversation. What a receiver stores is
committed with them or not at all; an exception of a receiver undoes both."""


def announce(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Send the signal after the current transaction, if any, commits; return the events. An error in a receiver is only logged."""
    if events:
        transaction.on_commit(partial(stored_afterwards.send_robust, sender=None, events=list(events)))
    return list(events)
