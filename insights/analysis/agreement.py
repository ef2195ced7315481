"""How often two people agree: in percent, and Cohen's kappa, which subtracts agreement by chance."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of two opinions about `pairs` things. `kappa` is None if all opinions are equal."""

    pairs: int
    agreed: int
    kappa: float | None

    @property
    def share(self) -> float:
        """The share of equal opinions, 0 without any."""
        return self.agreed / self.pairs if self.pairs else 0.0


def agreement(counts: Mapping[tuple[str, str], int]) -> Agreement:
    """Return the agreement, given how often each pair of a first and a second opinion was given.

    >>> agreement({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15})
    Agreement(pairs=50, agreed=35, kappa=0.4)
    """
    pairs = sum(counts.values())
    agreed = sum(count for (first, second), count in counts.items() if first == second)
    if not pairs:
        return Agreement(0, 0, None)
    opinions = {one for pair in counts for one in pair}
    firsts = {one: sum(count for (first, _), count in counts.items() if first == one) for one in opinions}
    seconds = {one: sum(count for (_, second), count in counts.items() if second == one) for one in opinions}
    by_chance = sum(firsts[one] * seconds[one] for one in opinions)  # times pairs squared, so that these are whole numbers
    if by_chance == pairs * pairs:
        return Agreement(pairs, agreed, None)
    return Agreement(pairs, agreed, (agreed * pairs - by_chance) / (pairs * pairs - by_chance))
