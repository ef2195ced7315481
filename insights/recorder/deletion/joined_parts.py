"""The times at which the parts of a joined message were said: between them others may have spoken."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, cast
from uuid import UUID

from insights.models import Change
from insights.recorder.edits.row_states import State, States
from insights.snapshots import JsonObject

Span = tuple[datetime, datetime]
_PREFIX = "message:"
_TIMES = ("started_at", "ended_at")
EDITS = (Change.Kind.MESSAGE_SPLIT, Change.Kind.MESSAGES_JOINED)


class SpokenRow(Protocol):
    """A message or a row of one."""

    @property
    def id(self) -> UUID | str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime: ...
    @property
    def words(self) -> Sequence[Mapping[str, object]]: ...


def parts_of(conversation_id: int, messages: Sequence[SpokenRow]) -> dict[str, list[Span]]:
    """Return start and end of each part of those of the messages that an edit joined of several, by id. One query.

    It follows from the edits, so it has to be called before a deletion empties them; a redaction leaves the times in them.
    """
    edits = list(Change.objects.filter(conversation_id=conversation_id, kind__in=EDITS).values_list("target", "before", "after"))
    found = {}
    for message in messages if edits else ():
        related = _related(str(message.id), edits)
        pauses = [pause for edit in edits if edit[0] in related and (pause := _pause(*edit)) is not None]
        parts = _without((message.started_at, message.ended_at), pauses)
        if len(parts) > 1:
            found[str(message.id)] = _merged([*parts, *_words(message)])
    return found


def times_only(before: States, after: States) -> States:
    """Return what `parts_of` needs of a split or a join, as its `before` with an empty `after`: it cannot be undone any more."""
    states = {key: before.get(key) for key in {**before, **after} if key.startswith(_PREFIX)}
    return {key: state and cast(JsonObject, {one: state[one] for one in _TIMES if one in state}) for key, state in states.items()}


def _related(message_id: str, edits: Iterable[tuple[str, States, States]]) -> set[str]:
    """Return the ids of the messages that are joined with a message or split from it, through any number of edits, and its own."""
    together = [{key.removeprefix(_PREFIX) for key in {*before, *after} if key.startswith(_PREFIX)} for _, before, after in edits]
    found = {message_id}
    while more := set().union(*(group for group in together if group & found)) - found:
        found |= more
    return found


def _pause(target: str, before: States, after: States) -> Span | None:
    """Return the time between the two messages that an edit joined; None for another edit, or if they follow each other."""
    gone = after or {key: None for key, state in before.items() if state is not None and key != f"{_PREFIX}{target}"}  # of `times_only`
    second = next((state for key, state in before.items() if key.startswith(_PREFIX) and key in gone and gone[key] is None), None)
    ended, began = _time(before.get(f"{_PREFIX}{target}"), "ended_at"), _time(second, "started_at")
    return (ended, began) if ended is not None and began is not None and ended < began else None


def _time(state: State, column: str) -> datetime | None:
    value = state.get(column) if state else None
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _words(message: SpokenRow) -> list[Span]:
    return [(datetime.fromisoformat(str(one["startTime"])), datetime.fromisoformat(str(one["endTime"]))) for one in message.words]


def _without(whole: Span, pauses: Iterable[Span]) -> list[Span]:
    """Return what is left of a time without pauses that lie inside of it."""
    parts = [whole]
    for start, end in pauses:
        parts = [
            piece
            for first, last in parts
            for piece in ([(first, start), (end, last)] if first <= start and end <= last else [(first, last)])
            if piece[0] < piece[1]
        ]
    return parts


def _merged(times: Iterable[Span]) -> list[Span]:
    """Return times in order, with those that overlap made one."""
    merged: list[Span] = []
    for start, end in sorted(times):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
