"""The tracker matches of a conversation as JSON text, grouped by tracker and phrase, with bounded memory per match.

Two passes read the matches in batches: the first one groups them and keeps only their ids (eight bytes each), the second one reads what
is written for each.
"""

import json
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from insights import queries
from insights.json_text import resolved
from insights.models import Conversation
from insights.payloads import tracker_snapshots

_BATCH = 500
_KEY = ("message__number", "offset", "id")


@dataclass(slots=True)
class _Group:
    """The ids of the matches of one phrase, in messages and in insights."""

    messages: "array[int]" = field(default_factory=lambda: array("q"))
    insights: "array[int]" = field(default_factory=lambda: array("q"))


def tracker_pieces(conversation: Conversation, before: str = "[", behind: str = "]") -> Iterator[str]:
    """Yield the JSON list of the snapshots of all trackers with matches in a conversation."""
    return resolved(_segments(conversation, before, behind), lambda ids: _references(conversation, ids))


def first_tracker_pieces(conversation: Conversation) -> Iterator[str]:
    """Yield the JSON object of the first tracker with matches; {} without one."""
    return resolved(_segments(conversation, "", "", most=1), lambda ids: _references(conversation, ids))


def _segments(conversation: Conversation, before: str, behind: str, most: int | None = None) -> "Iterator[str | array[int]]":
    names: dict[str, str] = {}
    groups: dict[str, dict[str, _Group]] = {}
    matches = queries.tracker_matches_of(conversation)
    rows = matches.values("tracker_id", "tracker_name", "value", "insight_id", *_KEY)
    for batch in queries.in_batches(rows, *_KEY, size=_BATCH):
        for row in batch:
            _add(row, names, groups)
        yield ""
    yield before
    if most and not groups:
        yield "{}"
    for place, (tracker_id, values) in enumerate(islice(groups.items(), most)):
        yield f'{", " if place else ""}{{"id": {json.dumps(tracker_id)}, "name": {json.dumps(names[tracker_id])}, "matches": ['
        for number, (value, group) in enumerate(values.items()):
            yield f'{", " if number else ""}{{"type": "vocabulary", "value": {json.dumps(value)}, "messageRefs": ['
            yield group.messages
            yield '], "insightRefs": ['
            yield group.insights
            yield "]}"
        yield "]}"
    yield behind


def _add(row: Mapping[str, Any], names: dict[str, str], groups: dict[str, dict[str, _Group]]) -> None:
    names.setdefault(row["tracker_id"], row["tracker_name"])
    group = groups.setdefault(row["tracker_id"], {}).setdefault(row["value"], _Group())
    (group.messages if row["insight_id"] is None else group.insights).append(row["id"])


def _references(conversation: Conversation, ids: list[int]) -> dict[int, str]:
    """Return the JSON text of each match by its id. One query."""
    texts = {}
    for row in queries.tracker_matches_of(conversation).filter(id__in=ids) if ids else ():
        match = tracker_snapshots([row])[0].matches[0]
        texts[row.pk] = json.dumps((match.messages or match.insights)[0].dump())
    return texts
