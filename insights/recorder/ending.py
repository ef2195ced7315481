"""Heartbeats, leaving, and the end of a conversation."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from insights.database import DATABASE_AWAY, writing
from insights.events import ConversationCompleted
from insights.models import Conversation, LiveSession
from insights.payloads import StoredEvent, iso
from insights.recorder import topics
from insights.recorder.event_log import EventLog, locked, locked_if_free

logger = logging.getLogger(__name__)


def heartbeat(session_ids: Sequence[UUID]) -> list[UUID]:
    """Note that these sessions are still connected; return those that are not known any more.

    A process that slept longer than the sweeper waits finds its sessions gone; it may open them again.
    """
    with writing():
        known = LiveSession.objects.filter(id__in=session_ids)
        if known.update(seen_at=timezone.now()) == len(session_ids):
            return []
        alive = set(known.values_list("id", flat=True))
        return [session_id for session_id in session_ids if session_id not in alive]


def leave(session_id: UUID, *, final: bool, keep_s: int | None = None) -> list[StoredEvent]:
    """Note that a session is gone; leaving twice changes nothing.

    When it was the last one, the conversation ends: at once after a stop (`final`), else after the session's `keep_s`
    seconds, unless somebody comes back. Returns the event of the end where there is one.

    Whoever leaves for a session that lived until now says its `keep_s`: what is noted is 0 where it was taken for one that a crash left.
    """
    now = timezone.now()
    with writing():
        session = LiveSession.objects.filter(id=session_id).first()
        if session is None:
            return []
        conversation = locked(session.conversation_id)
        LiveSession.objects.filter(id=session_id).delete()
        if final and session.member_id is not None:  # who stops waits for no session of their own that a crash left behind
            before = LiveSession.objects.filter(conversation=conversation, member_id=session.member_id, seen_at__lt=session.joined_at)
            before.update(keep_s=0)
        return _settle(conversation, now, 0 if final else session.keep_s if keep_s is None else keep_s)


def close_due(now: datetime, stale_after_s: float) -> list[StoredEvent]:
    """Remove sessions without a heartbeat for so long, then end the conversations whose waiting time is over.

    One transaction per conversation; safe to run in every process at once. What another process is busy with is left to the
    next time: it may sleep in the middle of it. Returns the events of the ends.
    """
    limit = now - timedelta(seconds=stale_after_s)
    stale = LiveSession.objects.filter(seen_at__lt=limit).values_list("conversation_id", flat=True)
    events = _each(sorted(set(stale)), lambda conversation_id: _sweep(conversation_id, now, limit))
    due = Conversation.objects.filter(ended_at=None, closes_at__lte=now).values_list("id", flat=True)
    return events + _each(list(due), lambda conversation_id: _end_if_due(conversation_id, now))


def _each(conversation_ids: Sequence[int], end: Callable[[int], list[StoredEvent]]) -> list[StoredEvent]:
    """End one conversation after the other; one that cannot be ended keeps none of the others, and nobody from hearing of them."""
    events: list[StoredEvent] = []
    for conversation_id in conversation_ids:
        try:
            events += end(conversation_id)
        except DATABASE_AWAY:
            if not events:
                raise
            break  # the next look finds the rest; these have happened
        except Exception as error:
            logger.error("conversation %d cannot be ended (%s)", conversation_id, type(error).__name__)
    return events


def _sweep(conversation_id: int, now: datetime, limit: datetime) -> list[StoredEvent]:
    with writing():
        conversation = locked_if_free(conversation_id)
        if conversation is None:
            return []
        stale = LiveSession.objects.select_for_update(skip_locked=True).filter(conversation=conversation, seen_at__lt=limit)
        keep_s = {session.id: session.keep_s for session in stale}  # the rows are locked: no heartbeat comes in between
        LiveSession.objects.filter(id__in=keep_s).delete()
        return _settle(conversation, now, max(keep_s.values())) if keep_s else []


def _end_if_due(conversation_id: int, now: datetime) -> list[StoredEvent]:
    with writing():
        conversation = locked_if_free(conversation_id)
        if conversation is None or conversation.closes_at is None or conversation.closes_at > now:
            return []
        return _settle(conversation, now, 0)


def _settle(conversation: Conversation, now: datetime, keep_s: int) -> list[StoredEvent]:
    """End a conversation that nobody is connected to any more, or let it wait `keep_s` seconds."""
    if conversation.ended_at is not None or LiveSession.objects.filter(conversation=conversation).exists():
        return []
    if keep_s > 0:
        conversation.closes_at = now + timedelta(seconds=keep_s)
        conversation.save(update_fields=["closes_at"])
        return []
    conversation.ended_at, conversation.closes_at = max(now, conversation.started_at), None
    topics.forget(conversation.id)
    journal = EventLog(conversation, now)
    journal.add(ConversationCompleted(str(conversation.id), iso(conversation.ended_at)))
    return journal.store("ended_at", "closes_at")
