"""The states of rows before and after an edit, as JSON that restores them exactly.

A state is an object with the columns of a row; null stands for a row that does not exist. Its key names the table and the row's id:
`message:5f0c…`. `number` of a message is no part of its state: the place of a message in the transcript is stored by its neighbour.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias, cast
from uuid import UUID

from django.db.models import Field, Model, QuerySet

from insights.models import (
    Bookmark,
    BookmarkReference,
    Conversation,
    Entity,
    Insight,
    Member,
    Message,
    Speaker,
    TopicReference,
    TrackerMatch,
)
from insights.snapshots import JsonObject, JsonValue

State: TypeAlias = JsonObject | None
States: TypeAlias = dict[str, State]

TABLES: dict[str, type[Model]] = {
    "conversation": Conversation,
    "member": Member,
    "speaker": Speaker,
    "message": Message,
    "insight": Insight,
    "entity": Entity,
    "match": TrackerMatch,
    "topic": TopicReference,
    "bookmark": Bookmark,
    "bookmark_message": BookmarkReference,
}
"""The tables that edits change. A row refers to rows of tables further up only, and of its own."""

DERIVED = frozenset({"entity", "match", "topic"})
"""Tables whose rows follow from messages. New ones may have replaced them since, which does not keep an edit from being undone."""

_COLUMNS = {"conversation": ("name", "metadata")}
_UNSTORED = {"conversation_id", "number"}


def table_of(row: Model) -> str:
    """Return the name of a row's table in keys."""
    return next(name for name, model in TABLES.items() if isinstance(row, model))


def key_of(row: Model) -> str:
    """Return the key of a row."""
    return f"{table_of(row)}:{row.pk}"


def split_key(key: str) -> tuple[str, str]:
    """Return table and id of a key."""
    table, _, identity = key.partition(":")
    return table, identity


def columns(table: str) -> list["Field[Any, Any]"]:
    """Return the columns that a state of a table has."""
    fields = TABLES[table]._meta.concrete_fields
    if table in _COLUMNS:
        return [field for field in fields if field.name in _COLUMNS[table]]
    unstored = _UNSTORED if table == "message" else _UNSTORED - {"number"}
    return [field for field in fields if not field.primary_key and field.attname not in unstored]


def state_of(row: Model) -> JsonObject:
    """Return the state of a row."""
    return {field.attname: _json(getattr(row, field.attname)) for field in columns(table_of(row))}


def states_of(rows: "QuerySet[Model]", only: Collection[str] = ()) -> States:
    """Return the states of rows by key, with these columns only if there are any: faster for thousands of rows."""
    if not only:
        return {key_of(row): state_of(row) for row in rows.all()}
    table = next(name for name, model in TABLES.items() if model is rows.model)
    return {f"{table}:{row.pop('pk')}": {name: _json(value) for name, value in row.items()} for row in rows.values("pk", *only)}


def apply_state(row: Model, state: Mapping[str, JsonValue]) -> None:
    """Set the columns of a row that a state has."""
    for field in columns(table_of(row)):
        if field.attname in state:
            setattr(row, field.attname, field.to_python(state[field.attname]))


def new_row(key: str, state: Mapping[str, JsonValue], conversation: Conversation) -> Model:
    """Return an unsaved row with the id of its key and the columns of its state."""
    table, identity = split_key(key)
    model = TABLES[table]
    row = model(pk=model._meta.pk.to_python(identity))
    if any(field.name == "conversation" for field in model._meta.concrete_fields):
        cast(Any, row).conversation = conversation
    apply_state(row, state)
    return row


def by_table(keys: Iterable[str]) -> dict[str, list[str]]:
    """Return the ids of keys by table, in the order of TABLES."""
    found: dict[str, list[str]] = {table: [] for table in TABLES}
    for key in keys:
        table, identity = split_key(key)
        if table in found:
            found[table].append(identity)
    return {table: ids for table, ids in found.items() if ids}


def difference(before: Mapping[str, State], after: Mapping[str, State]) -> tuple[States, States]:
    """Return the changed rows before and after: of a row in both only the changed columns."""
    old: States = {}
    new: States = {}
    for key in dict.fromkeys([*before, *after]):
        first, second = before.get(key), after.get(key)
        if first is None or second is None:
            if first is not second:
                old[key], new[key] = first, second
            continue
        changed = [column for column in second if first.get(column) != second[column]]
        if changed:
            old[key] = {column: first.get(column) for column in changed}
            new[key] = {column: second[column] for column in changed}
    return old, new


def _json(value: Any) -> JsonValue:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return cast(JsonValue, value)
