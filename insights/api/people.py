"""People as the API shows them, in its two forms."""

from ninja import Schema

from insights.models import Member


class Person(Schema):
    """A member in messages and lists of members."""

    id: str | None = None
    name: str | None = None
    email: str | None = None


class SpeakerRef(Schema):
    """A member in insights and analytics."""

    id: str | None = None
    name: str | None = None
    userId: str | None = None


def person(member: Member) -> Person:
    """Return {id, name, email}; a user id that is an address serves as one where none was given."""
    email = member.email or (member.user_id if "@" in member.user_id else "")
    return Person(id=str(member.id), name=member.name or member.user_id or email, email=email or None)


def speaker(member: Member) -> SpeakerRef:
    """Return {id, name, userId}."""
    return SpeakerRef(id=str(member.id), name=member.name or member.user_id or member.email, userId=member.user_id or member.email or None)
