"""Audio sources whose speakers are told apart: what keeps their voices apart, and corrections by later recognition.

What a person has said about the speaker of a message stays: it is never corrected here.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from insights.compiled_query import CompiledQuery
from insights.database import write_transaction
from insights.encryption import NotDecryptable, decrypt, encrypt
from insights.managed import profiles_on
from insights.models import Conversation, Diarization, LiveSession, Member, Message, ServerProcess, Speaker
from insights.payloads import StoredEvent
from insights.recorder import speakers
from insights.recorder.edits.changes import Edit
from insights.recorder.edits.message_splits import split
from insights.recorder.edits.pieces import pieces_of
from insights.recorder.edits.speaker_edits import PAUSE_S, MessageTime, move
from insights.recorder.event_log import locked
from insights.recorder.types import Diarized, UnknownConversation, Voice, VoiceSpan

logger = logging.getLogger(__name__)

PURPOSE = "state of the voices"
"""What the states are encrypted for."""
MOST_STATE_BYTES = 8_000_000
"""Bytes of a state that is stored. A larger one is not: after a crash the voices of its session get new numbers."""
KEPT_VOICES = timedelta(days=7)
"""How long what describes voices is kept after a conversation, if its account has voice profiles switched on."""
OVERLAPPED = 0.3
"""Share of a message in which another voice speaks, too, from which on the message is marked."""


class _LaterVoice(NamedTuple):
    """The voice of a message by later recognition, and whether another one speaks, too."""

    voice: int
    overlap: bool


def begin_diarization(conversation: Conversation, member: Member | None, session_id: UUID, now: datetime) -> Diarized:
    """Return the audio source of a session: that of a former session that it continues, else a new one. The conversation must be locked.

    A session continues the newest source of its member; without a member, one whose session is not connected any more.
    """
    found = Diarization.objects.filter(conversation=conversation, member=member)
    if member is None:
        connected = LiveSession.objects.filter(conversation=conversation, process__in=ServerProcess.objects.all()).exclude(id=session_id)
        found = found.exclude(session_id__in=connected.values("id"))
    row = found.order_by("-updated_at", "id").first() or Diarization(conversation=conversation, member=member)
    row.session_id, row.updated_at = session_id, now
    row.save()
    until: datetime | None = Message.objects.filter(speaker__diarization=row).aggregate(until=Max("ended_at"))["until"]
    stored_until = (until - conversation.started_at).total_seconds() if until is not None else 0.0
    return Diarized(row.id, conversation.started_at, _decrypted(row), stored_until)


def diarize_import(conversation_id: int, source: UUID, member_id: UUID | str | None) -> Diarized:
    """Return the audio source of a channel of an import; again, the same one."""
    with write_transaction():
        conversation = locked(conversation_id)
        values = {"conversation": conversation, "session_id": source, "member_id": member_id, "updated_at": timezone.now()}
        row, _ = Diarization.objects.get_or_create(id=source, defaults=values)
        return Diarized(row.id, conversation.started_at, _decrypted(row))


def _decrypted(row: Diarization) -> bytes:
    """Return the state of an audio source; empty if it cannot be decrypted, so that its voices get new numbers."""
    try:
        return decrypt(bytes(row.state), PURPOSE) if row.state else b""
    except NotDecryptable as error:
        logger.warning("conversation %d: %s; its voices get new numbers", row.conversation_id, error)
        return b""


def store_voices(diarization_id: UUID, state: bytes) -> None:
    """Store the state with which the voices of an audio source keep their numbers, encrypted: it describes voices."""
    if len(state) <= MOST_STATE_BYTES:
        encrypted = encrypt(state, PURPOSE)
        with write_transaction():
            Diarization.objects.filter(id=diarization_id).update(state=encrypted, updated_at=timezone.now())


def forget_voices(conversation: Conversation) -> None:
    """Remove what describes the voices of a conversation that ends. Its messages keep their speakers.

    If the account has voice profiles switched on, it is kept for KEPT_VOICES, so that its people can enrol these voices.
    """
    if not _HAS_VOICES.exists(conversation.id):
        return
    rows = Diarization.objects.filter(conversation=conversation).exclude(state=b"")
    if profiles_on(conversation.owner_id):
        rows.update(kept_state=F("state"), updated_at=timezone.now())
    rows.update(state=b"")


_HAS_VOICES = CompiledQuery(
    lambda conversation: Diarization.objects.filter(conversation_id=conversation).exclude(state=b"").values_list("id")[:1]
)


def kept_voices(conversation: Conversation) -> dict[UUID, bytes]:
    """Return the states of the audio sources of a conversation, live or kept after its end, by their ids; none that cannot be read."""
    found = {}
    for row in Diarization.objects.filter(conversation=conversation):
        with suppress(NotDecryptable):
            if state := bytes(row.state) or bytes(row.kept_state):
                found[row.id] = decrypt(state, PURPOSE)
    return found


def forget_kept_voices(now: datetime) -> int:
    """Remove the states that were kept long enough; return how many. Without the setting VOICE_PROFILES that is all of them."""
    kept = Diarization.objects.exclude(kept_state=b"")
    if settings.VOICE_PROFILES:
        kept = kept.filter(updated_at__lt=now - KEPT_VOICES)
    with write_transaction():
        return kept.update(kept_state=b"")


def name_voice(diarization_id: UUID, number: int, member_id: UUID) -> list[StoredEvent]:
    """Make a voice of an audio source, with its messages, that of a member; return the committed events. Nothing if the member is gone.

    The caller publishes the events. Raises UnknownConversation.
    """
    with write_transaction():
        conversation = conversation_of(diarization_id)
        member = Member.objects.filter(conversation=conversation, id=member_id, merged_into=None).first()
        if member is None:
            return []
        edit = Edit(conversation, None)
        edit.watch(Speaker.objects.filter(diarization_id=diarization_id, voice=number))
        if not Speaker.objects.filter(diarization_id=diarization_id, voice=number).update(member=member):
            speaker = speakers.of_voice(conversation, Voice(diarization_id, number))
            speaker.member = member
            speakers.stored(speaker)
        return edit.store_correction()


def split_by_voices(diarization_id: UUID, spans: Sequence[VoiceSpan], own: Collection[UUID] | None = None) -> list[StoredEvent]:
    """Split stored messages at the words where the voice changes; return the committed events.

    `spans`: parts of a turn, which cover its words. `own`: the messages that they are about; None: all of the source. Both parts of a
    message keep its speaker until `correct_voices`. The caller publishes the events. Raises UnknownConversation.
    """
    if len({span.voice for span in spans}) < 2:
        return []
    with write_transaction():
        conversation = conversation_of(diarization_id)
        edit = Edit(conversation, None)
        rows = (
            _messages_during(diarization_id, spans, own).filter(conversation=conversation).select_related("speaker__member", "conversation")
        )
        for message in rows:
            while (offset := _change_of_voice(message, spans, conversation.started_at)) is not None:
                message = split(edit, message, offset)
        return edit.store_correction()


def _messages_during(diarization_id: UUID, spans: Sequence[VoiceSpan], own: Collection[UUID] | None) -> QuerySet[Message]:
    """Return the messages of an audio source that were said during spans and whose speaker no person chose, in order."""
    rows = Message.objects.filter(speaker__diarization_id=diarization_id, speaker_chosen=False)
    rows = rows if own is None else rows.filter(id__in=own)
    first, last = min(span.start for span in spans), max(span.end for span in spans)
    return rows.filter(offset_s__lt=last, offset_s__gt=first - F("duration_s")).order_by("offset_s", "number")


def _change_of_voice(message: Message, spans: Sequence[VoiceSpan], started_at: datetime) -> int | None:
    """Return the character at which another voice begins in a message; None if it is one voice, or its words are not in its text."""
    before: int | None = None
    position, low = 0, message.text.lower()
    for word in message.words:
        at = low.find(str(word["word"]).lower(), position)
        if at < 0:
            return None
        times = [datetime.fromisoformat(word[name]) for name in ("startTime", "endTime")]
        middle = sum((time - started_at).total_seconds() for time in times) / 2
        voice = next((span.voice for span in spans if span.start <= middle < span.end), before)
        if before is not None and voice != before:
            return at
        before, position = voice, at + len(str(word["word"]))
    return None


def correct_voices(
    diarization_id: UUID,
    spans: Sequence[VoiceSpan],
    *,
    whole: bool = False,
    merged: Mapping[int, int] | None = None,
    own: Collection[UUID] | None = None,
) -> list[StoredEvent]:
    """Give the stored messages of an audio source to the voices that spoke them by later recognition; return the committed events.

    `spans`: what is different, or with `whole` all of the source. A message has the voice that speaks longest in it; where the spans are
    not the whole, only one that speaks in more than half of it. `merged`: voices in whose place the spans have another one, because they
    have the same member; their messages keep them, so that the merging can be undone. `own` as in `split_by_voices`. The transactions are
    short. The caller publishes the events. Raises UnknownConversation.
    """
    rows = _messages_during(diarization_id, spans, own) if spans else Message.objects.none()
    wanted = _wanted(rows, sorted(spans, key=lambda span: span.start), 0.0 if whole else 0.5, merged or {})
    if not wanted:
        return []
    events: list[StoredEvent] = []
    for piece in pieces_of(list(wanted)):
        with write_transaction():
            events += _correct(diarization_id, {one: wanted[one] for one in piece.items}, again=piece.again)
        if not piece.last:
            time.sleep(PAUSE_S)
    return events


def forget_silent_voices(diarization_id: UUID) -> None:
    """Remove the speakers of an audio source without messages that nobody named, with their members that nobody needs."""
    with write_transaction():
        conversation = conversation_of(diarization_id)
        unnamed = Member.objects.filter(conversation=conversation, name__regex=r"^Speaker \d+$", user_id="", email="")
        silent = Speaker.objects.filter(diarization_id=diarization_id, messages=None, member__in=unnamed)
        members = list(silent.values_list("member_id", flat=True))
        silent.delete()
        unused = unnamed.filter(id__in=members, speakers=None, assigned=None, merged=None, live_sessions=None)
        unused.delete()


def conversation_of(diarization_id: UUID) -> Conversation:
    """Return the conversation of an audio source, locked. Raises UnknownConversation."""
    conversation_id = Diarization.objects.filter(id=diarization_id).values_list("conversation_id", flat=True).first()
    if conversation_id is None:
        raise UnknownConversation(f"audio source {diarization_id} does not exist")
    return locked(conversation_id)


def _wanted(rows: QuerySet[Message], spans: Sequence[VoiceSpan], least: float, merged: Mapping[int, int]) -> dict[UUID, _LaterVoice]:
    """Return those of the messages that have another voice by the spans, in the order of speech, or that are marked otherwise."""
    values = rows.values_list("id", "offset_s", "duration_s", "speaker__voice", "overlap")
    return dict(_different(values.iterator(), spans, least, merged))


def _different(
    messages: Iterable[tuple[UUID, float, float, int | None, bool]],
    spans: Sequence[VoiceSpan],
    least: float,
    merged: Mapping[int, int],
) -> Iterator[tuple[UUID, _LaterVoice]]:
    """Yield the messages (id, offset, duration, voice, overlap; ordered by offset) that the spans, ordered by start, change."""
    waiting, current = 0, list[VoiceSpan]()
    for identity, start, duration, voice, overlap in messages:
        end = start + duration
        while waiting < len(spans) and spans[waiting].start < end:
            current.append(spans[waiting])
            waiting += 1
        current = [span for span in current if span.end > start]
        seconds: dict[int, float] = defaultdict(float)
        shared = 0.0
        for span in current:
            inside = min(end, span.end) - max(start, span.start)
            seconds[span.voice] += max(0.0, inside)
            shared += max(0.0, inside) if span.overlap else 0.0
        if not seconds:
            continue
        shown = None if voice is None else merged.get(voice, voice)
        best = max(seconds, key=lambda one: (seconds[one], one == shown))
        if seconds[best] <= least * duration:
            continue
        wanted = _LaterVoice(voice if voice is not None and best == shown else best, shared > OVERLAPPED * duration)
        if wanted != (voice, overlap):
            yield identity, wanted


def _correct(diarization_id: UUID, wanted: Mapping[UUID, _LaterVoice], *, again: bool) -> list[StoredEvent]:
    """Move one batch of messages; those whose speaker a person chose meanwhile, or that were deleted, are left out."""
    conversation = conversation_of(diarization_id)
    edit = Edit(conversation, None)
    edit.watch(Member.objects.filter(conversation=conversation), Speaker.objects.filter(conversation=conversation))
    edit.watch(Message.objects.filter(id__in=list(wanted)), only=["speaker_id", "overlap"])
    voices = _speakers(conversation, diarization_id, {one.voice for one in wanted.values()})
    rows = Message.objects.filter(id__in=list(wanted), speaker__diarization_id=diarization_id, speaker_chosen=False)
    said = [MessageTime(*row) for row in rows.values_list("id", "offset_s", "duration_s", "speaker__member_id")]
    move(edit, {one: voices[wanted[one.id].voice] for one in said})
    by_voice: dict[_LaterVoice, list[UUID]] = defaultdict(list)
    for one in said:
        by_voice[wanted[one.id]].append(one.id)
    for found, ids in by_voice.items():
        Message.objects.filter(id__in=ids).update(voice=found.voice, overlap=found.overlap)
    return edit.store_correction(again=again)


def _speakers(conversation: Conversation, diarization_id: UUID, numbers: set[int]) -> dict[int, Speaker]:
    """Return the stored speakers of voices; those that said nothing so far are stored now."""
    rows = Speaker.objects.select_related("member").filter(diarization_id=diarization_id, voice__in=numbers)
    found = {row.voice: row for row in rows if row.voice is not None}
    for number in sorted(numbers - found.keys()):
        found[number] = speakers.stored(speakers.of_voice(conversation, Voice(diarization_id, number)))
    return found
