"""Auxiliary tasks of the network."""

from insights.training import auxiliary_tasks
from insights.training.corpora import Row


def _row(corpus: str, *acts: str) -> Row:
    return Row(corpus, corpus, 0, "A", "yes", acts=frozenset(acts))


ROWS = [_row("ami", "ami/inf"), _row("ami", "ami/sug"), _row("ami", "ami/inf"), _row("mrda", "mrda/s", "mrda/co"), _row("email")]


def test_frequent_acts_come_first() -> None:
    """Acts below the minimum count are left out, and equal counts are sorted by name."""
    assert auxiliary_tasks.names(ROWS, least=1) == ["ami/inf", "ami/sug", "mrda/co", "mrda/s"]
    assert auxiliary_tasks.names(ROWS, least=2) == ["ami/inf"]


def test_acts_of_other_corpora_are_unknown() -> None:
    """An act is 1 or 0 in rows of its corpus and unknown in all others."""
    assert auxiliary_tasks.labels(ROWS, ["ami/inf", "mrda/co"]).tolist() == [[1, -1], [0, -1], [1, -1], [-1, 1], [-1, -1]]
