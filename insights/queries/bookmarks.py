"""The bookmarks of a conversation, each with its messages, and summaries of those messages."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from insights.analysis import Topic, summarise
from insights.analysis.text.supported_languages import knows
from insights.models import Bookmark, BookmarkReference, Conversation, Experience, Message
from insights.models import Topic as TopicRow

SENTENCES = 5
"""Sentences of the summary of a bookmark."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A message of a bookmark."""

    id: UUID
    text: str
    offset_s: float
    duration_s: float
    started_at: datetime
    ended_at: datetime


def bookmark_of(conversation: Conversation, bookmark_id: int) -> Bookmark | None:
    """Return a bookmark of the conversation."""
    return Bookmark.objects.filter(conversation=conversation, id=bookmark_id).first()


def bookmarks_of(conversation: Conversation) -> list[Bookmark]:
    """Return the bookmarks, oldest first."""
    return list(Bookmark.objects.filter(conversation=conversation).order_by("created_at", "id"))


def marked_messages(conversation: Conversation, bookmarks: Collection[Bookmark]) -> dict[int, list[Marked]]:
    """Return the messages of each bookmark by its id, in order: those that it names, or those that touch its stretch of time.

    Two queries for any number of bookmarks.
    """
    found: dict[int, list[Marked]] = defaultdict(list)
    named = BookmarkReference.objects.filter(bookmark__in=[one for one in bookmarks if one.begin_s is None])
    fields = [f"message__{field}" for field in Marked.__slots__]
    for bookmark_id, *values in named.order_by("message__number").values_list("bookmark_id", *fields):
        found[bookmark_id].append(Marked(*values))
    spans = {one.id: (one.begin_s, one.begin_s + (one.duration_s or 0)) for one in bookmarks if one.begin_s is not None}
    if spans:
        rows = Message.objects.filter(conversation=conversation, offset_s__lte=max(end for _, end in spans.values()))
        messages = sorted((Marked(*values) for values in rows.values_list(*Marked.__slots__)), key=lambda one: one.offset_s)
        offsets = [one.offset_s for one in messages]
        longest = max((one.duration_s for one in messages), default=0.0)
        for bookmark_id, (begin, end) in spans.items():
            near = messages[bisect_left(offsets, begin - longest) : bisect_right(offsets, end)]
            found[bookmark_id] = [one for one in near if one.offset_s + one.duration_s >= begin]
    return found


def summaries(conversation: Conversation, bookmarks: Sequence[Bookmark]) -> Iterator[tuple[Bookmark, list[Marked]]]:
    """Yield each bookmark with the messages that summarise it; none in a language that is not analysed. Three queries."""
    if not knows(conversation.language):
        yield from ((one, []) for one in bookmarks)
        return
    rows = TopicRow.objects.filter(conversation=conversation).order_by("-score", "text").values_list("text", "score", "sentiment")
    topics = [Topic(text, score, (), sentiment) for text, score, sentiment in rows]
    marked = marked_messages(conversation, bookmarks)
    for one in bookmarks:
        yield one, _summary(marked[one.id], topics)


def experience_of(conversation: Conversation, experience_id: int, now: datetime) -> Experience | None:
    """Return an experience of the conversation that has not expired."""
    found = Experience.objects.filter(conversation=conversation, id=experience_id).first()
    return None if found is None or (found.expires_at is not None and found.expires_at <= now) else found


def _summary(messages: Sequence[Marked], topics: Iterable[Topic]) -> list[Marked]:
    return [messages[place] for place in summarise([one.text for one in messages], list(topics), SENTENCES)]
