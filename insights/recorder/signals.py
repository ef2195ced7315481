"""Signals for what is stored outside live sessions, such as a correction in the admin, and for deletions.

`streaming` connects to them to broadcast at once; `insights` does not import `streaming`.
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

conversation_hidden = Signal()
"""Sent with `conversation_id` after a conversation was moved to the bin: its live readers are closed, its contents stay."""

conversation_restored = Signal()
"""Sent with `conversation` and `ended_in_bin` (whether it ended when it was moved there) in the transaction that takes a conversation out
of the bin. What a receiver stores is committed with it or not at all."""

conversation_deleted = Signal()
"""Sent with `conversation_id` after a conversation was deleted for good. Receivers close its live readers and remove its files.

It may be sent again for the same conversation, in any process: after a crash, or until no receiver raises an exception.
"""

audio_removed = Signal()
"""Sent with `audio`, a list of StoredAudio, before the rows are deleted. Receivers remove the files; it may be sent again for the same."""

speech_removed = Signal()
"""Sent with `conversation_id` in the transaction that deletes messages, or ends the redaction of stored text. What a receiver stores is
committed with it or not at all."""

words_removed = Signal()
"""Sent with `conversation_id` in each transaction that removes words for good: a message, an insight or a member is deleted, or stored text
is redacted. What a receiver stores is committed with it or not at all."""

events_emptied = Signal()
"""Sent with `conversation_id` after stored events were changed (a message was deleted, text was redacted): caches of them are invalid."""


def announce(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Send the signal after the current transaction, if any, commits; return the events. An error in a receiver is only logged."""
    if events:
        transaction.on_commit(partial(stored_afterwards.send_robust, sender=None, events=list(events)))
    return list(events)
