"""Experiences: pages of a conversation's summary that were requested over the API."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from insights.database import write_transaction
from insights.models import Experience
from insights.recorder.event_log import locked
from insights.recorder.types import RecorderError

MOST = 100
"""Experiences of one conversation; the oldest is replaced."""


class UnknownExperience(RecorderError):
    """The conversation has no experience with this id."""


@dataclass(frozen=True, slots=True)
class Look:
    """The look of an experience: colours as `#rrggbb` in lower case, and a font; empty: that of the portal."""

    background: str = ""
    topics_colour: str = ""
    insights_colour: str = ""
    font: str = ""


def add_experience(conversation_id: int, name: str, look: Look, expires_in_s: int | None) -> Experience:
    """Store an experience. The oldest ones beyond MOST are removed, as clients request a new one for each visit.

    Raises UnknownConversation.
    """
    now = timezone.now()
    with write_transaction():
        conversation = locked(conversation_id)
        own = Experience.objects.filter(conversation=conversation)
        newest = own.order_by("-created_at", "-id").values_list("id", flat=True)[: MOST - 1]
        own.exclude(id__in=list(newest)).delete()
        return Experience.objects.create(
            conversation=conversation,
            name=name,
            background=look.background,
            topics_colour=look.topics_colour,
            insights_colour=look.insights_colour,
            font=look.font,
            expires_at=now + timedelta(seconds=expires_in_s) if expires_in_s else None,
        )


def delete_experience(conversation_id: int, experience_id: int) -> None:
    """Delete an experience: its page is gone. Raises UnknownConversation and UnknownExperience."""
    with write_transaction():
        deleted, _ = Experience.objects.filter(conversation=locked(conversation_id), id=experience_id).delete()
    if not deleted:
        raise UnknownExperience(f"experience {experience_id} does not exist")
