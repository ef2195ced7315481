"""Clusters voice vectors into speakers, by the evidence of a PLDA model. Pure numpy.

The means of speakers vary around 0 with the variances `between`. What a cluster knows of the mean of its speaker is the sum of the
precisions of its vectors, and the sum of its weighted vectors. Vectors of one speaker have noise in common, too, of the variance `common`:
however many they are, they do not determine the mean exactly. The evidence for merging two clusters is the logarithm of how much more
probable their vectors are with one speaker than with two, less a threshold that grows with what they know.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Clusters:
    """Clusters as sums: of precisions, shape (n,), and of weighted vectors, shape (n, dimensions)."""

    precisions: Floats
    sums: Floats

    def __len__(self) -> int:
        return len(self.precisions)


class Evidence:
    """Compares clusters with each other by a PLDA model; `merge`, `most_precision` and `common` are those of `Tuning`."""

    def __init__(self, between: NDArray[np.float32], merge: float = 0.0, most_precision: float = 1.0, common: float = 0.0) -> None:
        self._between = between.astype(np.float64)
        self._merge = merge
        self._most_precision = most_precision
        self._common = common

    def alone(self, clusters: Clusters) -> Floats:
        """Return the logarithm of the probability of each cluster's vectors, without the terms that cancel in a comparison."""
        scale = 1.0 + clusters.precisions[..., None] * self._between
        evidence: Floats = 0.5 * (clusters.sums**2 * self._between / scale - np.log(scale)).sum(axis=-1)
        return evidence

    def of_merging(self, one: Clusters, others: Clusters) -> Floats:
        """Return the evidence for merging one cluster (of length 1) with each of the others; they are one speaker if it is positive."""
        one, others = self._with_common_noise(one), self._with_common_noise(others)
        both = Clusters(one.precisions + others.precisions, one.sums + others.sums)
        common = one.precisions * others.precisions / np.maximum(both.precisions, 1e-9)
        threshold = self._merge * np.minimum(common, self._most_precision)
        return self.alone(both) - self.alone(one) - self.alone(others) - threshold

    def _with_common_noise(self, clusters: Clusters) -> Clusters:
        """Return clusters with the noise that all their vectors have in common added to each mean."""
        scale = 1.0 + self._common * clusters.precisions
        return Clusters(clusters.precisions / scale, clusters.sums / scale[..., None])


def agglomerate(
    clusters: Clusters,
    evidence: Evidence,
    *,
    apart: NDArray[np.bool_] | None = None,
    bonus: Floats | None = None,
    wanted: int | None = None,
    most: int | None = None,
) -> list[int]:
    """Merge the two clusters with the most evidence until it is negative; return the number of each cluster's group.

    Args:
        apart: pairs that must stay in different groups, shape (n, n), symmetric.
        bonus: evidence of other kinds per pair, shape (n, n), symmetric; a group has the largest of its pairs.
        wanted: number of groups to reach instead, where `apart` allows it.
        most: number of groups above which merging continues whatever the evidence.
    """
    count = len(clusters)
    groups = [[number] for number in range(count)]
    precisions, sums = clusters.precisions.copy(), clusters.sums.copy()
    forbidden = np.zeros((count, count), dtype=bool) if apart is None else apart.copy()
    extra = np.zeros((count, count)) if bonus is None else bonus.copy()
    gains = np.full((count, count), -np.inf)
    for row in range(count):
        gains[row, :row] = evidence.of_merging(
            Clusters(precisions[row : row + 1], sums[row : row + 1]), Clusters(precisions[:row], sums[:row])
        )
    gains = np.maximum(gains, gains.T)
    alive = count
    while alive > 1:
        scores = np.where(forbidden, -np.inf, gains + extra)
        first, second = divmod(int(scores.argmax()), count)
        best = scores[first, second]
        if best == -np.inf or not _continues(best, alive, wanted, most):
            break
        groups[first] += groups[second]
        groups[second] = []
        precisions[first] += precisions[second]
        sums[first] += sums[second]
        forbidden[first] |= forbidden[second]
        forbidden[:, first] = forbidden[first]
        extra[first] = np.maximum(extra[first], extra[second])
        extra[:, first] = extra[first]
        gains[second], gains[:, second] = -np.inf, -np.inf
        rest = [number for number in range(count) if groups[number] and number != first]
        alive -= 1
        if rest:
            merged = Clusters(precisions[first : first + 1], sums[first : first + 1])
            gains[first, rest] = gains[rest, first] = evidence.of_merging(merged, Clusters(precisions[rest], sums[rest]))
    return _numbers(groups, count)


def _continues(best: float, alive: int, wanted: int | None, most: int | None) -> bool:
    if wanted is not None:
        return alive > wanted
    return best >= 0 or (most is not None and alive > most)


def _numbers(groups: Sequence[Sequence[int]], count: int) -> list[int]:
    """Return the group number of each member, counted from 0."""
    found = [0] * count
    for number, members in enumerate(group for group in groups if group):
        for member in members:
            found[member] = number
    return found


def match_labels(groups: Sequence[int], labels: Sequence[int | None], seconds: Sequence[float]) -> dict[int, int]:
    """Return a label for each group: the one that most of its seconds had before, each label once, else a new one."""
    shared: dict[tuple[int, int], float] = {}
    for group, label, length in zip(groups, labels, seconds, strict=True):
        if label is not None:
            shared[group, label] = shared.get((group, label), 0.0) + length
    found: dict[int, int] = {}
    taken: set[int] = set()
    for (group, label), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if group not in found and label not in taken:
            found[group] = label
            taken.add(label)
    fresh = max((label for label in labels if label is not None), default=-1) + 1
    for group in dict.fromkeys(groups):
        if group not in found:
            found[group] = fresh
            fresh += 1
    return found
