"""The events of an edit, made from the rows that it changed. Whatever shows a changed row is sent again, with the same id."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from insights.events import (
    BookmarkChanged,
    BookmarkDeleted,
    ConversationChanged,
    ConversationEvent,
    InsightDeleted,
    InsightReviewed,
    InsightsFound,
    MemberChanged,
    MemberJoined,
    MessageCorrected,
    MessageDeleted,
    MessagesMoved,
    TrackersMatched,
)
from insights.insight_kinds import KindName
from insights.models import Bookmark, BookmarkReference, Conversation, Insight, Member, Message, TrackerMatch
from insights.payloads import (
    bookmark_snapshot,
    insight_snapshot,
    iso,
    member_snapshot,
    message_snapshot,
    reviewed_insight_snapshot,
    tracker_snapshots,
)
from insights.recorder.edits.row_states import State, States, split_key
from insights.snapshots import InsightSnapshot, MessageSnapshot

_IDENTITY = frozenset({"name", "user_id", "email"})

MOST_SENT_AGAIN = 200
"""Messages, and insights, of one edit that are sent again: the latest. An event without words names the others or their member."""


def events_of(
    conversation: Conversation, old: States, new: States, places: States, by: str, *, again: bool = True
) -> Iterator[ConversationEvent]:
    """Yield the events of an edit, given the changed rows before and after it.

    `places` says behind which message a new one stands; `by` is the name of the user. `again`: whether messages and insights are sent
    again; if not, messages that have another member are only named.
    """
    changed = _Changed(old, new)
    if changed.ids("conversation"):
        yield ConversationChanged(str(conversation.id), conversation.name, dict(conversation.metadata), by)
    named = [*changed.ids("member", _IDENTITY), *(one for one in changed.ids("member") if changed.created("member", one))]
    for member in Member.objects.filter(id__in=named).order_by("joined_at", "id"):
        if (person := member_snapshot(member)) is not None:
            yield MemberJoined(person) if changed.created("member", str(member.id)) else MemberChanged(person, by)
    yield from _moved(conversation, changed, by, MOST_SENT_AGAIN if again else 0)
    if not again:
        return
    for message in _messages(conversation, changed):
        place = places.get(f"place:{message.id}") or {}
        yield MessageCorrected(message_snapshot(message, message.entities.all()), str(place.get("behind") or ""), by)
    added = [one for one in changed.ids("match") if changed.created("match", one)]
    matches = TrackerMatch.objects.filter(id__in=added, insight=None).select_related("message", "insight").order_by("offset", "id")
    if trackers := tracker_snapshots(matches):
        yield TrackersMatched(trackers)
    for insight in _insights(conversation, changed):
        if changed.created("insight", str(insight.id)):
            yield InsightsFound((insight_snapshot(insight),))
        else:
            yield InsightReviewed(reviewed_insight_snapshot(insight), by)
    for identity, state in changed.removed("insight"):
        kind, message_id = KindName(str(state["type"])), str(state["message_id"])
        yield InsightDeleted(InsightSnapshot(identity, kind, "", message_id, confidence=float(str(state["confidence"]))))
    for identity, state in changed.removed("message"):
        yield MessageDeleted(_emptied(identity, state))
    for bookmark in _bookmarks(conversation, changed):
        yield BookmarkChanged(bookmark_snapshot(bookmark, [one.message_id for one in bookmark.references.all()]), by)
    for identity, _ in changed.removed("bookmark"):
        yield BookmarkDeleted(identity, by)


class _Changed:
    """The changed rows of an edit."""

    def __init__(self, old: States, new: States) -> None:
        self._old, self._new = old, new

    def ids(self, table: str, columns: Iterable[str] = ()) -> list[str]:
        """Return the ids of rows that exist after the edit: all, or those that existed before with a change of one of the columns."""
        wanted = set(columns)
        found = []
        for key, state in self._new.items():
            name, identity = split_key(key)
            if name == table and state is not None and (not wanted or (self._old[key] is not None and wanted & state.keys())):
                found.append(identity)
        return found

    def created(self, table: str, identity: str) -> bool:
        """Return whether a row did not exist before the edit."""
        key = f"{table}:{identity}"
        return key in self._old and self._old[key] is None

    def removed(self, table: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Yield id and former state of the rows that the edit removed."""
        for key, state in self._new.items():
            name, identity = split_key(key)
            before: State = self._old[key]
            if name == table and state is None and before is not None:
                yield identity, before


def _moved(conversation: Conversation, changed: _Changed, by: str, most: int) -> Iterator[MessagesMoved]:
    """Yield the ids of all messages that have another member, by member, if there are more than `most`: too many to send them all again."""
    wanted = Q(id__in=changed.ids("message", {"speaker_id"})) | Q(speaker_id__in=changed.ids("speaker", {"member_id"}))
    found = Message.objects.filter(wanted, conversation=conversation).order_by("number")
    ids: dict[UUID | None, list[str]] = {}
    for message_id, member_id in found.values_list("id", "speaker__member_id"):
        ids.setdefault(member_id, []).append(str(message_id))
    if sum(map(len, ids.values())) <= most:
        return
    members = Member.objects.in_bulk([one for one in ids if one is not None])
    for person, theirs in ids.items():
        yield MessagesMoved(member_snapshot(members[person]) if person else None, tuple(theirs), by)


def _messages(conversation: Conversation, changed: _Changed) -> Iterator[Message]:
    """Yield the latest messages that are different: themselves, by their speaker or by their member."""
    wanted = Q(id__in=changed.ids("message")) | Q(speaker_id__in=changed.ids("speaker", {"member_id"}))
    wanted |= Q(speaker__member_id__in=changed.ids("member", _IDENTITY))
    found = Message.objects.filter(wanted, conversation=conversation).select_related("speaker__member")
    return reversed(found.prefetch_related("entities").order_by("-number")[:MOST_SENT_AGAIN])


def _bookmarks(conversation: Conversation, changed: _Changed) -> Iterator[Bookmark]:
    """Yield the bookmarks that are different: themselves, or by their messages."""
    references = BookmarkReference.objects.filter(id__in=changed.ids("bookmark_message")).values("bookmark_id")
    gone = [state["bookmark_id"] for _, state in changed.removed("bookmark_message")]
    wanted = Q(id__in=changed.ids("bookmark")) | Q(id__in=references) | Q(id__in=gone)
    return iter(Bookmark.objects.filter(wanted, conversation=conversation).prefetch_related("references").order_by("id"))


def _insights(conversation: Conversation, changed: _Changed) -> Iterator[Insight]:
    """Yield the latest insights that are different: themselves, by the speaker of their message or by a person's name."""
    members = changed.ids("member", _IDENTITY)
    wanted = Q(id__in=changed.ids("insight")) | Q(message_id__in=changed.ids("message", {"speaker_id"}))
    wanted |= Q(message__speaker_id__in=changed.ids("speaker", {"member_id"}))
    wanted |= Q(message__speaker__member_id__in=members) | Q(assignee_id__in=members)
    found = Insight.objects.filter(wanted, conversation=conversation).select_related("message__speaker__member", "assignee")
    return reversed(found.order_by("-message__number", "-type", "-id")[:MOST_SENT_AGAIN])


def _emptied(identity: str, state: Mapping[str, object]) -> MessageSnapshot:
    """Return the snapshot of a message that was removed: without words, and without a number, as what was said is in another message."""
    start, end = (iso(datetime.fromisoformat(str(state[name]))) for name in ("started_at", "ended_at"))
    return MessageSnapshot(identity, 0, "", None, start, end)
