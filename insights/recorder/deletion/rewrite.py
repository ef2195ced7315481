"""Change events that are stored already. Used only inside the recorder, for deletions and redaction."""

import time
from collections.abc import Collection, Sequence

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from insights import events
from insights.database import write_transaction
from insights.emptied import SnapshotEdit, edited
from insights.models import Event
from insights.recorder.event_log import locked

BATCH = 100
"""Events that one statement writes."""
EVENTS = 40
"""Events that one transaction changes where all events of a conversation are changed."""
PAUSE_S = 0.02
"""Seconds between two batches, so that waiting writers get their turn."""


def events_that_name(conversation_id: int, ids: Collection[str], *, after: int = 0) -> list[int]:
    """Return the numbers of the events after number `after` whose payload contains one of these ids. It may read all of them."""
    if not ids:
        return []
    rows = Event.objects.filter(conversation_id=conversation_id, number__gt=after).annotate(text=Cast("payload", TextField()))
    condition = Q()
    for one in ids:
        condition |= Q(text__contains=one)
    return list(rows.filter(condition).order_by("number").values_list("number", flat=True))


def rewrite(conversation_id: int, numbers: Sequence[int], edit: SnapshotEdit) -> int:
    """Change the events with these numbers; return how many changed. The conversation must be locked."""
    changed = 0
    for at in range(0, len(numbers), BATCH):
        rows = Event.objects.filter(conversation_id=conversation_id, number__in=numbers[at : at + BATCH])
        changed += _rewrite(rows, edit)
    return changed


def rewrite_all(conversation_id: int, edit: SnapshotEdit) -> int:
    """Change all events of a conversation, in short transactions; return how many changed. Raises UnknownConversation."""
    last, changed = 0, 0
    while True:
        with write_transaction():
            locked(conversation_id, binned=True)
            found = Event.objects.filter(conversation_id=conversation_id, number__gt=last).order_by("number")
            numbers = list(found.values_list("number", flat=True)[:EVENTS])
            changed += rewrite(conversation_id, numbers, edit)
        if not numbers:
            return changed
        last = numbers[-1]
        time.sleep(PAUSE_S)


def rewrite_in_batches(conversation_id: int, numbers: Sequence[int], edit: SnapshotEdit) -> int:
    """Change the events with these numbers, in short transactions; return how many changed. Raises UnknownConversation."""
    changed = 0
    for at in range(0, len(numbers), EVENTS):
        with write_transaction():
            locked(conversation_id, binned=True)
            changed += rewrite(conversation_id, numbers[at : at + EVENTS], edit)
        time.sleep(PAUSE_S)
    return changed


def _rewrite(rows: QuerySet[Event], edit: SnapshotEdit) -> int:
    changed: list[Event] = []
    for row in rows:
        before = events.parse(row.kind, row.payload)
        after = edited(before, edit)
        if after != before:
            row.payload = events.dump(after)
            changed.append(row)
    Event.objects.bulk_update(changed, ["payload"])
    return len(changed)
