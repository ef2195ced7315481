"""Undo a change: restore the rows that it changed, unless somebody changed the same fields since."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError

from insights.database import write_transaction
from insights.models import Change, Insight, LiveSession, Member, Message, Speaker, Topic
from insights.payloads import StoredEvent
from insights.recorder.edits.changes import Edit, Edited
from insights.recorder.edits.pieces import pieces_of
from insights.recorder.edits.row_states import DERIVED, TABLES, State, States, apply_state, by_table, columns, new_row, split_key
from insights.recorder.edits.speaker_edits import BATCH, PAUSE_S
from insights.recorder.event_log import locked
from insights.recorder.types import ChangeConflict, NotTheAuthor, UnknownChange

_OWN = frozenset({"message", "insight", "bookmark"})
"""Tables whose created rows must be as the change left them; others that it created (members, speakers) may be in use by now."""


def undo(change_id: int, user_id: int) -> Edited:
    """Undo a change, as a change of its own. An undone change can be made again by undoing the undoing.

    A name that a voice profile gave can be undone by any user who may edit. Raises UnknownChange, NotTheAuthor if another user made it,
    and ChangeConflict if it is undone already, or if one of its fields was changed since or its rows were deleted.
    """
    try:
        return _undo(change_id, user_id)
    except IntegrityError:  # another row has the former name, or a row that this one refers to was deleted
        raise ChangeConflict(f"change {change_id} cannot be undone: what it changed no longer fits what was stored since") from None


def _undo(change_id: int, user_id: int) -> Edited:
    with write_transaction():
        change = _change(change_id)
        edit = Edit(locked(change.conversation_id), user_id)
        change = _change(change_id)
        if change.user_id != user_id and not change.by_profile:
            raise NotTheAuthor(f"change {change_id}: only its author can undo it")
        if not change.after:
            raise ChangeConflict(f"change {change_id} cannot be undone: what it changed was deleted")
        if change.kind != Change.Kind.SPEAKERS or len(change.after) <= BATCH:
            _refuse_again(change)
            _check(change, _current(edit, change, change.after))
            _Restoring(edit, change, change.after).restore()
            return edit.store(Change.Kind(change.kind), change.target, change)
    return _undo_in_batches(change, user_id)


def _undo_in_batches(change: Change, user_id: int) -> Edited:
    """Undo a large change in short transactions, as one change that after each of them says what was restored so far.

    If it is interrupted, the same call continues it. What is changed or deleted while it runs stays as it is then.
    """
    undoing = Change.objects.filter(undoes=change).first()
    all_keys = sorted(change.after, key=lambda key: _phase(change, key))
    states = _current(Edit(change.conversation, user_id), change, all_keys)
    if undoing is None:
        _check(change, states)
    else:
        all_keys = [key for key in all_keys if key not in undoing.after]
        if Change.objects.filter(undoes=undoing).exists() or not any(_is_open(change, key, states.get(key)) for key in all_keys):
            raise _undone(change, undoing)
    events: list[StoredEvent] = []
    for piece in pieces_of(all_keys, BATCH):
        with write_transaction():
            edit = Edit(locked(change.conversation_id), user_id)
            if undoing is None:
                _refuse_again(change)
                undoing = edit.new_change(Change.Kind(change.kind), change.target, change)
            states = _current(edit, change, piece.items)
            left = [key for key in piece.items if _as_left(split_key(key)[0], change.before[key], change.after[key], states.get(key))]
            _Restoring(edit, change, left).restore()
            events += edit.store_batch(undoing, again=piece.again)
        time.sleep(PAUSE_S)
    return Edited(undoing.pk if undoing else None, events)


def _refuse_again(change: Change) -> None:
    later = Change.objects.filter(undoes=change).first()
    if later is not None:
        raise _undone(change, later)


def _undone(change: Change, by: Change) -> ChangeConflict:
    return ChangeConflict(f"change {change.pk} is undone already, by change {by.pk}")


def _phase(change: Change, key: str) -> int:
    """Return when a row is restored: rows that others refer to are created first and removed last."""
    if change.after[key] is None:
        return 0
    return 1 if change.before[key] is not None else 2


def _is_open(change: Change, key: str, now: State) -> bool:
    """Return whether an interrupted undoing has left a message as it was."""
    table, _ = split_key(key)
    return table == "message" and now is not None and _as_left(table, change.before[key], change.after[key], now)


def _current(edit: Edit, change: Change, keys: Iterable[str]) -> States:
    """Watch the rows of a change that have these keys; return their present states."""
    for table, ids in by_table(keys).items():
        if table == "conversation":
            edit.watch_conversation()
        for only, some in _by_columns(change, table, ids).items() if table != "conversation" else ():
            edit.watch(TABLES[table]._default_manager.filter(pk__in=some), only=only)
    return edit.current(dict.fromkeys(keys))


def _by_columns(change: Change, table: str, ids: list[str]) -> dict[tuple[str, ...], list[str]]:
    """Return the ids of rows by the columns that were changed; by none for rows that were created or removed."""
    found: dict[tuple[str, ...], list[str]] = {}
    for one in ids:
        before, after = change.before[f"{table}:{one}"], change.after[f"{table}:{one}"]
        found.setdefault(() if before is None or after is None else tuple(sorted(after)), []).append(one)
    return found


def _change(change_id: int) -> Change:
    found = Change.objects.filter(pk=change_id).first()
    if found is None:
        raise UnknownChange(f"change {change_id} does not exist")
    return found


def _check(change: Change, current: States) -> None:
    for key, after in change.after.items():
        table, _ = split_key(key)
        if table in TABLES and table not in DERIVED and not _as_left(table, change.before[key], after, current.get(key)):
            raise _conflict(change, key)


def _as_left(table: str, before: State, after: State, now: State) -> bool:
    """Return whether a row is as the change left it."""
    if after is None or now is None:
        return after is now
    if before is None and table not in _OWN:
        return True
    return all(now.get(column) == value for column, value in after.items())


def _conflict(change: Change, key: str) -> ChangeConflict:
    """Return the error for a row that is different by now. It names the change that was made since, if there is one."""
    table, _ = split_key(key)
    text = f"change {change.pk} cannot be undone: the {table} was changed or deleted since"
    undone = Change.objects.filter(conversation=change.conversation_id).exclude(undoes=None).values("undoes_id")
    since = Change.objects.filter(conversation=change.conversation_id, pk__gt=change.pk, undoes=None).exclude(pk__in=undone)
    for newer in since.order_by("-pk")[:200]:
        if key in newer.after:
            return ChangeConflict(f"{text}; undo change {newer.pk} first")
    return ChangeConflict(text)


class _Restoring:
    """Puts the rows of a change back, in an order in which no row refers to one that does not exist."""

    def __init__(self, edit: Edit, change: Change, keys: Iterable[str]) -> None:
        self._edit = edit
        self._before: States = change.before
        self._after: States = {key: change.after[key] for key in keys}

    def restore(self) -> None:
        """Create what was removed, restore what was changed, then remove what was created."""
        for table, ids in by_table(self._after).items():
            self._create(table, [one for one in ids if self._after[f"{table}:{one}"] is None])
            self._update(table, [one for one in ids if self._kept(f"{table}:{one}")])
        for table, ids in reversed(by_table(self._after).items()):
            self._remove(table, [one for one in ids if self._before[f"{table}:{one}"] is None])

    def _kept(self, key: str) -> bool:
        return self._before[key] is not None and self._after[key] is not None

    def _state(self, table: str, identity: str) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], self._before[f"{table}:{identity}"])

    def _create(self, table: str, ids: list[str]) -> None:
        rows = [new_row(f"{table}:{one}", self._state(table, one), self._edit.conversation) for one in ids]
        if table == "message":
            for message in rows:
                self._insert(cast(Message, message))
            return
        if table == "topic":
            known = {str(pk) for pk in Topic.objects.filter(conversation=self._edit.conversation).values_list("pk", flat=True)}
            rows = [row for row in rows if str(cast(Any, row).topic_id) in known]
        TABLES[table]._default_manager.bulk_create(rows, ignore_conflicts=table in DERIVED)

    def _insert(self, message: Message) -> None:
        place = cast(Mapping[str, Any], self._before.get(f"place:{message.id}") or {})
        behind = Message.objects.filter(id=str(place["behind"])).first() if place.get("behind") else None
        if behind is None and place.get("behind"):  # it was deleted: behind the last one that was said before
            said = Message.objects.filter(conversation=self._edit.conversation, started_at__lte=message.started_at)
            behind = said.order_by("-number").first()
        self._edit.insert(message, behind, int(place.get("distance") or 1))

    def _update(self, table: str, ids: list[str]) -> None:
        if table == "conversation":
            for one in ids:
                apply_state(self._edit.conversation, self._state(table, one))
            return
        same: dict[str, list[str]] = {}
        for one in ids:
            same.setdefault(json.dumps(self._state(table, one)), []).append(one)
        fields = {field.attname: field for field in columns(table)}
        for text, rows in same.items():  # one statement for all rows with the same values, such as those of one speaker
            values = {column: fields[column].to_python(value) for column, value in json.loads(text).items()}
            TABLES[table]._default_manager.filter(pk__in=rows).update(**values)

    def _remove(self, table: str, ids: list[str]) -> None:
        rows = TABLES[table]._default_manager.filter(pk__in=ids)
        if table == "message":
            if Insight.objects.filter(message_id__in=ids).exclude(pk__in=by_table(self._after).get("insight", [])).exists():
                raise ChangeConflict("the message has insights that were added since; delete them first")
            for message in Message.objects.filter(pk__in=ids):
                self._edit.remove(message)
        elif table == "speaker":
            rows.exclude(pk__in=Message.objects.filter(speaker_id__in=ids).values("speaker_id")).delete()
        elif table == "member":
            rows.exclude(pk__in=_used_members([UUID(one) for one in ids])).delete()
        else:
            rows.delete()


def _used_members(ids: list[UUID]) -> set[UUID]:
    """Return which of these members speak, are connected, have tasks, or were merged with others."""
    uses = (
        Speaker.objects.filter(member_id__in=ids).values_list("member_id", flat=True),
        LiveSession.objects.filter(member_id__in=ids).values_list("member_id", flat=True),
        Insight.objects.filter(assignee_id__in=ids).values_list("assignee_id", flat=True),
        Member.objects.filter(merged_into_id__in=ids).values_list("merged_into_id", flat=True),
    )
    return {identity for use in uses for identity in use if identity is not None}
