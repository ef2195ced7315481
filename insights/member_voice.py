"""The voice of a speaker who was told apart in a conversation, from what is kept of its audio sources."""

from insights import queries, recorder, voice_enrolment
from insights.models import Conversation, Member
from insights.voice_enrolment import EnrolledVoice, EnrolmentRefused, SampleProblem


def voice_of(conversation: Conversation, member: Member) -> EnrolledVoice:
    """Return the voice of a member, from all audio sources in which it was told apart. Raises EnrolmentRefused."""
    wanted = queries.voices_of_member(conversation, member.id)
    found: list[EnrolledVoice] = []
    for source, state in recorder.kept_voices(conversation).items():
        if numbers := {voice.number for voice in wanted if voice.diarization_id == source}:
            voices = voice_enrolment.from_state(state)
            found += [voices[number] for number in numbers if number in voices]
    if not found:
        raise EnrolmentRefused(SampleProblem.SHORT)
    return EnrolledVoice(tuple(vector for one in found for vector in one.vectors), found[0].model)
