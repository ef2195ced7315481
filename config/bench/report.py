"""Results as tables for people: on the screen, and in docs/performance.md between markers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, column heads, and rows of cells as they are shown."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Return it as Markdown whose columns are also aligned for reading as plain text."""
        lines = [list(self.heads), *(list(row) for row in self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.heads))]
        drawn = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines]
        drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return f"{self.caption}\n\n" + "\n".join(drawn)


@dataclass(frozen=True, slots=True)
class Result:
    """What one part of the bench found: `verdicts` are sentences about goals, `data` is everything for programs."""

    name: str
    title: str
    tables: Sequence[Table]
    verdicts: Sequence[str] = ()
    data: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return it as Markdown."""
        return "\n\n".join([f"### {self.title}", *(table.markdown() for table in self.tables), *self.verdicts])


class MarkerMissing(ValueError):
    """The page lacks the markers of a part."""


def write_into(page: str, name: str, text: str) -> str:
    """Return the page with what stands between the markers of `name` replaced. Raises MarkerMissing."""
    begin, end = f"<!-- bench: {name} -->", f"<!-- end: {name} -->"
    if begin not in page or end not in page:
        raise MarkerMissing(f"the page has no {begin} ... {end}")
    before, rest = page.split(begin, 1)
    return f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end, 1)[1]}"


def number(value: float | None, digits: int = 2, unit: str = "") -> str:
    """Return a figure with so many digits after the point, or a dash for what could not be measured."""
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}{unit}"


def megabytes(size: float) -> str:
    """Return bytes as whole megabytes (2**20)."""
    return f"{size / 2**20:.0f} MB"
