"""Word classes, learnt from neighbouring words."""

import random
from zlib import crc32

import numpy as np
import pytest

from insights.analysis.acts.word_classes import NONE, Classes
from insights.training import word_clusters


def _talk(seed: int) -> list[str]:
    pick = random.Random(seed)
    things, doings = ["lamp", "pump", "door"], ["mends", "paints", "sells"]
    return [f"she {pick.choice(doings)} the {pick.choice(things)} again" for _ in range(400)]


def _class(classes: Classes, word: str) -> tuple[int, int]:
    return classes.of[crc32(word.encode())]


def test_words_with_similar_neighbours_share_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nouns get one class and verbs another, because their neighbours differ."""
    monkeypatch.setattr(word_clusters, "COARSE", 3)
    classes = word_clusters.learn(_talk(1))
    things = {_class(classes, word)[0] for word in ("lamp", "pump", "door")}
    doings = {_class(classes, word)[0] for word in ("mends", "paints", "sells")}
    assert len(things) == len(doings) == 1
    assert things != doings


def test_classes_are_deterministic() -> None:
    """Two runs give the same classes, in any order of the messages."""
    texts = _talk(2)
    assert word_clusters.learn(texts).of == word_clusters.learn(texts).of == word_clusters.learn(reversed(texts)).of


def test_rare_words_have_no_class() -> None:
    """A word with seven occurrences has no class, and one with eight has."""
    classes = word_clusters.learn([*_talk(3), *["the hedgehog sleeps"] * 7, *["the squirrel sits"] * 8])
    assert crc32(b"hedgehog") not in classes.of
    assert crc32(b"squirrel") in classes.of


def test_no_frequent_words() -> None:
    """Without a frequent word there are no classes."""
    assert word_clusters.learn([]) is NONE
    assert word_clusters.learn(["once upon a time"]) is NONE


def test_neighbours_are_those_of_the_same_message() -> None:
    """Neighbours count by position, and never across messages."""
    counts = word_clusters.neighbours([(1, 2), (2, 1, 1)], [1, 2])
    two_before, before, behind, two_behind = np.hsplit(counts, 4)
    assert before.tolist() == [[1, 1], [1, 0]]
    assert behind.tolist() == [[1, 1], [1, 0]]
    assert (two_before.tolist(), two_behind.tolist()) == ([[0, 1], [0, 0]], [[0, 0], [1, 0]])


def test_information_is_above_chance() -> None:
    """Neighbours as frequent as chance have no information, and more frequent ones have some."""
    assert word_clusters.informative(np.full((4, 4), 5, dtype=np.float32)).max() == pytest.approx(0, abs=1e-6)
    found = word_clusters.informative(np.array([[9, 1], [1, 9]], dtype=np.float32))
    assert found[0, 0] == pytest.approx(np.log(1.8), abs=1e-3)
    assert found[0, 1] == 0
