"""Agreement of two opinions."""

import pytest

from insights.analysis.agreement import Agreement, agreement


def test_kappa_of_a_known_table() -> None:
    """The usual example of Cohen's kappa: 70 % agreement, 0.4 beyond chance."""
    found = agreement({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15})
    assert (found.pairs, found.agreed, found.share) == (50, 35, 0.7)
    assert found.kappa == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [
        ({("a", "a"): 5, ("b", "b"): 5}, 1.0),
        ({("a", "b"): 5, ("b", "a"): 5}, -1.0),
        ({("a", "a"): 5, ("a", "b"): 5, ("b", "a"): 5, ("b", "b"): 5}, 0.0),
        ({("a", "a"): 9, ("a", "b"): 1}, 0.0),
    ],
)
def test_kappa_at_its_limits(counts: dict[tuple[str, str], int], kappa: float) -> None:
    """Full agreement is 1, full disagreement -1, chance 0."""
    assert agreement(counts).kappa == pytest.approx(kappa)


def test_no_kappa_without_variety() -> None:
    """If both always say the same one thing, or there is no pair, kappa is not defined."""
    assert agreement({("a", "a"): 7}) == Agreement(7, 7, None)
    assert agreement({}) == Agreement(0, 0, None)
    assert agreement({}).share == 0
