"""The score of business sentences."""

from pathlib import Path

import pytest

from insights.training import style


def test_score() -> None:
    """Precision, recall and F1 at one half, and the best F1 over all thresholds."""
    found = style.score([True, True, False, False], [0.9, 0.4, 0.6, 0.1])
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert found.best_f1 == pytest.approx(0.8)


def test_report(tmp_path: Path) -> None:
    """The report scores every style of a table, and counts assignees and dates."""
    lines = [
        "# labels",
        "a\tSPEAKER\ttomorrow\tI'll send the contract tomorrow.\tdate=tomorrow",
        "n\t\t\tThe roof is green.",
        "q\t\t\tWhere is it?",
    ]
    (tmp_path / "own.tsv").write_text("\n".join([*lines, "f\tSPEAKER\t\tI'll follow up with the bank."]))
    told = style.report(style.read(tmp_path / "own.tsv"))
    assert len(told) == 2 + 4 * 5 + 2
    assert told[-1] == "assignee right 2 of 2; due found 1 of 1; rightly none 1 of 1"
