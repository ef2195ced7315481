"""Search for parts of words in titles, member names and messages, by the index of `models.search`; `queries.word_search` finds words.

Case-insensitive. A text of fewer than SHORTEST characters is searched in titles and names only, as the trigram index cannot find it,
unless it has non-ASCII characters: in some scripts one or two characters are a word.
"""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.text import smart_split, unescape_string_literal

from insights.models import Conversation, Member, Message
from insights.models.search import SEARCH_INDEX, SEARCH_TEXT, SHORTEST
from insights.queries.search_terms import LONGEST_SEARCH

MOST_SEARCH_WORDS = 8

_MATCHING = f"id IN (SELECT rowid FROM {SEARCH_INDEX} WHERE {SEARCH_INDEX} MATCH %s)"  # noqa: S608  # constants


def search_texts(search: str) -> list[str]:
    """Return the texts to search for, at most MOST_SEARCH_WORDS, split as Django's admin does: words, and phrases in quotation marks."""
    texts = []
    for word in smart_split(search[:LONGEST_SEARCH].replace("\x00", " ")):
        quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"
        texts.append(unescape_string_literal(word) if quoted else word)
    return [text for text in texts if text][:MOST_SEARCH_WORDS]


def with_texts(conversations: QuerySet[Conversation], texts: Iterable[str], *, connection_ids: bool = False) -> QuerySet[Conversation]:
    """Return the conversations that contain every text; `connection_ids` adds the connection id to the searched fields."""
    for text in texts:
        conversations = conversations.filter(_anywhere(text, connection_ids))
    return conversations


def containing(text: str) -> Q:
    """Return the condition for messages that contain a text. Without its visible conversations it is not scoped to a user."""
    if not _indexed(text):
        return Q(text__icontains=text)
    sql = f"SELECT item FROM {SEARCH_TEXT} WHERE {_MATCHING} AND +field = 'message'"  # noqa: S608
    return Q(pk__in=RawSQL(sql, [_phrase(text)]))  # noqa: S611  # placeholders only


def _anywhere(text: str, connection_ids: bool) -> Q:
    if _indexed(text):
        return Q(pk__in=_conversations_with(text, connection_ids))
    places = [
        Conversation.objects.filter(name__icontains=text).order_by().values("pk"),
        Member.objects.filter(name__icontains=text).order_by().values("conversation_id"),
    ]
    if connection_ids:
        places.append(Conversation.objects.filter(connection_id__icontains=text).order_by().values("pk"))
    if _searches_messages(text):
        places.append(Message.objects.filter(text__icontains=text).order_by().values("conversation_id"))
    return Q(pk__in=places[0].union(*places[1:]))  # with OR, PostgreSQL would not use the indexes on titles and connection ids


def _conversations_with(text: str, connection_ids: bool) -> RawSQL:
    fields = "" if connection_ids else " AND field <> 'connection_id'"
    return RawSQL(f"SELECT conversation_id FROM {SEARCH_TEXT} WHERE {_MATCHING}{fields}", [_phrase(text)])  # noqa: S608, S611


def _indexed(text: str) -> bool:
    """Return whether to query SQLite's full-text table. On PostgreSQL, plain conditions use the trigram indexes."""
    return connection.vendor == "sqlite" and len(text) >= SHORTEST


def _searches_messages(text: str) -> bool:
    return len(text) >= SHORTEST or not text.isascii()


def _phrase(text: str) -> str:
    """Return a text quoted as an FTS5 phrase."""
    return '"' + text.replace('"', '""') + '"'
