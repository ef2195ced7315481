"""Conversations that are imported: they begin and end without a live session.

A new conversation exists from the request on. When the recording started may become known only later, from the file.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from django.db.models import Max, Q
from django.utils import timezone

from insights.database import write_transaction
from insights.events import ConversationCompleted, Kind, MemberJoined, MessageDeleted, dump, parse
from insights.managed import share_new
from insights.models import Conversation, Event, LiveSession, Message, Speaker
from insights.models.conversations import new_conversation_id
from insights.names import clean_name
from insights.payloads import StoredEvent, conversation_created, iso, member_snapshot
from insights.recorder import topics
from insights.recorder.diarization import forget_voices
from insights.recorder.event_log import EventLog, clean, locked
from insights.recorder.join import member_of
from insights.recorder.signals import announce
from insights.recorder.types import SpeakerIdentity, Utterance
from insights.snapshots import MemberSnapshot, MessageSnapshot

_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOpening:
    """A request for a conversation that will be imported. An empty `name` becomes the conversation's id."""

    owner_id: int
    name: str = ""
    language: str = "en-US"
    started_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)
    detect_phrases: bool = False
    sample: bool = False


def open_import(opening: ImportOpening) -> Conversation:
    """Store a conversation with its first event. Call it in the transaction that stores the job of the import."""
    identity = new_conversation_id()
    with write_transaction():
        conversation = Conversation.objects.create(
            id=identity,
            owner_id=opening.owner_id,
            connection_id=f"import-{identity}",
            name=clean_name(opening.name, 500) or str(identity),
            language=clean(opening.language, 35),
            started_at=opening.started_at,
            metadata=dict(opening.metadata),
            detect_phrases=opening.detect_phrases,
            sample=opening.sample,
        )
        share_new(conversation)
        log = EventLog(conversation, timezone.now())
        log.add(conversation_created(conversation))
        announce(log.store())
        return conversation


def detect_phrases(conversation_id: int) -> None:
    """Note that the phrases of a conversation are wanted."""
    with write_transaction():
        Conversation.objects.filter(id=conversation_id).update(detect_phrases=True)


def begin_import(conversation_id: int, started_at: datetime | None, *, append: bool, asked_at: datetime) -> datetime:
    """Return the time of the first sample of an import.

    A new conversation moves to `started_at` unless it has messages: its row and its first event. What is appended starts at `started_at`,
    else at the end of the conversation, else (it is live) when it was asked for. Repeating this changes nothing.
    """
    with write_transaction():
        conversation = locked(conversation_id)
        if append:
            return started_at or conversation.ended_at or asked_at
        if started_at is not None and not conversation.message_count:
            conversation.started_at = started_at
            conversation.save(update_fields=["started_at"])
            created = conversation_created(conversation)
            Event.objects.filter(conversation=conversation, number=1, kind=created.kind).update(payload=dump(created))
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

    A conversation with live sessions, or that waits for one to come back, continues; one that ended later stays so.
    """
    with write_transaction():
        conversation = locked(conversation_id)
        now = timezone.now()
        last = conversation.messages.aggregate(last=Max("ended_at"))["last"] if ended_at is None else ended_at
        end = max(filter(None, (last, conversation.started_at, conversation.ended_at)))
        if conversation.closes_at is not None or LiveSession.objects.filter(conversation=conversation).exists():
            return []
        forget_voices(conversation)
        if conversation.ended_at == end:
            return []
        log = EventLog(conversation, now)
        conversation.ended_at = end
        log.add(ConversationCompleted(str(conversation.id), iso(end)))
        events = announce(log.store("ended_at"))
    topics.forget(conversation_id)
    return events


def imported_until(conversation_id: int, source: UUID, member_id: UUID | str | None) -> datetime | None:
    """Return the end of the last message of an audio source, also if it was deleted since; None before its first."""
    speakers = Speaker.objects.filter(
        Q(source=uuid5(source, str(member_id or ""))) | Q(diarization=source), conversation_id=conversation_id
    )
    messages = Message.objects.filter(speaker__in=speakers, conversation_id=conversation_id)
    last: datetime | None = messages.aggregate(last=Max("ended_at"))["last"]
    deleted = _deleted_messages(conversation_id)
    numbers = set(speakers.order_by().values_list("number", flat=True)) if deleted else set()
    ends = [datetime.fromisoformat(one.end_time) for one in deleted if one.speaker is not None and one.speaker.number in numbers]
    return max(filter(None, (last, *ends)), default=None)


def stored_before(conversation_id: int, utterances: Iterable[Utterance]) -> Collection[UUID]:
    """Return the ids of the utterances that are stored already, judged by their first messages, also those that were deleted since."""
    first = {utterance.message_id(0): utterance.id for utterance in utterances}
    asked = list(first)
    found = {first[identity] for one in _deleted_messages(conversation_id) if (identity := UUID(one.id)) in first}
    for at in range(0, len(asked), _ASKED_AT_ONCE):
        stored = Message.objects.filter(id__in=asked[at : at + _ASKED_AT_ONCE]).values_list("id", flat=True)
        found |= {first[one] for one in stored}
    return found


def _deleted_messages(conversation_id: int) -> list[MessageSnapshot]:
    """Return the messages that a person deleted: an import that starts again must not bring them back."""
    rows = Event.objects.filter(conversation_id=conversation_id, kind=Kind.MESSAGE_DELETED).order_by("number")
    events = (parse(Kind.MESSAGE_DELETED, payload) for payload in rows.values_list("payload", flat=True))
    return [event.message for event in events if isinstance(event, MessageDeleted)]
