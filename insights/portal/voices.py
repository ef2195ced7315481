"""The colours of speakers, which every page takes from here; `voices.js` follows the same rule on the live page. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

VOICES = 8
"""Colours that can be told apart (`--voice-0` to `--voice-7`)."""


class VoiceOf(NamedTuple):
    """A speaker of a conversation: its number (from 1), and the member whose voice it is, if that is known."""

    speaker_id: UUID
    number: int
    member_id: UUID | None


def voices_of(members: Sequence[UUID], speakers: Iterable[VoiceOf]) -> Mapping[UUID, int]:
    """Return the number of the colour (from 0) of each person: by member id, else by speaker id.

    A person has the colour of the first speaker with their voice. The number of a speaker never changes: a new name changes no colour, and
    two who are merged have that of the one who spoke first. Members who have not spoken follow, in the order of joining.
    """
    first: dict[UUID, int] = {}
    for speaker in speakers:
        key = speaker.member_id or speaker.speaker_id
        first[key] = min(first.get(key, speaker.number), speaker.number)
    last = max(first.values(), default=0)
    silent = [member for member in members if member not in first]
    first |= {member: last + place for place, member in enumerate(silent, 1)}
    return {key: (number - 1) % VOICES for key, number in first.items()}
