"""The word index on titles, member names and messages, for ranked search. `queries.word_search` uses it.

SQLite: the full-text table WORDS over the texts of `models.search`, whose triggers fire its own. PostgreSQL: the table WORDS holds one row
per text with its `tsvector`, and triggers keep it up to date with every write. Both ignore case and accents and split texts at
punctuation; neither stems words, so that the index suits every language that separates words.
"""
# ruff: noqa: S608  # all SQL here is made of constants

from django.db import NotSupportedError, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.utils import DatabaseError

from insights.models.search import SEARCH_TEXT

WORDS = "insights_words"

BATCH = 2000
"""Rows that PostgreSQL indexes in one transaction of the migration."""

_INDEX = f"INSERT INTO {WORDS} (rowid, text) VALUES (NEW.id, NEW.text)"
_UNINDEX = f"INSERT INTO {WORDS} ({WORDS}, rowid, text) VALUES ('delete', OLD.id, OLD.text)"

SQLITE_TRIGGERS = {
    f"{WORDS}_insert": f"AFTER INSERT ON {SEARCH_TEXT} BEGIN {_INDEX}; END",
    f"{WORDS}_delete": f"AFTER DELETE ON {SEARCH_TEXT} BEGIN {_UNINDEX}; END",
    f"{WORDS}_update": f"AFTER UPDATE OF text ON {SEARCH_TEXT} BEGIN {_UNINDEX}; {_INDEX}; END",
}

_LONGEST = 100_000
"""Characters of a text that PostgreSQL indexes: a `tsvector` holds at most one megabyte."""

_PUNCTUATION = r"""!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~“”„«»‘’‚‹›…–—·•¿¡"""
"""PostgreSQL's parser would keep addresses and hyphenated words together."""

_WORDS_OF = f"""
CREATE FUNCTION insights_words_of(said text) RETURNS tsvector LANGUAGE sql STABLE AS $$
    SELECT to_tsvector('simple', unaccent(translate(left(said, {_LONGEST}), '{_PUNCTUATION}', repeat(' ', {len(_PUNCTUATION)}))))
$$
"""
_TABLE = f"""
CREATE TABLE {WORDS} (
    id bigserial PRIMARY KEY,
    conversation_id bigint NOT NULL,
    field text NOT NULL,
    item uuid NOT NULL UNIQUE,
    words tsvector NOT NULL
)
"""
"""`item` is the id of the member or message; for a title it is made of the conversation's id."""

_SOURCES = {
    "name": ("insights_conversation", "name", "{row}.id", "lpad(to_hex({row}.id), 32, '0')::uuid"),
    "member": ("insights_member", "name", "{row}.conversation_id", "{row}.id"),
    "message": ("insights_message", "text", "{row}.conversation_id", "{row}.id"),
}
"""For each field: its table and column, and the expressions of the conversation's id and of the item."""


def install(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create and fill the index, from the start after an interrupted attempt. Raises NotSupportedError, naming the requirement."""
    uninstall(schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        _install_on_postgresql(schema_editor)
        return
    columns = f"text, content='{SEARCH_TEXT}', content_rowid='id', tokenize='unicode61 remove_diacritics 2'"
    with transaction.atomic(schema_editor.connection.alias):
        schema_editor.execute(f"CREATE VIRTUAL TABLE {WORDS} USING fts5({columns})", params=None)
        schema_editor.execute(f"INSERT INTO {WORDS} ({WORDS}) VALUES ('rebuild')", params=None)
        for name, body in SQLITE_TRIGGERS.items():
            schema_editor.execute(f"CREATE TRIGGER {name} {body}", params=None)


def uninstall(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the index, if there is one. The extension unaccent stays, as other applications may use it."""
    if schema_editor.connection.vendor == "postgresql":
        for field, (table, *_) in _SOURCES.items():
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {WORDS}_{field} ON {table}", params=None)
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {WORDS}_{field}()", params=None)
        schema_editor.execute("DROP FUNCTION IF EXISTS insights_words_of(text)", params=None)
    else:
        for name in SQLITE_TRIGGERS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)
    schema_editor.execute(f"DROP TABLE IF EXISTS {WORDS}", params=None)


def _install_on_postgresql(schema_editor: BaseDatabaseSchemaEditor) -> None:
    try:
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS unaccent", params=None)
    except DatabaseError as error:
        raise NotSupportedError(
            "search needs PostgreSQL's extension unaccent, which this account may not create: run CREATE EXTENSION unaccent in this"
            f" database as its owner or as a superuser, then migrate again: {error}"
        ) from error
    schema_editor.execute(_WORDS_OF, params=None)
    schema_editor.execute(_TABLE, params=None)
    for field in _SOURCES:
        for statement in _triggers_on_postgresql(field):
            schema_editor.execute(statement, params=None)
    for field in _SOURCES:  # rows that are written meanwhile are indexed by the triggers
        _fill(schema_editor, field)
    schema_editor.execute(f"CREATE INDEX {WORDS}_words ON {WORDS} USING gin (words)", params=None)


def _triggers_on_postgresql(field: str) -> tuple[str, str]:
    table, column, conversation, item = _SOURCES[field]
    function = f"""
CREATE FUNCTION {WORDS}_{field}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM {WORDS} WHERE item = {item.format(row="OLD")};
    ELSE
        INSERT INTO {WORDS} (conversation_id, field, item, words)
            VALUES ({conversation.format(row="NEW")}, '{field}', {item.format(row="NEW")}, insights_words_of(NEW.{column}))
            ON CONFLICT (item) DO UPDATE SET conversation_id = EXCLUDED.conversation_id, words = EXCLUDED.words;
    END IF;
    RETURN NULL;
END $$
"""
    updates = column if field == "name" else f"{column}, conversation_id"
    trigger = (
        f"CREATE TRIGGER {WORDS}_{field} AFTER INSERT OR DELETE OR UPDATE OF {updates} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {WORDS}_{field}()"
    )
    return function, trigger


def _fill(schema_editor: BaseDatabaseSchemaEditor, field: str) -> None:
    """Index the rows of a table in batches, by their keys."""
    table, column, conversation, item = _SOURCES[field]
    last: int | str | None = None
    with schema_editor.connection.cursor() as cursor:
        while True:
            values: list[int | str | None] = [] if last is None else [last]
            after = "" if last is None else "WHERE id > %s"
            cursor.execute(f"SELECT max(id::text) FROM (SELECT id FROM {table} {after} ORDER BY id LIMIT {BATCH}) AS batch", values)
            found = cursor.fetchone()
            if found is None or found[0] is None:
                return
            upto = int(found[0]) if field == "name" else found[0]
            cursor.execute(
                f"INSERT INTO {WORDS} (conversation_id, field, item, words)"
                f" SELECT {conversation.format(row='source')}, '{field}', {item.format(row='source')}, insights_words_of(source.{column})"
                f" FROM {table} AS source {after or 'WHERE true'} AND id <= %s ON CONFLICT (item) DO NOTHING",
                [*values, upto],
            )
            last = upto
