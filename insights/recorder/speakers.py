"""Find or create the speaker of an utterance."""

from collections.abc import Sequence
from itertools import count
from uuid import UUID, uuid5

from django.db.models import Max, QuerySet

from insights.compiled_query import CompiledQuery
from insights.models import Conversation, Member, Speaker
from insights.recorder.types import Listening, UnknownMember, Voice


def known(conversation_id: int, listening: Listening) -> Speaker | None:
    """Return the stored speaker of an utterance with its member and conversation, in one query; None before its first utterance."""
    source = _source(listening)
    if source is None:
        return _same(conversation_id, None, listening.member_id).first()
    return _OF_SOURCE.first(conversation_id, source)


def new(conversation: Conversation, members: Sequence[Member], listening: Listening) -> Speaker:
    """Return an unsaved speaker, which gets its number when it is stored; that of a voice with an unsaved member.

    A session whose member was deleted has an unknown speaker. Raises UnknownMember for any other member that is not in the conversation.
    """
    if listening.voice is not None:
        return of_voice(conversation, listening.voice)
    member = None
    if listening.member_id is not None:
        member = next((one for one in members if str(one.id) == str(listening.member_id)), None)
        if member is None and listening.session_id is None:
            raise UnknownMember(f"member {listening.member_id} is not in conversation {conversation.id}")
        member = member.merged_into or member if member else None
    return Speaker(conversation=conversation, source=_source(listening), member=member)


def stored(speaker: Speaker) -> Speaker:
    """Store a speaker unless it is stored already. Its conversation must be locked.

    Returns the stored row: a different one if another process stored the same speaker meanwhile.
    """
    if not speaker._state.adding:
        return speaker
    same = _same(speaker.conversation_id, speaker.source, speaker.member_id).first()
    if same is not None:
        return same
    if speaker.member is not None:  # it may have been merged since it was read
        speaker.member = Member.objects.filter(merged=speaker.member).first() or speaker.member
    last: int | None = Speaker.objects.filter(conversation=speaker.conversation).aggregate(last=Max("number"))["last"]
    speaker.number = (last or 0) + 1
    if speaker.member is not None and speaker.member._state.adding:
        speaker.member.name = _free_name(speaker.conversation)
        speaker.member.save(force_insert=True)
    speaker.save(force_insert=True)
    return speaker


def of_voice(conversation: Conversation, voice: Voice) -> Speaker:
    """Return an unsaved speaker for a voice, with an unsaved member called `Speaker 1`, by the number of voices before it."""
    member = Member(conversation=conversation, name=_free_name(conversation))
    source, number = _voice_source(voice), voice.number
    return Speaker(conversation=conversation, source=source, diarization_id=voice.diarization_id, voice=number, member=member)


def _free_name(conversation: Conversation) -> str:
    """Return `Speaker` with the next number of a voice that nobody in the conversation is called."""
    speakers = Speaker.objects.filter(conversation=conversation)
    taken = set(Member.objects.filter(conversation=conversation, name__startswith="Speaker ").values_list("name", flat=True))
    taken |= {speaker.label for speaker in speakers.filter(member=None)}
    first = speakers.filter(diarization__isnull=False).count() + 1
    return next(name for name in (f"Speaker {number}" for number in count(first)) if name not in taken)


def _same(conversation_id: int, source: UUID | None, member_id: UUID | str | None) -> QuerySet[Speaker]:
    """Return the speakers of an audio source. Without a source, those of a member (None: unknown) that have no source either."""
    found = Speaker.objects.select_related("member", "conversation").filter(conversation_id=conversation_id, source=source)
    if source is None:
        found = found.filter(member_id=member_id) if member_id else found.filter(member=None)
    return found.order_by("number")


_OF_SOURCE = CompiledQuery(
    lambda conversation, source: Speaker.objects.select_related("member", "conversation").filter(
        conversation_id=conversation, source=source
    )
)


def _source(listening: Listening) -> UUID | None:
    """Return the id of the audio source. A session that starts again as another member is another source, and so is each voice in one."""
    if listening.voice is not None:
        return _voice_source(listening.voice)
    return uuid5(listening.session_id, str(listening.member_id or "")) if listening.session_id else None


def _voice_source(voice: Voice) -> UUID:
    return uuid5(voice.diarization_id, f"voice {voice.number}")


def of_member(conversation: Conversation, member: Member) -> Speaker:
    """Return the first speaker who points to a member; a new one if there is none. The conversation must be locked."""
    first = Speaker.objects.select_related("member").filter(conversation=conversation, member=member).order_by("number").first()
    return first or stored(Speaker(conversation=conversation, member=member))
