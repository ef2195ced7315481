"""Who read the conversations of others as a reviewer. Owners see it on the page of the conversation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Count, Max
from django.utils import timezone

from insights.models import Conversation, Reading


@dataclass(frozen=True, slots=True)
class ReadBy:
    """How often somebody read a conversation, and when last."""

    name: str
    times: int
    last: datetime


def note_readings(conversations: Iterable[Conversation], reader_id: int, place: Reading.Place) -> None:
    """Store that a person read these conversations; their own are left out. One statement."""
    now = timezone.now()
    read = {one.pk for one in conversations if one.owner_id != reader_id}
    Reading.objects.bulk_create([Reading(conversation_id=pk, user_id=reader_id, place=place, at=now) for pk in sorted(read)])


def note_reading_once(conversation: Conversation, reader_id: int, place: Reading.Place, within: timedelta) -> None:
    """Store that a person read a conversation, unless they read it in the same place just before. One or two statements."""
    same = Reading.objects.filter(conversation=conversation, user_id=reader_id, place=place, at__gte=timezone.now() - within)
    if conversation.owner_id != reader_id and not same.exists():
        note_readings([conversation], reader_id, place)


def readers_of(conversation: Conversation) -> list[ReadBy]:
    """Return who read a conversation as a reviewer, the last one first. Two queries."""
    rows = Reading.objects.filter(conversation=conversation).order_by().values("user_id")
    counted = list(rows.annotate(times=Count("id"), last=Max("at")).order_by("-last"))
    people = {one.pk: one for one in User.objects.filter(pk__in=[row["user_id"] for row in counted if row["user_id"]])} if counted else {}
    return [ReadBy(_name(people.get(row["user_id"])), row["times"], row["last"]) for row in counted]


def _name(user: User | None) -> str:
    return (user.get_full_name() or user.get_username()) if user else "A deleted account"
