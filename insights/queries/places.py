"""When who spoke, and where messages are in their conversation: what a page needs of thousands of messages at once."""

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import CharField, Max, Min, QuerySet
from django.db.models.functions import Cast, Coalesce

from insights.models import Bookmark, BookmarkReference, Conversation, Message, Speaker, TrackerMatch


class SpeechSpan(NamedTuple):
    """One message: who spoke (the id of the member, else that of the speaker), and start and end in seconds from the start."""

    person: UUID
    start: float
    end: float


def speech_spans(conversation: Conversation) -> list[SpeechSpan]:
    """Return when who spoke, in the order of the messages."""
    who = Coalesce(Cast("speaker__member_id", CharField()), Cast("speaker_id", CharField()))
    rows = Message.objects.filter(conversation=conversation).order_by("number").values_list(who, "offset_s", "duration_s")
    known: dict[str, UUID] = {}  # few people, so that few texts become UUIDs
    return [SpeechSpan(known.get(key) or known.setdefault(key, UUID(key)), start, start + length) for key, start, length in rows]


def number_at(conversation: Conversation, seconds: float) -> int:
    """Return the number of the last message that began by this second; 0 without one."""
    begun = Message.objects.filter(conversation=conversation, started_at__lte=conversation.started_at + timedelta(seconds=seconds))
    return begun.aggregate(last=Max("number"))["last"] or 0


def message_places(conversation: Conversation, ids: Collection[str]) -> dict[str, Message]:
    """Return the messages with these ids by id, only with their numbers and offsets."""
    found = Message.objects.filter(conversation=conversation, id__in=ids).only("number", "offset_s")
    return {str(message.id): message for message in found}


def speakers_of(conversation: Conversation) -> QuerySet[Speaker]:
    """Return the speakers in the order in which they first spoke."""
    return Speaker.objects.filter(conversation=conversation).order_by("number")


def bookmark_places(conversation: Conversation) -> list[tuple[Bookmark, float]]:
    """Return the bookmarks in the order of their beginning, each with that in seconds from the start. Two queries."""
    rows = list(Bookmark.objects.filter(conversation=conversation))
    named = BookmarkReference.objects.filter(bookmark__in=[row for row in rows if row.begin_s is None]).order_by()
    firsts = dict(named.values_list("bookmark_id").annotate(first=Min("message__offset_s")))
    places = [(row, firsts.get(row.pk, 0.0) if row.begin_s is None else row.begin_s) for row in rows]
    return sorted(places, key=lambda place: (place[1], place[0].pk))


def tracker_places(conversation: Conversation) -> list[tuple[str, float]]:
    """Return the name of the tracker and the place in seconds of each match in a message."""
    found = TrackerMatch.objects.filter(message__conversation=conversation, insight=None).order_by("message__number")
    return list(found.values_list("tracker_name", "message__offset_s"))
