"""Clustering of made vectors by a PLDA model."""

import numpy as np
import pytest

from streaming.speech.speakers.clustering import Clusters, Evidence, agglomerate, match_labels

BETWEEN = np.full(64, 2.0, dtype=np.float32)


def made(random: np.random.Generator, *sizes: int) -> tuple[Clusters, list[int]]:
    """Return vectors of several speakers, drawn from the model, and their speakers."""
    means = random.standard_normal((len(sizes), 64)) * np.sqrt(BETWEEN)
    speakers = [speaker for speaker, size in enumerate(sizes) for _ in range(size)]
    vectors = means[speakers] + random.standard_normal((len(speakers), 64))
    return Clusters(np.ones(len(speakers)), vectors), speakers


def same_partition(groups: list[int], speakers: list[int]) -> bool:
    """Whether two labellings differ by the names of the labels only."""
    return len(set(zip(groups, speakers, strict=True))) == len(set(groups)) == len(set(speakers))


@pytest.mark.parametrize("sizes", [(1,), (4, 1), (3, 5, 2, 6)])
def test_the_speakers_of_the_model_are_found(sizes: tuple[int, ...]) -> None:
    """Vectors drawn from the model are clustered by speaker, and their number is found."""
    clusters, speakers = made(np.random.default_rng(1), *sizes)
    assert same_partition(agglomerate(clusters, Evidence(BETWEEN)), speakers)


def test_the_wanted_number_is_reached() -> None:
    """With a wanted number of groups, clusters are merged against the evidence."""
    clusters, _ = made(np.random.default_rng(2), 3, 3, 3)
    assert len(set(agglomerate(clusters, Evidence(BETWEEN), wanted=2))) == 2


def test_the_number_has_a_limit() -> None:
    """Merging continues above the limit, whatever the evidence."""
    clusters, _ = made(np.random.default_rng(3), 2, 2, 2, 2)
    assert len(set(agglomerate(clusters, Evidence(BETWEEN), most=3))) == 3


def test_pairs_stay_apart() -> None:
    """Two vectors of one speaker are not merged if they must stay apart."""
    clusters, _ = made(np.random.default_rng(4), 2)
    apart = np.array([[False, True], [True, False]])
    assert agglomerate(clusters, Evidence(BETWEEN)) == [0, 0]
    assert agglomerate(clusters, Evidence(BETWEEN), apart=apart) == [0, 1]


def test_evidence_is_the_logarithm_of_a_ratio_of_densities() -> None:
    """The evidence for merging two vectors is that of the joint normal distribution against independent ones."""
    one, two, between = 1.3, -0.4, 2.0
    joint = np.array([[between + 1, between], [between, between + 1]])
    pair = np.array([one, two])
    expected = -0.5 * (pair @ np.linalg.solve(joint, pair) + np.log(np.linalg.det(joint)))
    expected += 0.5 * ((one**2 + two**2) / (between + 1) + 2 * np.log(between + 1))
    evidence = Evidence(np.array([between], dtype=np.float32))
    found = evidence.of_merging(Clusters(np.ones(1), np.array([[one]])), Clusters(np.ones(1), np.array([[two]])))
    assert found[0] == pytest.approx(expected)


def test_many_vectors_with_the_same_noise_are_the_same_speaker() -> None:
    """Two groups of one speaker differ by noise that is the same in each group; so many vectors do not make them two speakers."""
    random = np.random.default_rng(5)
    mean = random.standard_normal(64) * np.sqrt(BETWEEN)
    vectors = mean + np.repeat(random.standard_normal((2, 64)), 10, axis=0) * 0.5**0.5 + random.standard_normal((20, 64)) * 0.1
    clusters = Clusters(np.full(20, 2.0), vectors * 2.0)
    assert len(set(agglomerate(clusters, Evidence(BETWEEN)))) == 2
    assert len(set(agglomerate(clusters, Evidence(BETWEEN, common=0.5)))) == 1


def test_noise_in_common_hides_no_speakers() -> None:
    """Speakers of the model are still found if their vectors have noise in common."""
    clusters, speakers = made(np.random.default_rng(6), 3, 5, 2)
    assert same_partition(agglomerate(clusters, Evidence(BETWEEN, common=0.3)), speakers)


def test_labels_follow_most_of_the_speech() -> None:
    """A group keeps the label that most of its seconds had; another group with that label gets a new one."""
    assert match_labels([0, 0, 1, 2], [0, 1, 0, None], [5.0, 1.0, 2.0, 1.0]) == {0: 0, 1: 2, 2: 3}
