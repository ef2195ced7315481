"""Looks up each of FastRTC's names in `streaming`, and writes the table of them.

`facts.json` has, in `surface`, the names and parameters of FastRTC 0.0.34 as `inspect` returns them for its package, and the attributes of
its objects; in `rows`, the rows of the table: names, what is different (`words`), and a `mark` where "same" would be too little or too
much. Whether a name is here is looked up.
"""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

import streaming
from streaming import AsyncStreamHandler

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text(encoding="utf-8"))
SURFACE: dict[str, dict[str, list[str] | None]] = FACTS["surface"]
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fastrtc.md"
HEAD = "| FastRTC | here | what is different |\n| --- | --- | --- |\n"
ANY = {"args", "kwargs"}
"""Parameters that accept any argument."""
Mark = Literal["better", "accepted", "refused"]
"""Of a name that is here: with a defect fixed or a feature added; without effect; raises an error."""


@dataclass(frozen=True)
class NamesRow:
    """A row of the table. `mark` is None where the names do the same as FastRTC's, or are not here."""

    names: tuple[str, ...]
    mark: Mark | None
    words: str


ROWS = tuple(NamesRow(tuple(row["names"]), row.get("mark"), row["words"]) for row in FACTS["rows"])


class _Handler(AsyncStreamHandler):
    """A handler whose attributes are looked up."""

    def copy(self) -> "_Handler":
        return type(self)()

    async def receive(self, frame: tuple[int, np.ndarray]) -> None:
        """Drop the frame."""

    async def emit(self) -> None:
        """Return nothing."""


def surface() -> set[str]:
    """Return every name of FastRTC's, as the table writes it."""
    names = set(SURFACE["names"]) | {f"Stream({name})" for name in SURFACE["names"]["Stream"] or ()}
    return names | {f"{group}.{name}" for group in SURFACE if group != "names" for name in SURFACE[group]}


def here(name: str) -> Any:
    """Return the object of a name of the table. Raises LookupError or AttributeError when there is none."""
    if parameter := re.fullmatch(r"Stream\((\w+)\)", name):
        return inspect.signature(streaming.Stream).parameters[parameter[1]]
    group, _, member = name.rpartition(".")
    if not group:
        return getattr(streaming, member)
    if group == "UIArgs":
        return streaming.UIArgs.__annotations__[member]
    if group == "StreamHandler":
        handler = _Handler()
        return getattr(streaming.StreamHandler, member, None) or getattr(handler, member, None) or vars(handler)[member]
    if group == "Stream" and SURFACE[group][member] is None:
        return getattr(streaming.Stream(_Handler(), modality="audio", name="any"), member)
    return inspect.getattr_static(getattr(streaming, group), member)


def is_here(name: str) -> bool:
    """Return whether a name of the table is here."""
    try:
        here(name)
    except (LookupError, AttributeError):
        return False
    return True


def wanted(name: str) -> list[str]:
    """Return the parameters that FastRTC's users pass to a name."""
    group, _, member = name.rpartition(".")
    found = SURFACE[group or "names"].get(member)
    return [parameter for parameter in found or () if parameter not in ANY]


def verdict(row: NamesRow) -> str:
    """Return what the table says about a row's names. Raises ValueError where only some of them are here, or the mark is wrong."""
    found = {is_here(name) for name in row.names}
    if len(found) != 1 or (row.mark is not None and found != {True}):
        raise ValueError(f"facts.json: of {', '.join(row.names)} some or all are not here, unlike the row says")
    if found == {False} or row.mark == "refused":
        return "not here"
    return row.mark or "same"


def problems() -> Iterator[str]:
    """Yield what keeps the table from being written: names without a row or with two, missing parameters and reasons."""
    names = [name for row in ROWS for name in row.names]
    yield from (f"{name} has no row" for name in sorted(surface() - set(names)))
    yield from (f"{name} is no name of FastRTC's" for name in sorted(set(names) - surface()))
    yield from (f"{name} has two rows" for name in sorted({name for name in names if names.count(name) > 1}))
    for row in ROWS:
        said = verdict(row)
        if said != "same" and not row.words:
            yield f"{row.names[0]}: say in what way it is {said}"
        if said != "not here":
            yield from (f"{name} does not take {wanted(name)} in this order" for name in row.names if not _takes(name))


def _takes(name: str) -> bool:
    """Return whether a name takes FastRTC's parameters in their order, also between others."""
    if not (parameters := wanted(name)):
        return True
    return [one for one in inspect.signature(here(name)).parameters if one in parameters] == parameters


def table() -> str:
    """Return the table."""
    lines = [
        f"| {', '.join(f'`{name}`' for name in row.names)} | {verdict(row)} | {row.words}{' ' if row.words else ''}|\n" for row in ROWS
    ]
    return HEAD + "".join(lines)


def page(text: str) -> str:
    """Return the text of the page with the table in the place of the one that it has."""
    before, _, rest = text.partition(HEAD)
    return before + table() + "\n" + rest.partition("\n\n")[2]
