"""Results as tables for people: on the screen, and in docs/develop/performance.md between markers. Pure."""

import textwrap
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
class Goal:
    """One figure that has a goal, or is worth a line in the summary.

    `beside` is the same figure of what it was measured beside; `reached` None: there is no goal, or nothing to judge by.
    """

    figure: str
    goal: str
    measured: str
    beside: str = "-"
    reached: bool | None = None

    def cells(self) -> list[str]:
        """Return it as a row of the summary."""
        return [self.figure, self.goal, self.measured, self.beside, {True: "yes", False: "**no**", None: "-"}[self.reached]]


GOAL_HEADS = ("figure", "goal", "Parley", "beside it, in the same run", "reached")


@dataclass(frozen=True, slots=True)
class Result:
    """What one part of the bench found: `verdicts` are sentences, `goals` lines of the summary, `data` everything for programs."""

    name: str
    title: str
    tables: Sequence[Table]
    verdicts: Sequence[str] = ()
    data: dict[str, Any] = field(default_factory=dict)
    goals: Sequence[Goal] = ()

    def text(self) -> str:
        """Return it as Markdown."""
        said = (textwrap.fill(verdict, 140, break_on_hyphens=False) for verdict in self.verdicts)
        return "\n\n".join([f"### {self.title}", *(table.markdown() for table in self.tables), *said])


class MarkerMissing(ValueError):
    """The page lacks the markers of a part."""


def summary(page: str, name: str, goals: Sequence[Goal], when: str) -> str:
    """Return the page with the goals of a part in the summary's table: its rows are replaced, those of other parts stay.

    Raises MarkerMissing.
    """
    inside = page.split(begin_mark("goals"), 1)[-1].split(end_mark("goals"), 1)[0]
    lines = [line for line in inside.splitlines() if line.startswith("| ")][1:]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    mine = [row[-1].startswith(f"{name}, ") for row in rows]
    place = mine.index(True) if any(mine) else len(rows)
    kept = [row for row, own in zip(rows, mine, strict=True) if not own]
    kept[place:place] = [[*goal.cells(), f"{name}, {when}"] for goal in goals]
    return write_into(page, "goals", Table("", [*GOAL_HEADS, "part, day, cores used by others"], kept).markdown().strip())


def begin_mark(name: str) -> str:
    """Return the line after which a part of a page stands."""
    return f"<!-- bench: {name} -->"


def end_mark(name: str) -> str:
    """Return the line before which it ends."""
    return f"<!-- end: {name} -->"


def write_into(page: str, name: str, text: str) -> str:
    """Return the page with what stands between the markers of `name` replaced. Raises MarkerMissing."""
    begin, end = begin_mark(name), end_mark(name)
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
