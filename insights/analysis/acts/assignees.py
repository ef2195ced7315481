"""Resolves the role of an assignee to a person: the speaker, the person addressed, a member by name, or only a name."""

from collections.abc import Sequence

from insights.analysis.acts.commitments import Commitment
from insights.analysis.text.words import plain
from insights.analysis.types import Person, Said


def assignee(task: Commitment, said: Said, before: Sequence[Said], members: Sequence[Person]) -> Person | None:
    """Return the person behind a role; None where it is nobody or everybody.

    "You" is the other one of two members, otherwise the previous speaker. Of several names the first one is used.

    Args:
        before: earlier messages, oldest first.
    """
    if task.role == "SPEAKER":
        return Person(said.speaker_name, said.speaker_id) if said.speaker_name or said.speaker_id else None
    if task.role == "NAMED":
        return member_named(task.names[0], members) or Person(", ".join(task.names))
    if task.role != "ADDRESSEE":
        return None
    others = [member for member in members if not _is_speaker(member, said)]
    if len(others) == 1 and len(members) == 2:
        return others[0]
    for other in reversed(before):
        if other.speaker != said.speaker and (other.speaker_name or other.speaker_id):
            return Person(other.speaker_name, other.speaker_id)
    return None


def member_named(name: str, members: Sequence[Person]) -> Person | None:
    """Return the only member with this full, first or last name, ignoring accents; None when there is none, or more than one."""
    low = plain(name)
    for part in (slice(None), slice(0, 1), slice(-1, None)):
        same = [member for member in members if " ".join(plain(member.name).split()[part]) == low]
        if same:
            return same[0] if len(same) == 1 else None
    return None


def _is_speaker(member: Person, said: Said) -> bool:
    return member.user_id == said.speaker_id if member.user_id and said.speaker_id else member.name == said.speaker_name
