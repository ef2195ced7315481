"""What people decided about the voices of an audio source whose speakers are told apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q

from insights.models import Change, Conversation, Diarization, Message, Speaker
from insights.payloads import member_snapshot
from insights.snapshots import MemberSnapshot


@dataclass(frozen=True, slots=True)
class ChosenMessage:
    """A message whose speaker a person chose: when it was said, in seconds from the start of the conversation, and who speaks.

    `voice`: the voice that was heard in it.
    """

    id: UUID
    start: float
    end: float
    voice: int
    member_id: UUID


@dataclass(frozen=True, slots=True)
class VoiceChoices:
    """The member of each voice that said something, and the messages of the conversation whose speaker a person chose.

    `others`: the number of messages of each voice whose speaker nobody chose. `people`: the members as they are called now.
    """

    members: Mapping[int, UUID]
    chosen: tuple[ChosenMessage, ...]
    others: Mapping[int, int] = field(default_factory=dict)
    people: Mapping[int, MemberSnapshot] = field(default_factory=dict)


def voice_choices(conversation_id: int, diarization_id: UUID) -> VoiceChoices:
    """Return what people decided, in three queries."""
    speakers = list(Speaker.objects.select_related("member").filter(diarization_id=diarization_id, member__isnull=False))
    people = {one.voice: snapshot for one in speakers if one.voice is not None and (snapshot := member_snapshot(one.member)) is not None}
    chosen = Message.objects.filter(
        conversation_id=conversation_id, speaker_chosen=True, voice__isnull=False, speaker__member__isnull=False
    ).order_by("offset_s", "number")
    others = Message.objects.filter(speaker__diarization_id=diarization_id, speaker_chosen=False).order_by()
    counts = others.values_list("speaker__voice").annotate(count=Count("id"))
    rows = chosen.values_list("id", "offset_s", "duration_s", "voice", "speaker__member_id")
    return VoiceChoices(
        {one.voice: one.member_id for one in speakers if one.voice is not None and one.member_id is not None},
        tuple(
            ChosenMessage(one, start, start + seconds, voice, member) for one, start, seconds, voice, member in rows if voice is not None
        ),
        {voice: count for voice, count in counts if voice is not None},
        people,
    )


class DiarizedVoice(NamedTuple):
    """A voice in an audio source: the id of the diarization, and its number there."""

    diarization_id: UUID
    number: int


def voices_of_member(conversation: Conversation, member_id: UUID) -> list[DiarizedVoice]:
    """Return the voices that are those of a member."""
    rows = Speaker.objects.filter(conversation=conversation, member_id=member_id, voice__isnull=False, diarization__isnull=False)
    return [
        DiarizedVoice(source, number) for source, number in rows.values_list("diarization_id", "voice") if source and number is not None
    ]


def members_with_voices(conversation: Conversation) -> frozenset[UUID]:
    """Return the members whose voices can be enrolled: what describes them is stored still."""
    sources = Diarization.objects.filter(~Q(state=b"") | ~Q(kept_state=b""), conversation=conversation).order_by().values("id")
    rows = Speaker.objects.filter(conversation=conversation, member__isnull=False, voice__isnull=False, diarization_id__in=sources)
    return frozenset(one for one in rows.order_by().values_list("member_id", flat=True) if one is not None)


def members_named_by_voice(conversation: Conversation) -> frozenset[UUID]:
    """Return the members whose voice has its name by a voice profile: nobody has undone that, or renamed the member, since."""
    given = Change.objects.filter(conversation=conversation, kind=Change.Kind.VOICE_NAMED, user=None, undone_by=None)
    members = dict(Speaker.objects.filter(id__in=list(given.values_list("target", flat=True))).order_by().values_list("id", "member_id"))
    found: dict[UUID, int] = {}
    for change_id, target in given.order_by("id").values_list("id", "target"):
        if (member := members.get(UUID(target))) is not None:
            found[member] = change_id
    later = Change.objects.filter(conversation=conversation, kind=Change.Kind.MEMBER, target__in=[str(one) for one in found])
    for change_id, target in later.values_list("id", "target"):
        if change_id > found.get(UUID(target), change_id):
            found.pop(UUID(target))
    return frozenset(found)
