"""FastRTC's public surface, name by name, against the table in docs/reference/fastrtc.md and against what is here.

`fastrtc_surface.json` holds the names and parameters of FastRTC 0.0.34, as `inspect` returns them for its package, and the attributes of
its objects.
"""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import streaming
from tests.streaming.sessions.connections import Echo

ROOT = Path(__file__).parents[2]
SURFACE: dict[str, dict[str, list[str] | None]] = json.loads((Path(__file__).parent / "fastrtc_surface.json").read_text())
HERE, NOT_HERE = ("same", "better", "accepted"), "not here"
ANY = {"args", "kwargs"}
"""Parameters that accept any argument."""


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield name, verdict and words of each name in the table."""
    text = (ROOT / "docs" / "reference" / "fastrtc.md").read_text().partition("## Names, one by one")[2]
    for line in text.splitlines():
        if line.startswith("| `"):
            names, verdict, words = (cell.strip() for cell in line.strip("|").split(" | ", 2))
            yield from ((name, verdict, words.strip("| ")) for name in re.findall(r"`([^`]+)`", names))


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
        return getattr(streaming.StreamHandler, member, None) or getattr(Echo(), member, None) or vars(Echo())[member]
    if group == "Stream" and SURFACE[group][member] is None:
        return getattr(streaming.Stream(Echo(), modality="audio", name="any"), member)
    return inspect.getattr_static(getattr(streaming, group), member)


def wanted(name: str) -> list[str]:
    """Return the parameters that FastRTC's users pass to a name."""
    group, _, member = name.rpartition(".")
    found = SURFACE[group or "names"].get(member)
    return [parameter for parameter in found or () if parameter not in ANY]


def test_the_table_has_every_name_once() -> None:
    """The table has no other names."""
    names = [name for name, _, _ in rows()]
    assert sorted(names) == sorted(surface())


@pytest.mark.parametrize(("name", "verdict", "words"), list(rows()))
def test_each_name_is_what_the_table_says(name: str, verdict: str, words: str) -> None:
    """A name exists here with FastRTC's parameters in their order, or it does not exist, and the table has the reason."""
    assert verdict in (*HERE, NOT_HERE)
    if verdict == NOT_HERE:
        assert words
        if name != "Stream.fastphone":  # it is here and raises an error
            with pytest.raises((LookupError, AttributeError)):
                here(name)
        return
    found = here(name)
    if parameters := wanted(name):
        taken = [parameter for parameter in inspect.signature(found).parameters if parameter != "self"]
        assert [parameter for parameter in taken if parameter in parameters] == parameters
    assert words or verdict == "same", "say in what way"
