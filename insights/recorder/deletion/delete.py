"""Delete conversations for good, move them to the bin and restore them.

A deletion first hides the conversation, in one short transaction: from then on nobody can read it, and nothing more is stored in it. Its
rows are then removed in batches, in transactions of their own, so that live results never wait long. The row of the conversation goes
last; a deletion that a crash interrupted is continued by `continue_deletions` in any process.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from insights import derived
from insights.database import write_transaction
from insights.models import Conversation, Deletion, Job, LiveSession
from insights.recorder.deletion.audit import note_deletion
from insights.recorder.deletion.tables import content_tables, delete_rows
from insights.recorder.diarization import forget_voices
from insights.recorder.ending import end_now
from insights.recorder.signals import conversation_deleted, conversation_hidden, conversation_restored
from insights.recorder.types import UnknownConversation

logger = logging.getLogger(__name__)

BATCH = 400
"""Rows that one transaction removes at most: some hundredths of a second, for which a live result may have to wait."""
PAUSE_S = 0.02
"""Seconds between two batches, so that waiting writers get their turn."""
WITHIN_S = 2.0
"""Seconds for which the caller of a deletion removes rows; the rest is removed by `continue_deletions`."""
AGAIN_S = 60.0
"""Seconds after which a deletion that failed in this process is tried again."""

_failed: dict[int, float] = {}
"""When a deletion last failed in this process, by conversation id."""


def delete_conversation(conversation_id: int, user_id: int | None = None) -> None:
    """Delete a visible or binned conversation for good; its live sessions end. Raises UnknownConversation.

    When this returns, the deletion is committed and announced. The rows of a long conversation may still be there for some seconds.
    """
    with write_transaction():
        conversation = _hide(conversation_id, timezone.now(), final=True)
        counts = {"messages": conversation.messages_left, "events": conversation.last_event}
        owner_id = conversation.owner_id
        note_deletion(Deletion.Kind.CONVERSATION, user_id=user_id, conversation_id=conversation_id, owner_id=owner_id, counts=counts)
    derived.forget(conversation_id)
    _after_commit(partial(_remove, conversation_id))


def bin_conversation(conversation_id: int, user_id: int) -> None:
    """Move a visible conversation to the bin: it is hidden everywhere until it is restored. Raises UnknownConversation.

    A live one ends. The event of its end is stored, for readers after it was restored; the present ones are told that it is deleted.
    """
    now = timezone.now()
    with write_transaction():
        live = Conversation.objects.select_for_update().filter(id=conversation_id, ended_at=None).first()
        if live is not None:
            end_now(live, now)
        conversation = _hide(conversation_id, now, final=False)
        forget_voices(conversation)
        note_deletion(Deletion.Kind.BINNED, user_id=user_id, conversation_id=conversation_id, owner_id=conversation.owner_id)
    derived.forget(conversation_id)
    _after_commit(partial(conversation_hidden.send_robust, sender=None, conversation_id=conversation_id))


def restore_conversation(conversation_id: int, user_id: int) -> None:
    """Take a conversation out of the bin. Raises UnknownConversation if it is not in the bin."""
    with write_transaction():
        binned = Conversation.everything.select_for_update().filter(deleted_at__isnull=False, erased_at=None)
        conversation = binned.filter(id=conversation_id).first()
        if conversation is None:
            raise UnknownConversation(f"conversation {conversation_id} is not in the bin")
        ended_at, binned_at = conversation.ended_at, conversation.deleted_at
        conversation.deleted_at = None
        conversation.save(update_fields=["deleted_at"])
        ended_in_bin = ended_at is not None and binned_at is not None and ended_at >= binned_at
        conversation_restored.send(sender=None, conversation=conversation, ended_in_bin=ended_in_bin)
        note_deletion(Deletion.Kind.RESTORED, user_id=user_id, conversation_id=conversation_id, owner_id=conversation.owner_id)


def continue_deletions(within_s: float = WITHIN_S) -> int:
    """Continue the deletions that were interrupted, for about `within_s` seconds; return how many are left.

    Safe to run in every process at once. One that fails is logged, and tried again after AGAIN_S.
    """
    deadline = time.monotonic() + within_s
    left = 0
    for conversation_id in list(Conversation.everything.filter(erased_at__isnull=False).order_by("erased_at").values_list("id", flat=True)):
        if _failed.get(conversation_id, float("-inf")) > time.monotonic() - AGAIN_S:
            continue
        if time.monotonic() >= deadline or not _remove(conversation_id, deadline - time.monotonic()):
            left += 1
    return left


def _after_commit(work: Callable[[], object]) -> None:
    """Run now, or after the commit of the caller's own transaction, as in some views of the admin.

    Not inside `write_transaction`: that still holds SQLite's lock while Django runs what waits for the commit.
    """
    if connection.in_atomic_block:
        transaction.on_commit(work)
    else:
        work()


def _hide(conversation_id: int, now: datetime, *, final: bool) -> Conversation:
    """Lock and hide a conversation, end it if it is live, and remove its sessions. A final deletion includes one in the bin."""
    hidden = Conversation.everything if final else Conversation.objects
    conversation = hidden.select_for_update().filter(id=conversation_id, erased_at=None).first()
    if conversation is None:
        raise UnknownConversation(f"conversation {conversation_id} does not exist")
    conversation.deleted_at = conversation.deleted_at or now
    conversation.erased_at = now if final else None
    conversation.ended_at = conversation.ended_at or max(now, conversation.started_at)
    conversation.closes_at = None
    conversation.save(update_fields=["deleted_at", "erased_at", "ended_at", "closes_at"])
    LiveSession.objects.filter(conversation=conversation).delete()
    return conversation


def _remove(conversation_id: int, within_s: float | None = None) -> bool:
    """Announce a deletion and remove the rows; return False if rows are left because time was short or something failed."""
    deadline = time.monotonic() + (WITHIN_S if within_s is None else within_s)
    try:
        results = conversation_deleted.send_robust(sender=None, conversation_id=conversation_id)
        errors = [result for _, result in results if isinstance(result, Exception)]
        if errors:
            raise errors[0]
        while not _remove_batch(conversation_id):
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE_S)
    except Exception as error:
        _failed[conversation_id] = time.monotonic()
        logger.warning("conversation %d is hidden but not removed yet (%s)", conversation_id, type(error).__name__)
        return False
    _failed.pop(conversation_id, None)
    derived.forget(conversation_id)
    return True


def _lock_jobs(conversation_id: int) -> None:
    """Lock the jobs of a conversation before the endpoints of their webhooks, as a job that ends does."""
    list(Job.objects.filter(conversation_id=conversation_id).select_for_update().values_list("pk"))


def _remove_batch(conversation_id: int) -> bool:
    """Remove at most BATCH rows in one transaction; return True if nothing is left, or if another process is removing it."""
    with write_transaction():
        erased = Conversation.everything.select_for_update(skip_locked=True).filter(id=conversation_id, erased_at__isnull=False)
        if erased.first() is None:
            return True
        _lock_jobs(conversation_id)
        left = BATCH
        for table in content_tables():
            keys = list(table.rows(conversation_id).values_list("pk", flat=True)[:left])
            if keys:
                delete_rows(table.model._base_manager.filter(pk__in=keys))
            left -= len(keys)
            if left <= 0:
                return False
        delete_rows(Conversation.everything.filter(id=conversation_id))
        return True
