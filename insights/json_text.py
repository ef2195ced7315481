"""Generate the JSON text of long lists in pieces, without having the whole list in memory."""

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar

Row = TypeVar("Row")
Member = TypeVar("Member")
Dumps = Callable[[object], str]
Form: TypeAlias = Mapping[str, object]
"""The JSON object of a row. Nobody changes it, and only `json.dumps` reads its values."""

PIECE_CHARACTERS = 16 * 1024
"""Length at which `nested` yields a piece."""
WRITTEN_TOGETHER = 200
"""Objects, rows and members, that `nested` writes with one call."""

MOST_RESOLVED = 500
"""Rows that `resolved` reads at a time."""


def array_of(
    batches: Iterable[list[Row]], form: Callable[[Row], object], before: str = "[", behind: str = "]", dumps: Dumps = json.dumps
) -> Iterator[str]:
    """Yield the text of a JSON array, one piece per batch; `form` returns the JSON value of a row."""
    text = before
    for batch in batches:
        yield text + dumps([form(row) for row in batch])[1:-1]
        text = ", "
    yield behind if text == ", " else before + behind


def nested(
    parts: Iterable[tuple[Row, list[Member], bool]],
    form: Callable[[Row], Form],
    name: str,
    member: Callable[[Member], object],
    before: str = "[",
    behind: str = "]",
    dumps: Dumps = json.dumps,
) -> Iterator[str]:
    """Yield the text of a JSON array of objects: each has the fields that `form` returns for its row, then an array `name` of members.

    `parts` are (row, some of its members, whether they are its last ones), in the order of the text.
    """
    text, separator, begun, member_begun = before, "", False, False
    waiting: list[Form] = []  # rows that came in one part each; one call writes many, because the calls take most of the time
    size = 0
    for row, members, complete in parts:
        whole = complete and not begun
        if whole:
            waiting.append({**form(row), name: [member(one) for one in members]})
            size += 1 + len(members)
            if size < WRITTEN_TOGETHER:
                continue
        if waiting:
            text, separator = text + separator + dumps(waiting)[1:-1], ", "
            waiting, size = [], 0
        if not whole:
            if not begun:
                text += f'{separator}{dumps(form(row))[:-1]}, "{name}": ['
                separator, begun, member_begun = ", ", True, False
            if members:
                text += (", " if member_begun else "") + dumps([member(one) for one in members])[1:-1]
                member_begun = True
            if complete:
                text, begun = text + "]}", False
        if len(text) >= PIECE_CHARACTERS:
            yield text
            text = ""
    yield text + (separator + dumps(waiting)[1:-1] if waiting else "") + behind


def resolved(segments: "Iterable[str | array[int]]", read: Callable[[list[int]], Mapping[int, str]]) -> Iterator[str]:
    """Yield segments of JSON text, with each array of row ids replaced by the texts that `read` returns for them, separated by commas.

    `read` gets at most MOST_RESOLVED ids at a time. Ids that it does not return, because the rows were deleted meanwhile, are left out.
    """
    waiting: list[str | list[int]] = []
    count, begun = 0, False

    def text() -> str:
        nonlocal begun
        found = read([identity for one in waiting if not isinstance(one, str) for identity in one])
        parts = []
        for one in waiting:
            if isinstance(one, str):
                parts.append(one)
                begun = False
                continue
            for written in (found[identity] for identity in one if identity in found):
                parts.append(f", {written}" if begun else written)
                begun = True
        waiting.clear()
        return "".join(parts)

    for segment in segments:
        if isinstance(segment, str):
            waiting.append(segment)
        else:
            place = 0
            while place < len(segment):
                part = segment[place : place + MOST_RESOLVED - count].tolist()
                waiting.append(part)
                place, count = place + len(part), count + len(part)
                if count >= MOST_RESOLVED:
                    yield text()
                    count = 0
        if not segment:
            yield ""
        if len(waiting) >= MOST_RESOLVED:
            yield text()
            count = 0
    yield text()
