"""Remove from changes what a deletion or redaction removed from the tables. Used only inside the recorder."""

from collections.abc import Collection, Mapping
from typing import cast

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from insights.models import Change
from insights.recorder.deletion.joined_parts import EDITS, times_only
from insights.recorder.edits.row_states import State, States, split_key

_BATCH = 100
_TEXTS_OF_OTHERS = frozenset(EDITS)
"""Kinds of changes in which the states of one message have words of another."""


def empty_changes(conversation_id: int, ids: Collection[str], *, persons: bool = False) -> int:
    """Remove the states of deleted rows from all changes that name one of their ids; return how many changes were different.

    A change of such a row, or one that split or joined it, is emptied whole and cannot be undone any more. `persons`: the ids are texts
    that name members, also in the states of other rows, so that every change that has one of them is emptied. The conversation must be
    locked.
    """
    if not ids:
        return 0
    texts = {"old": Cast("before", TextField()), "new": Cast("after", TextField())}
    named = Q()
    for one in ids:
        named |= Q(target=one) | Q(old__contains=one) | Q(new__contains=one)
    changes = list(Change.objects.filter(conversation_id=conversation_id).annotate(**texts).filter(named))
    for change in changes:
        if persons or change.target in ids or change.kind in _TEXTS_OF_OTHERS:
            change.before, change.after = {}, {}
        else:
            change.before, change.after = (_without(states, set(ids)) for states in (change.before, change.after))
    Change.objects.bulk_update(changes, ["before", "after"], batch_size=_BATCH)
    return len(changes)


def empty_all_changes(conversation_id: int) -> int:
    """Empty all changes of a conversation, as after a redaction of its stored text; return how many there are.

    Of splits and joins the times of the messages are left: they tell where the words of a joined message are in the audio.
    """
    changes = Change.objects.filter(conversation_id=conversation_id)
    edits = list(changes.filter(kind__in=EDITS))
    for change in edits:
        change.before, change.after = times_only(change.before, change.after), {}
    Change.objects.bulk_update(edits, ["before", "after"], batch_size=_BATCH)
    return changes.exclude(kind__in=EDITS).update(before={}, after={}) + len(edits)


def _without(states: Mapping[str, State], ids: Collection[str]) -> States:
    """Return the states without the rows with these ids and the rows that refer to them."""
    return {key: state for key, state in states.items() if split_key(key)[1] not in ids and not _refers(state, ids)}


def _refers(state: State, ids: Collection[str]) -> bool:
    values = cast(Mapping[str, object], state or {}).values()
    return any(isinstance(value, str) and value in ids for value in values)
