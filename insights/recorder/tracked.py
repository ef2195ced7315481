"""The trackers that a conversation uses: kept with it, so that words that a person corrects are searched for them, too."""

from collections.abc import Sequence

from insights import managed
from insights.analysis.trackers import Tracker
from insights.database import write_transaction
from insights.models import Conversation
from insights.recorder.event_log import clean, locked
from insights.snapshots import JsonObject

MOST_TRACKERS = 500
"""Trackers that are kept of those that speakers and imports bring."""


def add_trackers(conversation: Conversation, trackers: Sequence[Tracker], *, all_trackers: bool) -> list[str]:
    """Add what a speaker or an import uses to a locked conversation, which is not saved; return the changed fields.

    `trackers`: those of the request. One with the name of an earlier one replaces it.
    """
    changed = []
    if all_trackers and not conversation.all_trackers:
        conversation.all_trackers = True
        changed.append("all_trackers")
    known = {one["name"]: one for one in conversation.trackers}
    kept = list((known | {clean(one.name): _form(one) for one in trackers}).values())[:MOST_TRACKERS]
    if kept != conversation.trackers:
        conversation.trackers = kept
        changed.append("trackers")
    return changed


def use_trackers(conversation_id: int, trackers: Sequence[Tracker], *, all_trackers: bool) -> None:
    """Store that an import into a conversation uses trackers. Raises UnknownConversation."""
    with write_transaction():
        conversation = locked(conversation_id)
        changed = add_trackers(conversation, trackers, all_trackers=all_trackers)
        if changed:
            conversation.save(update_fields=changed)


def trackers_of(conversation: Conversation) -> tuple[Tracker, ...]:
    """Return the trackers that a conversation uses, as they are now."""
    brought = tuple(Tracker(one["name"], tuple(one["vocabulary"]), one["id"]) for one in conversation.trackers)
    if not conversation.all_trackers:
        return brought
    return managed.LiveSettings(trackers=managed.trackers_of(conversation.owner_id)).trackers_with(brought)


def _form(tracker: Tracker) -> JsonObject:
    return {"name": clean(tracker.name), "vocabulary": [clean(phrase) for phrase in tracker.vocabulary], "id": clean(tracker.id)}
