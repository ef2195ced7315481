"""Conversations that are imported: they begin and end without a live session.

The row of a new conversation exists from the request on. Its first event is stored when the import begins, since only then it is known
when the recording started.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from django.db.models import Max
from django.utils import timezone

from insights.database import write_transaction
from insights.events import ConversationCompleted, MemberJoined
from insights.models import Conversation, LiveSession, Message
from insights.models.conversations import new_conversation_id
from insights.names import clean_name
from insights.payloads import StoredEvent, conversation_created, iso, member_snapshot
from insights.recorder import topics
from insights.recorder.event_log import EventLog, clean, locked
from insights.recorder.join import member_of
from insights.recorder.signals import announce
from insights.recorder.types import SpeakerIdentity, Utterance
from insights.snapshots import JsonObject, MemberSnapshot

_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOpening:
    """A request for a conversation that will be imported. An empty `name` becomes the conversation's id."""

    owner_id: int
    name: str = ""
    language: str = "en-US"
    started_at: datetime
    metadata: JsonObject = field(default_factory=dict)


def open_import(opening: ImportOpening) -> Conversation:
    """Store a conversation that has no events yet. Call it in the transaction that stores the job of the import."""
    identity = new_conversation_id()
    return Conversation.objects.create(
        id=identity,
        owner_id=opening.owner_id,
        connection_id=f"import-{identity}",
        name=clean_name(opening.name, 500) or str(identity),
        language=clean(opening.language, 35),
        started_at=opening.started_at,
        metadata=opening.metadata,
    )


def add_metadata(conversation_id: int, metadata: JsonObject) -> None:
    """Add the metadata of a further import; its values replace those of the same names."""
    with write_transaction():
        conversation = locked(conversation_id)
        conversation.metadata = {**conversation.metadata, **metadata}
        conversation.save(update_fields=["metadata"])


def begin_import(conversation_id: int, started_at: datetime | None, *, append: bool, asked_at: datetime) -> datetime:
    """Return the time of the first sample of an import, and store the first event of a new conversation.

    A new conversation starts at `started_at`, or else stays where it is. What is appended starts at `started_at`, else at the end of the
    conversation, else (it is live) when it was asked for. Repeating this changes nothing.
    """
    with write_transaction():
        conversation = locked(conversation_id)
        if append:
            return started_at or conversation.ended_at or asked_at
        if conversation.last_event == 0:
            conversation.started_at = started_at or conversation.started_at
            log = EventLog(conversation, timezone.now())
            log.add(conversation_created(conversation))
            announce(log.store("started_at"))
        return conversation.started_at


def import_member(conversation_id: int, identity: SpeakerIdentity) -> MemberSnapshot | None:
    """Return the member of an identity, who is added if new; None if the identity says nothing."""
    with write_transaction():
        conversation = locked(conversation_id)
        member, changed = member_of(conversation, identity)
        snapshot = member_snapshot(member)
        if changed and snapshot is not None:
            log = EventLog(conversation, timezone.now())
            log.add(MemberJoined(snapshot))
            announce(log.store())
        return snapshot


def end_import(conversation_id: int, ended_at: datetime | None = None) -> list[StoredEvent]:
    """End a conversation at the end of what was imported, None: with its last message.

    A conversation with live sessions goes on; one that ended later stays so.
    """
    with write_transaction():
        conversation = locked(conversation_id)
        now = timezone.now()
        last = conversation.messages.aggregate(last=Max("ended_at"))["last"] if ended_at is None else ended_at
        end = max(filter(None, (last, conversation.started_at, conversation.ended_at)))
        if conversation.ended_at == end or LiveSession.objects.filter(conversation=conversation).exists():
            return []
        log = EventLog(conversation, now)
        if conversation.last_event == 0:  # the import failed before it began
            log.add(conversation_created(conversation))
        conversation.ended_at, conversation.closes_at = end, None
        log.add(ConversationCompleted(str(conversation.id), iso(end)))
        events = announce(log.store("ended_at", "closes_at"))
    topics.forget(conversation_id)
    return events


def imported_until(conversation_id: int, source: UUID, member_id: UUID | str | None) -> datetime | None:
    """Return the end of the last message of an audio source, None before its first."""
    messages = Message.objects.filter(conversation_id=conversation_id, speaker__source=uuid5(source, str(member_id or "")))
    last: datetime | None = messages.aggregate(last=Max("ended_at"))["last"]
    return last


def stored_before(utterances: Iterable[Utterance]) -> Collection[UUID]:
    """Return the ids of the utterances that are stored already, judged by their first messages."""
    first = {utterance.message_id(0): utterance.id for utterance in utterances}
    asked = list(first)
    found: set[UUID] = set()
    for at in range(0, len(asked), _ASKED_AT_ONCE):
        stored = Message.objects.filter(id__in=asked[at : at + _ASKED_AT_ONCE]).values_list("id", flat=True)
        found |= {first[one] for one in stored}
    return found
