"""The end of a session, and the end of a conversation."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from insights.compiled_query import CompiledQuery
from insights.database import DATABASE_UNREACHABLE, log_after_commit, write_transaction
from insights.events import ConversationCompleted
from insights.models import Conversation, LiveSession, ServerProcess
from insights.payloads import StoredEvent, iso
from insights.recorder import topics
from insights.recorder.diarization import forget_voices
from insights.recorder.event_log import EventLog, locked_if_free
from insights.recorder.processes import remove_dead_processes

logger = logging.getLogger(__name__)


def leave(session_id: UUID, *, final: bool, keep_s: int | None = None, discard_empty: bool = False) -> list[StoredEvent]:
    """Remove a session; removing it twice changes nothing.

    After the last session, the conversation ends: at once after a stop (`final`), else after `keep_s` seconds unless a session joins
    before. Returns the event of the end, if any.

    Pass `keep_s` for a session that was alive until now. The stored value is 0 if the session counted as one that a crash left behind.
    With `discard_empty`, a conversation without messages ends at once with its last session and is deleted.
    """
    now = timezone.now()
    with write_transaction():
        conversation = _OF_SESSION.first(session_id)
        sessions = {row[0]: _Session(*row) for row in _SESSIONS.rows(conversation.id)} if conversation is not None else {}
        LiveSession.objects.filter(id=session_id).delete()
        session = sessions.pop(session_id, None)
        if conversation is None or session is None:  # removed before, or the conversation was deleted
            return []
        if final and any(other.member_id == session.member_id for other in sessions.values()):
            _forget_older(conversation, session)
        if sessions:
            return []
        if discard_empty and not conversation.messages.exists():
            events = _end_now_or_later(conversation, now, 0)
            if events:
                conversation.delete()
            return events
        return _end_now_or_later(conversation, now, 0 if final else session.keep_s if keep_s is None else keep_s)


class _Session(NamedTuple):
    """A connected session of a conversation."""

    id: UUID
    member_id: UUID | None
    joined_at: datetime
    keep_s: int


_OF_SESSION = CompiledQuery(
    lambda session: Conversation.objects.select_for_update(of=("self",)).filter(live_sessions__id=session).order_by()
)
_SESSIONS = CompiledQuery(lambda conversation: LiveSession.objects.filter(conversation_id=conversation).values_list(*_Session._fields))


def _forget_older(conversation: Conversation, session: _Session) -> None:
    """Let older sessions of the same speaker, left by a crash, not delay the end."""
    if session.member_id is not None:
        before = LiveSession.objects.filter(conversation=conversation, member_id=session.member_id)
        before.exclude(process__in=ServerProcess.objects.filter(seen_at__gte=session.joined_at)).update(keep_s=0)


def close_due(now: datetime, stale_after_s: float) -> list[StoredEvent]:
    """Remove processes without a heartbeat for `stale_after_s` seconds and their sessions; then end the conversations that waited enough.

    A process whose row is removed stays dead: its sessions are stale, whether they are removed already or not.

    One transaction per conversation; safe to run in every process at once. A conversation that another process has locked is left for
    the next call, as that process may be suspended. Returns the events of the ended conversations.
    """
    remove_dead_processes(stale_after_s)
    stale = {conversation_id for (conversation_id,) in _STALE.rows()}
    events = _end_each(sorted(stale), lambda conversation_id: _remove_stale(conversation_id, now))
    due = [conversation_id for (conversation_id,) in _DUE.rows(now)]
    return events + _end_each(due, lambda conversation_id: _end_if_due(conversation_id, now))


def _end_each(conversation_ids: Sequence[int], end: Callable[[int], list[StoredEvent]]) -> list[StoredEvent]:
    """End each conversation and return all events. An error with one conversation does not stop the others."""
    events: list[StoredEvent] = []
    for conversation_id in conversation_ids:
        try:
            events += end(conversation_id)
        except DATABASE_UNREACHABLE:
            if not events:
                raise
            break  # the committed events must be returned; the next call handles the rest
        except Exception as error:
            logger.error("ending conversation %d failed (%s)", conversation_id, type(error).__name__)
    return events


def _stale_sessions() -> QuerySet[LiveSession]:
    return LiveSession.objects.exclude(Exists(ServerProcess.objects.filter(id=OuterRef("process_id"))))


_STALE = CompiledQuery(lambda: _stale_sessions().values_list("conversation_id"))
_DUE = CompiledQuery(lambda now: Conversation.objects.filter(ended_at=None, closes_at__lte=now).values_list("id"))
"""Every process asks these two every two seconds."""


def _remove_stale(conversation_id: int, now: datetime) -> list[StoredEvent]:
    with write_transaction():
        conversation = locked_if_free(conversation_id)
        if conversation is None:
            return []
        stale = _stale_sessions().select_for_update(skip_locked=True).filter(conversation=conversation)
        keep_s = {session.id: session.keep_s for session in stale}
        LiveSession.objects.filter(id__in=keep_s).delete()
        return _end_or_wait(conversation, now, max(keep_s.values())) if keep_s else []


def _end_if_due(conversation_id: int, now: datetime) -> list[StoredEvent]:
    with write_transaction():
        conversation = locked_if_free(conversation_id)
        if conversation is None or conversation.closes_at is None or conversation.closes_at > now:
            return []
        return _end_or_wait(conversation, now, 0)


def _end_or_wait(conversation: Conversation, now: datetime, keep_s: int) -> list[StoredEvent]:
    """End a conversation that has no session left, or keep it open for `keep_s` seconds more."""
    return [] if LiveSession.objects.filter(conversation=conversation).exists() else _end_now_or_later(conversation, now, keep_s)


def _end_now_or_later(conversation: Conversation, now: datetime, keep_s: int) -> list[StoredEvent]:
    """As `_end_or_wait`, for a conversation that certainly has no session left."""
    if conversation.ended_at is not None:
        return []
    if keep_s > 0:
        conversation.closes_at = now + timedelta(seconds=keep_s)
        conversation.save(update_fields=["closes_at"])
        return []
    return end_now(conversation, now)


def end_now(conversation: Conversation, now: datetime) -> list[StoredEvent]:
    """End a locked live conversation, whatever sessions it has; return the event of the end."""
    conversation.ended_at, conversation.closes_at = max(now, conversation.started_at), None
    topics.forget(conversation.id)
    forget_voices(conversation)
    log = EventLog(conversation, now)
    log.add(ConversationCompleted(str(conversation.id), iso(conversation.ended_at)))
    seconds = (conversation.ended_at - conversation.started_at).total_seconds()
    log_after_commit(
        logger,
        "conversation %d ended after %.1f s: %d messages, user %d",
        conversation.id,
        seconds,
        conversation.message_count,
        conversation.owner_id,
    )
    return log.store("ended_at", "closes_at")
