"""The two JSON forms of members in the API."""

from functools import lru_cache
from typing import Protocol
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from ninja import Schema

from insights.models import Member
from insights.queries.plain_rows import dashed


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


class Named(Protocol):
    """What a Person shows of a member: a row, or the values of one."""

    @property
    def id(self) -> UUID | str:
        """The id."""

    @property
    def user_id(self) -> str:
        """What the client calls this person."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def email(self) -> str:
        """What the client gave as e-mail address."""


def person_json(member: Named) -> dict[str, str]:
    """Return {id, name, email} of a Person. Without an e-mail address, a user id that is an address is used as one.

    Clients send any text as an email; text that is not an address is left out.
    """
    email = member.email if _is_address(member.email) else member.user_id if _is_address(member.user_id) else ""
    shown = {"id": dashed(member.id), "name": member.name or member.user_id or member.email}
    if email:
        shown["email"] = email
    return shown


@lru_cache(maxsize=4096)
def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def speaker_json(member: Member) -> dict[str, str]:
    """Return {id, name, userId} of a SpeakerRef."""
    shown, user_id = {"id": str(member.id), "name": member.name or member.user_id or member.email}, member.user_id or member.email
    return {**shown, "userId": user_id} if user_id else shown


def speaker(member: Member) -> SpeakerRef:
    """Return {id, name, userId}."""
    return SpeakerRef(**speaker_json(member))
