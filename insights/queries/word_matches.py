"""Ranked matches in the word index (`models.word_index`): by BM25 on SQLite, by `ts_rank` on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from insights.models import Conversation
from insights.models.search import SEARCH_TEXT
from insights.models.word_index import WORDS
from insights.queries.search_terms import Term


@dataclass(frozen=True, slots=True)
class TextMatch:
    """One text that matches. `message_id` is None for a title or a member's name."""

    conversation_id: int
    message_id: UUID | None
    score: float = 0.0
    """The greater, the better; comparable within one search only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a text must have: all of `every`, at least one of `some` (if there are any), none of `none`."""

    every: Sequence[Term] = ()
    some: Sequence[Term] = ()
    none: Sequence[Term] = ()


def word_matches(visible: QuerySet[Conversation], wanted: Wanted, most: int, messages: QuerySet[Any] | None = None) -> list[TextMatch]:
    """Return the best matches among the texts of visible conversations, at most `most`.

    `messages`: values of message ids; only these messages are searched then, and no title or name. One query.
    """
    rows, values = _matching(wanted)
    within, ids = visible.values("pk").query.sql_with_params()
    conditions = [f"found.conversation_id IN ({within})"]
    values += ids
    if messages is not None:
        chosen, more = messages.query.sql_with_params()
        conditions.append(f"found.field = 'message' AND found.item IN ({chosen})")
        values += more
    rank = f"{_RANK[connection.vendor]} AS match_rank"
    matches = f"SELECT found.conversation_id, found.field, found.item, {rank}, found.id FROM {rows} AND {' AND '.join(conditions)}"  # noqa: S608  # placeholders only
    if connection.vendor == "sqlite":
        matches = _newest_first(matches)
    sql = f"{matches} ORDER BY match_rank, id DESC LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, most])
        return [TextMatch(row[0], UUID(str(row[2])) if row[1] == "message" else None, -row[3]) for row in cursor.fetchall()]


_PREFIX = " || ':*'"
_RANK = {"sqlite": f"bm25({WORDS})", "postgresql": "-ts_rank(found.words, wanted.query)"}
"""The smaller, the better. It is an expression of the result, and ordered by its name: the databases compute it once for each match."""


def _newest_first(matches: str) -> str:
    """Return a query of the same rows, which come from SQLite's word index with the newest first.

    Short messages often have the same rank, and the newest of them are wanted. In the index's own order each is better than the last of the
    best ones so far, and is sorted in; in this order each is dropped.
    """
    return f"SELECT * FROM ({matches} ORDER BY {WORDS}.rowid DESC LIMIT -1)"  # noqa: S608  # placeholders only; LIMIT keeps the order


def _matching(wanted: Wanted) -> tuple[str, list[Any]]:
    """Return the tables with the condition on the words, and its values."""
    if connection.vendor == "sqlite":
        tables = f"{WORDS} JOIN {SEARCH_TEXT} AS found ON found.id = {WORDS}.rowid"
        return f"{tables} WHERE {WORDS} MATCH %s AND found.field <> 'connection_id'", [_fts5(wanted)]
    query, values = _tsquery(wanted)
    return f"{WORDS} AS found, (SELECT {query} AS query) AS wanted WHERE found.words @@ wanted.query", values


def _fts5(wanted: Wanted) -> str:
    def one(term: Term) -> str:
        return f'"{" ".join(term.tokens)}"' + ("*" if term.prefix else "")  # tokens are letters and digits only

    parts = [one(term) for term in wanted.every]
    if wanted.some:
        parts.append(f"({' OR '.join(map(one, wanted.some))})")
    text = " AND ".join(parts)
    return f"({text}) NOT ({' OR '.join(map(one, wanted.none))})" if wanted.none else text


def _tsquery(wanted: Wanted) -> tuple[str, list[Any]]:
    values: list[Any] = []

    def one(term: Term) -> str:
        tokens = " || '<->' || ".join(["quote_literal(unaccent(%s))"] * len(term.tokens))
        values.extend(term.tokens)
        return f"to_tsquery('simple', {tokens}{_PREFIX if term.prefix else ''})"

    parts = [one(term) for term in wanted.every]
    if wanted.some:
        parts.append(f"({' || '.join(map(one, wanted.some))})")
    parts += [f"!!{one(term)}" for term in wanted.none]
    return " && ".join(parts), values
