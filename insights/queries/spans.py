"""When who spoke, and where messages are in their conversation: what a page needs of thousands of messages at once."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Max, Min, QuerySet

from insights.models import Bookmark, BookmarkReference, Conversation, Message, Speaker, TrackerMatch


class SpeechSpan(NamedTuple):
    """One message: its speaker, the speaker's member (None: unknown), when it was said, and its number."""

    speaker_id: UUID
    member_id: UUID | None
    started_at: datetime
    ended_at: datetime
    number: int

    @property
    def key(self) -> UUID:
        """What tells two people apart: the member, else the speaker."""
        return self.member_id or self.speaker_id


def speech_spans(conversation: Conversation) -> list[SpeechSpan]:
    """Return all messages in order, without their words."""
    rows = Message.objects.filter(conversation=conversation).order_by("number")
    return [SpeechSpan(*row) for row in rows.values_list("speaker_id", "speaker__member_id", "started_at", "ended_at", "number")]


def number_at(conversation: Conversation, seconds: float) -> int:
    """Return the number of the last message that began by this second; 0 without one."""
    begun = Message.objects.filter(conversation=conversation, started_at__lte=conversation.started_at + timedelta(seconds=seconds))
    return begun.aggregate(last=Max("number"))["last"] or 0


def message_places(conversation: Conversation, ids: Collection[str]) -> dict[str, Message]:
    """Return the messages with these ids by id, only with their numbers and offsets."""
    found = Message.objects.filter(conversation=conversation, id__in=ids).only("number", "offset_s")
    return {str(message.id): message for message in found}


def speakers_without_member(conversation: Conversation) -> QuerySet[Speaker]:
    """Return the speakers of whom it is not known who they are, in the order in which they first spoke."""
    return Speaker.objects.filter(conversation=conversation, member=None).order_by("number")


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
