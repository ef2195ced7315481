"""The people of one conversation with their badges: members, and speakers of whom it is not known who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from insights import queries
from insights.exports.titles import shown_person
from insights.models import Conversation, Member, Message
from insights.names import UNNAMED
from insights.portal.listing import Face, face, voice_of
from insights.portal.voices import VOICES, voices_of
from insights.portal.wording import initials


@dataclass(frozen=True, slots=True)
class ShownPeople:
    """The members in the order of joining, and all badges: by member id, else by speaker id."""

    members: Sequence[Member]
    faces: dict[UUID, Face]
    unknown: Face

    def face(self, key: UUID | None) -> Face:
        """Return the badge of a member or speaker; None: the one for all unknown speakers together, who may be a single one."""
        return self.faces.get(key, self.unknown) if key else self.unknown

    @property
    def known(self) -> list[tuple[Member, str, bool]]:
        """The members with the names that people read, and whether each has a name of a person."""
        return [(one, shown_person(str(one)), UNNAMED.fullmatch(one.name) is None) for one in self.members]


def people_of(conversation: Conversation) -> ShownPeople:
    """Return the people of a conversation. Two queries."""
    members, speakers = list(queries.members_of(conversation)), list(queries.speakers_of(conversation))
    voices = voices_of([member.id for member in members], [voice_of(speaker) for speaker in speakers])
    faces = {member.id: face(member, voices[member.id]) for member in members}
    unnamed = [speaker for speaker in speakers if speaker.member_id is None]
    for speaker in unnamed:
        name = shown_person(speaker.label)
        faces[speaker.id] = Face(name, initials(name), voices[speaker.id])
    unknown = faces[unnamed[0].id] if len(unnamed) == 1 else face(None, len(faces) % VOICES)
    return ShownPeople(members, faces, unknown)


def person_of(message: Message) -> UUID:
    """Return the key of a message's speaker in `People.faces`; queries select `speaker`."""
    return message.speaker.member_id or message.speaker_id
