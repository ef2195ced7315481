"""The substring index on titles, connection ids, member names and messages. `queries.substring_search` uses it.

PostgreSQL: trigram indexes (pg_trgm) on the columns themselves. SQLite: the table SEARCH_TEXT holds one row per text, the full-text table
SEARCH_INDEX its trigrams, and triggers keep both up to date with every write.
"""
# ruff: noqa: S608  # all SQL here is made of constants

from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.utils import DatabaseError

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SHORTEST = 3
"""Characters of a trigram; the index cannot find a shorter text."""

SEARCH_TEXT, SEARCH_INDEX = "insights_searchtext", "insights_search"

_TABLES = f"""
CREATE TABLE {SEARCH_TEXT} (
    id INTEGER PRIMARY KEY,
    conversation_id INTEGER NOT NULL,
    field TEXT NOT NULL,
    item TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (conversation_id, field, item)
);
CREATE VIRTUAL TABLE {SEARCH_INDEX} USING fts5(text, content='{SEARCH_TEXT}', content_rowid='id', tokenize='trigram');
"""
"""`field` is name, connection_id, member or message; `item` is the id of the member or message, empty for the others."""

_FILL = f"""
INSERT INTO {SEARCH_TEXT} (conversation_id, field, item, text)
    SELECT id, 'name', '', name FROM insights_conversation
    UNION ALL SELECT id, 'connection_id', '', connection_id FROM insights_conversation
    UNION ALL SELECT conversation_id, 'member', id, name FROM insights_member
    UNION ALL SELECT conversation_id, 'message', id, text FROM insights_message;
INSERT INTO {SEARCH_INDEX} ({SEARCH_INDEX}) VALUES ('rebuild');
"""

_ADD = f"INSERT INTO {SEARCH_TEXT} (conversation_id, field, item, text) VALUES"
_INDEX = f"INSERT INTO {SEARCH_INDEX} (rowid, text) VALUES (NEW.id, NEW.text)"
_UNINDEX = f"INSERT INTO {SEARCH_INDEX} ({SEARCH_INDEX}, rowid, text) VALUES ('delete', OLD.id, OLD.text)"


def _of_part(field: str) -> str:
    return f"conversation_id = OLD.conversation_id AND field = '{field}' AND item = OLD.id"


def _part_triggers(table: str, field: str, column: str) -> dict[str, str]:
    """Return the triggers of a table whose rows belong to a conversation."""
    return {
        f"{table}_search_insert": f"AFTER INSERT ON {table} BEGIN {_ADD} (NEW.conversation_id, '{field}', NEW.id, NEW.{column}); END",
        f"{table}_search_delete": f"AFTER DELETE ON {table} BEGIN DELETE FROM {SEARCH_TEXT} WHERE {_of_part(field)}; END",
        f"{table}_search_update": f"AFTER UPDATE OF {column}, conversation_id ON {table} BEGIN UPDATE {SEARCH_TEXT}"
        f" SET conversation_id = NEW.conversation_id, text = NEW.{column} WHERE {_of_part(field)}; END",
    }


def _conversation_update(column: str) -> str:
    return (
        f"AFTER UPDATE OF {column} ON insights_conversation BEGIN UPDATE {SEARCH_TEXT} SET text = NEW.{column}"
        f" WHERE conversation_id = NEW.id AND field = '{column}' AND item = ''; END"
    )


_TRIGGERS = {
    f"{SEARCH_TEXT}_insert": f"AFTER INSERT ON {SEARCH_TEXT} BEGIN {_INDEX}; END",
    f"{SEARCH_TEXT}_delete": f"AFTER DELETE ON {SEARCH_TEXT} BEGIN {_UNINDEX}; END",
    f"{SEARCH_TEXT}_update": f"AFTER UPDATE OF text ON {SEARCH_TEXT} BEGIN {_UNINDEX}; {_INDEX}; END",
    "insights_conversation_search_insert": f"AFTER INSERT ON insights_conversation BEGIN {_ADD} (NEW.id, 'name', '', NEW.name),"
    " (NEW.id, 'connection_id', '', NEW.connection_id); END",
    "insights_conversation_search_delete": "AFTER DELETE ON insights_conversation BEGIN"
    f" DELETE FROM {SEARCH_TEXT} WHERE conversation_id = OLD.id; END",
    "insights_conversation_search_name": _conversation_update("name"),
    "insights_conversation_search_connection_id": _conversation_update("connection_id"),
    **_part_triggers("insights_member", "member", "name"),
    **_part_triggers("insights_message", "message", "text"),
}

_POSTGRESQL = {
    "conversation_name_trigrams": "insights_conversation USING gin (upper(name) gin_trgm_ops)",
    "conversation_connection_trigrams": "insights_conversation USING gin (upper(connection_id) gin_trgm_ops)",
    "member_name_trigrams": "insights_member USING gin (upper(name) gin_trgm_ops)",
    "message_text_trigrams": "insights_message USING gin (upper(text) gin_trgm_ops)",
}
"""On `upper(column)`, because Django's `icontains` is `UPPER(column) LIKE UPPER(pattern)`."""


def install(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the index and fill it. Raises NotSupportedError, naming the requirement, if the database does not support it."""
    if schema_editor.connection.vendor == "postgresql":
        _install_on_postgresql(schema_editor)
        return
    try:
        _run(schema_editor, _TABLES)
    except DatabaseError as error:
        raise NotSupportedError(f"search needs SQLite 3.34 or newer with FTS5 and its trigram tokenizer: {error}") from error
    _run(schema_editor, _FILL)
    for name, body in _TRIGGERS.items():
        schema_editor.execute(f"CREATE TRIGGER {name} {body}", params=None)


def uninstall(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the index. The extension pg_trgm stays, as other applications may use it."""
    if schema_editor.connection.vendor == "postgresql":
        _run(schema_editor, ";".join(f"DROP INDEX {name}" for name in _POSTGRESQL))
        return
    _run(schema_editor, ";".join(f"DROP TRIGGER IF EXISTS {name}" for name in _TRIGGERS))
    _run(schema_editor, f"DROP TABLE {SEARCH_INDEX}; DROP TABLE {SEARCH_TEXT}")


def repair(using: str = DEFAULT_DB_ALIAS, **signal: Any) -> None:
    """Rebuild the index if triggers are missing after a migration: SQLite drops the triggers of a table that a migration recreates.

    The whole index is rebuilt because rows written without triggers are not in it. Does nothing if all triggers exist, or if there is no
    index.
    """
    from insights.models import vectors, word_index  # they have triggers on the same tables

    connection = connections[using]
    if connection.vendor != "sqlite" or SEARCH_TEXT not in connection.introspection.table_names():
        return
    triggers = _triggers_of(connection)
    if vectors.VECTORS in connection.introspection.table_names() and not vectors.TRIGGERS.keys() <= triggers:
        with connection.schema_editor() as schema_editor:
            vectors.install(schema_editor)
    if _TRIGGERS.keys() <= triggers:
        return
    words = word_index.WORDS in connection.introspection.table_names()
    with connection.schema_editor() as schema_editor:
        uninstall(schema_editor)
        install(schema_editor)
        if words:
            word_index.install(schema_editor)


def _install_on_postgresql(schema_editor: BaseDatabaseSchemaEditor) -> None:
    try:
        _run(schema_editor, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as error:
        raise NotSupportedError(
            "search needs PostgreSQL's extension pg_trgm, which this account may not create: run CREATE EXTENSION pg_trgm in this"
            f" database as its owner or as a superuser, then migrate again: {error}"
        ) from error
    for name, index in _POSTGRESQL.items():
        _run(schema_editor, f"CREATE INDEX {name} ON {index}")


def _triggers_of(connection: "BaseDatabaseWrapper") -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return {str(row[0]) for row in cursor.fetchall()}


def _run(schema_editor: BaseDatabaseSchemaEditor, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            schema_editor.execute(statement, params=None)
