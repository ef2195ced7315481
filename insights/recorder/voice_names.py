"""Names that voice profiles give to the voices of an audio source. What a person has said about a voice is never overwritten."""

from uuid import UUID

from django.utils import timezone

from insights.database import write_transaction
from insights.models import Change, Member, Speaker, VoiceProfile, usable_by
from insights.names import UNNAMED
from insights.payloads import StoredEvent
from insights.recorder.diarization import conversation_of
from insights.recorder.edits.changes import Edit
from insights.recorder.edits.member_edits import become, rename

BY_PROFILE = "voice profile"
"""What events say about who gave the name. No user has this name: names of users have no spaces."""


def name_by_profile(diarization_id: UUID, number: int, profile_id: UUID) -> list[StoredEvent]:
    """Name a voice by a voice profile; return the committed events, which the caller publishes. Raises UnknownConversation.

    The member of the voice gets the name and the address of the profile; if the conversation has such a member already, it becomes that
    one. It is stored as a change, which whoever may edit can undo, once: after that the voice is not named by a profile again. Nothing
    happens if the voice has a name, if the profile may not be used any more, or if it has named another voice of the audio source.
    """
    with write_transaction():
        conversation = conversation_of(diarization_id)
        profile = usable_by(conversation.owner_id).defer("vectors").filter(id=profile_id).first()
        speaker = Speaker.objects.select_related("member").filter(diarization_id=diarization_id, voice=number).first()
        if profile is None or speaker is None or speaker.member is None or not _unnamed(speaker.member):
            return []
        if Change.objects.filter(conversation=conversation, kind=Change.Kind.VOICE_NAMED, target=str(speaker.id)).exists():
            return []  # it was undone
        edit = Edit(conversation, None, by=BY_PROFILE)
        known = [one for one in Member.objects.filter(conversation=conversation, merged_into=None) if _is(one, profile)]
        if known:
            if Speaker.objects.filter(diarization_id=diarization_id, member=known[0]).exists():
                return []
            become(edit, speaker.member, known[0])
        else:
            rename(edit, speaker.member, profile.name, profile.email)
        VoiceProfile.objects.filter(id=profile.id).update(last_used_at=timezone.now())
        return edit.store_unsent(Change.Kind.VOICE_NAMED, speaker.id).events


def _unnamed(member: Member) -> bool:
    return UNNAMED.fullmatch(member.name) is not None and not member.user_id and not member.email


def _is(member: Member, profile: VoiceProfile) -> bool:
    """Return whether a member is the person of a profile: by the e-mail address, else by the name."""
    address = profile.email.lower()
    if address and address in (member.email.lower(), member.user_id.lower()):
        return True
    return member.name == profile.name and not (address and member.email)
