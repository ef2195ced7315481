"""Results as tables, on the screen and between markers in docs/develop/performance*.md. No I/O."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, column heads, and rows of formatted cells."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Return the table as Markdown with aligned columns."""
        lines = [list(self.heads), *(list(row) for row in self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.heads))]
        drawn = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines]
        drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return f"{self.caption}\n\n" + "\n".join(drawn)


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure with a goal, or a line of the summary.

    `beside` is the same figure of the baseline; `reached` is None without a goal, or without data to judge.
    """

    figure: str
    goal: str
    measured: str
    beside: str = "-"
    reached: bool | None = None

    def cells(self) -> list[str]:
        """Return the row of the summary."""
        return [self.figure, self.goal, self.measured, self.beside, {True: "yes", False: "**no**", None: "-"}[self.reached]]


GOAL_HEADS = ("figure", "goal", "Parley", "beside it, in the same run", "reached")


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one part: `verdicts` are sentences, `goals` lines of the summary, `data` everything in machine-readable form."""

    name: str
    title: str
    tables: Sequence[Table]
    verdicts: Sequence[str] = ()
    data: dict[str, Any] = field(default_factory=dict)
    goals: Sequence[Goal] = ()

    def text(self) -> str:
        """Return the result as Markdown."""
        said = (textwrap.fill(verdict, 140, break_on_hyphens=False) for verdict in self.verdicts)
        return "\n\n".join([f"### {self.title}", *(table.markdown() for table in self.tables), *said])


class MarkerMissing(ValueError):
    """The page lacks the markers of a part."""


def summary(page: str, name: str, goals: Sequence[Goal], when: str) -> str:
    """Return the page with the part's goals in the summary table: its rows are replaced, those of other parts are kept.

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
    """Return the line before a part's text in a page."""
    return f"<!-- bench: {name} -->"


def end_mark(name: str) -> str:
    """Return the line after a part's text in a page."""
    return f"<!-- end: {name} -->"


def write_into(page: str, name: str, text: str) -> str:
    """Return the page with the text between the markers of `name` replaced. Raises MarkerMissing."""
    begin, end = begin_mark(name), end_mark(name)
    if begin not in page or end not in page:
        raise MarkerMissing(f"the page has no {begin} ... {end}")
    before, rest = page.split(begin, 1)
    return f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end, 1)[1]}"


def number(value: float | None, digits: int = 2, unit: str = "") -> str:
    """Return a figure with so many decimals, or a dash for None."""
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}{unit}"


def megabytes(size: float) -> str:
    """Return bytes as whole megabytes (2**20)."""
    return f"{size / 2**20:.0f} MB"
