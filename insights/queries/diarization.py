"""What people decided about the voices of an audio source whose speakers are told apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count

from insights.models import Message, Speaker


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

    `others`: the number of messages of each voice whose speaker nobody chose.
    """

    members: Mapping[int, UUID]
    chosen: tuple[ChosenMessage, ...]
    others: Mapping[int, int] = field(default_factory=dict)


def voice_choices(conversation_id: int, diarization_id: UUID) -> VoiceChoices:
    """Return what people decided, in three queries."""
    speakers = Speaker.objects.filter(diarization_id=diarization_id, member__isnull=False).values_list("voice", "member_id")
    chosen = Message.objects.filter(
        conversation_id=conversation_id, speaker_chosen=True, voice__isnull=False, speaker__member__isnull=False
    ).order_by("offset_s", "number")
    others = Message.objects.filter(speaker__diarization_id=diarization_id, speaker_chosen=False).order_by()
    counts = others.values_list("speaker__voice").annotate(count=Count("id"))
    rows = chosen.values_list("id", "offset_s", "duration_s", "voice", "speaker__member_id")
    return VoiceChoices(
        {voice: member_id for voice, member_id in speakers if voice is not None and member_id is not None},
        tuple(
            ChosenMessage(one, start, start + seconds, voice, member) for one, start, seconds, voice, member in rows if voice is not None
        ),
        {voice: count for voice, count in counts if voice is not None},
    )
