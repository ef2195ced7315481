"""Read long lists in batches with keyset pagination: each batch is a query for the rows after the last row of the batch before it.

No cursor and no transaction is open between two batches. A row that changes meanwhile is read in its old or its new state; a row whose
key does not change is read exactly once.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple, TypedDict, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from insights.models import Conversation, Member, Topic, TopicReference
from insights.queries.plain_rows import in_utc, json_object, plain_rows
from insights.snapshots import JsonObject

Row = TypeVar("Row")

BATCH = 100
"""Rows of a batch by default."""
MOST_MEMBERS = 2000
MOST_REFERENCES = 5000
"""Related rows of one batch that are read with one query; more are read in batches of their own."""


def in_batches(
    rows: QuerySet[Any, Row],
    *key: str,
    after: object = None,
    skip: int = 0,
    most: int | None = None,
    size: int = BATCH,
    read: Callable[[QuerySet[Any, Row]], list[Row]] = list,
) -> Iterator[list[Row]]:
    """Yield batches of rows in the order of the fields `key`, whose values together must be unique. `-` before all of them: descending.

    `read` returns the rows of a query.
    Starts after the row `after` (of the same type as the rows) or, without it, after `skip` rows; ends after `most` rows.
    """
    ordered = rows.order_by(*key)
    while most is None or most > 0:
        wanted = size if most is None else min(size, most)
        batch = read(ordered[skip : skip + wanted] if after is None else ordered.filter(_after(key, after))[:wanted])
        if batch:
            yield batch
        if len(batch) < wanted:
            return
        after, most = batch[-1], None if most is None else most - len(batch)


def _after(key: tuple[str, ...], row: object) -> Q:
    """Return the condition for rows after this one. Its first part is redundant and lets the database use an index range."""
    fields = [field.removeprefix("-") for field in key]
    values = [_value(row, field) for field in fields]
    operator = "lt" if key[0].startswith("-") else "gt"
    if len(fields) == 1:
        return Q(**{f"{fields[0]}__{operator}": values[0]})
    same = [Q(**dict(zip(fields[:place], values, strict=False))) for place in range(len(fields))]
    steps = [same[place] & Q(**{f"{fields[place]}__{operator}": values[place]}) for place in range(len(fields))]
    return Q(**{f"{fields[0]}__{operator}e": values[0]}) & reduce(or_, steps)


def _value(row: object, field: str) -> object:
    if isinstance(row, Mapping):
        return in_utc(row[field]) if isinstance(row[field], datetime) else row[field]
    return reduce(getattr, field.split("__"), row)


class ConversationValues(TypedDict):
    """The columns CONVERSATION_COLUMNS of a conversation; cheaper than a model object, of which a list would make thousands.

    Times are in UTC, on SQLite without their zone: see `utc_text`.
    """

    id: int
    type: str
    name: str
    started_at: datetime
    ended_at: datetime | None
    metadata: JsonObject


CONVERSATION_COLUMNS = ("id", "type", "name", "started_at", "ended_at", "metadata")
CONVERSATIONS_BATCH = 200


def conversations_in_batches(
    conversations: QuerySet[Conversation], *, descending: bool, after: Conversation | None, skip: int, most: int
) -> Iterator[list[ConversationValues]]:
    """Yield batches of conversations by their start. See `in_batches`."""
    sign = "-" if descending else ""
    rows, key = conversations.values_list(*CONVERSATION_COLUMNS), (f"{sign}started_at", f"{sign}id")
    return in_batches(rows, *key, after=after, skip=skip, most=most, size=CONVERSATIONS_BATCH, read=_conversation_values)


def _conversation_values(rows: QuerySet[Any, Any]) -> list[ConversationValues]:
    return [
        {  # in the order of CONVERSATION_COLUMNS
            "id": identity,
            "type": kind,
            "name": name,
            "started_at": start,
            "ended_at": end,
            "metadata": json_object(metadata),
        }
        for identity, kind, name, start, end, metadata in plain_rows(rows)
    ]


class MemberValues(NamedTuple):
    """The values of a member; `id` as the database gives it (see `dashed`)."""

    conversation_id: int
    id: UUID | str
    user_id: str
    name: str
    email: str


def members_in_batches(
    conversations: Collection[ConversationValues],
) -> Iterator[tuple[ConversationValues, list[MemberValues], bool]]:
    """Yield (conversation, members, whether they are its last ones) in the given order, members in the order of joining.

    One query if the conversations have at most MOST_MEMBERS members together.
    """
    together = _members_of([one["id"] for one in conversations])
    if len(together) <= MOST_MEMBERS:
        by_conversation: dict[int, list[MemberValues]] = defaultdict(list)
        for member in map(MemberValues._make, together):
            by_conversation[member.conversation_id].append(member)
        for one in conversations:
            yield one, by_conversation[one["id"]], True
        return
    del together
    for one in conversations:
        members = Member.objects.filter(conversation_id=one["id"], merged_into=None).only("joined_at", *MemberValues._fields)
        for batch in in_batches(members, "joined_at", "id", size=MOST_MEMBERS // 4):
            yield one, [MemberValues(one["id"], row.pk, row.user_id, row.name, row.email) for row in batch], False
        yield one, [], True


def _members_of(conversation_ids: list[int]) -> list[tuple[Any, ...]]:
    """Return up to MOST_MEMBERS + 1 rows of MemberValues.

    The ids are one parameter, because building the query takes most time with 200. On PostgreSQL they are an array: it reads a subquery of
    JSON again for each row of the table.
    """
    table = Member._meta.db_table
    ids: str | list[int]
    if connection.vendor == "sqlite":
        chosen, ids = "IN (SELECT value FROM json_each(%s))", json.dumps(conversation_ids)
    else:
        chosen, ids = "= ANY(%s)", conversation_ids
    sql = (
        f"SELECT {', '.join(MemberValues._fields)} FROM {table} WHERE conversation_id {chosen} AND merged_into_id IS NULL"  # noqa: S608
        " ORDER BY conversation_id, joined_at, id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids, MOST_MEMBERS + 1])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def topics_in_batches(topics: QuerySet[Topic], after: Topic | None, most: int | None) -> Iterator[list[Topic]]:
    """Yield batches of topics, strongest first. Scores may change meanwhile, so the order is fixed when the second batch is read."""
    identities = None
    if after is not None:
        identities = list(topics.values_list("id", flat=True))
        identities = identities[identities.index(after.pk) + 1 :] if after.pk in identities else []
    else:
        first = list(topics[: BATCH if most is None else min(BATCH, most)])
        if first:
            yield first
        if len(first) < BATCH:
            return
        sent = {topic.pk for topic in first}
        identities = [identity for identity in topics.values_list("id", flat=True) if identity not in sent]
        most = None if most is None else most - len(first)
    identities = identities[:most]
    for place in range(0, len(identities), BATCH):
        wanted = identities[place : place + BATCH]
        rows = topics.model.objects.in_bulk(wanted)
        yield [rows[identity] for identity in wanted if identity in rows]


def references_in_batches(topics: Collection[Topic]) -> Iterator[tuple[Topic, list[str], bool]]:
    """Yield (topic, ids of its messages, whether they are its last ones) in the given order."""
    found = TopicReference.objects.filter(topic__in=topics)
    together = list(found.order_by("id").values_list("topic_id", "message_id")[: MOST_REFERENCES + 1])
    if len(together) <= MOST_REFERENCES:
        by_topic: dict[UUID, list[str]] = defaultdict(list)
        for topic_id, message_id in together:
            by_topic[topic_id].append(str(message_id))
        for topic in topics:
            yield topic, by_topic[topic.pk], True
        return
    del together
    for topic in topics:
        for batch in in_batches(TopicReference.objects.filter(topic=topic).values("id", "message_id"), "id", size=MOST_REFERENCES // 5):
            yield topic, [str(one["message_id"]) for one in batch], False
        yield topic, [], True


def topic_families(conversation: Conversation) -> Iterator[tuple[Topic, list[str], bool]]:
    """Yield (topic, ids of messages, whether they are its last ones) for each topic without a broader one, strongest first.

    The messages are those of the topic, then those of its narrower topics; each once.
    """
    topics = list(Topic.objects.filter(conversation=conversation).order_by("-score", "text"))
    stored = {topic.text for topic in topics}
    narrower: dict[str, list[Topic]] = defaultdict(list)
    for topic in topics:
        narrower[topic.parent_text].append(topic)
    roots = [topic for topic in topics if topic.parent_text not in stored]
    for place in range(0, len(roots), BATCH):
        families = [(root, _family(root, narrower)) for root in roots[place : place + BATCH]]
        members = references_in_batches([one for _, family in families for one in family])
        for root, family in families:
            seen: set[str] = set()
            left = len(family)
            while left:
                _, ids, complete = next(members)
                left -= complete
                fresh = [identity for identity in dict.fromkeys(ids) if identity not in seen]
                seen.update(fresh)
                yield root, fresh, not left


def _family(root: Topic, narrower: Mapping[str, list[Topic]]) -> list[Topic]:
    """Return a topic and all of its narrower topics."""
    family, texts = [root], {root.text}
    for topic in family:  # grows meanwhile
        fresh = [one for one in narrower.get(topic.text, ()) if one.text not in texts]
        texts.update(one.text for one in fresh)
        family += fresh
    return family
