"""The order of messages that a question may be about."""

import numpy as np
from numpy.typing import NDArray

from insights.analysis.message_ranking import APART, COMMON, candidates, ranked


def order(similar: NDArray[np.float32], words: NDArray[np.float32], conversations: NDArray[np.int64], named: int = -1) -> list[int]:
    """Return the places, best first; `named` is the place whose speaker the question names."""
    chosen = candidates(similar, words, 0.2)
    return ranked(chosen, np.zeros((len(chosen), 2), np.float32), similar, words, conversations, chosen == named, 10)


def test_similarity_words_and_names_count() -> None:
    """Of messages of the same similarity the one with the words, or of the named speaker, comes first."""
    similar, one_each = np.full(3, 0.5, np.float32), np.arange(3)
    assert order(similar, np.array([0, 0, 1], np.float32), one_each)[0] == 2
    assert order(similar, np.zeros(3, np.float32), one_each, named=1)[0] == 1


def test_what_is_said_around_counts() -> None:
    """A message among similar ones comes before a lonely one; other conversations do not count."""
    similar = np.array([0.5, 0.0, 0.0, 0.0, 0.5, 0.45, 0.45, 0.45], np.float32)
    conversations = np.array([1, 1, 1, 1, 2, 2, 2, 2])
    assert order(similar, np.zeros(8, np.float32), conversations) == [4, 0]


def test_only_the_best_of_close_messages() -> None:
    """Messages close to a better one are left out, those further away and in other conversations are not."""
    similar = np.full(3 * APART, 0.3, np.float32)
    similar[[0, 1, 2 * APART]] = 0.9, 0.8, 0.7
    found = order(similar, np.zeros(3 * APART, np.float32), np.zeros(3 * APART, np.int64))
    assert found[:2] == [0, 2 * APART]
    assert 1 not in found


def test_dissimilar_messages_are_left_out() -> None:
    """A message that is hardly similar is listed only if it has words."""
    similar, words = np.array([0.1, 0.1, 0.3], np.float32), np.array([0.5, 0, 0], np.float32)
    assert sorted(order(similar, words, np.arange(3))) == [0, 2]
    assert candidates(np.zeros(0, np.float32), np.zeros(0, np.float32), 0.2).tolist() == []


def test_what_all_have_in_common_counts_less() -> None:
    """Of messages of the same similarity the one comes first that is least like the others, if there are enough of them."""
    for number, first in ((COMMON + 1, COMMON), (COMMON, 0)):
        similar, one_each = np.full(number, 0.5, np.float32), np.arange(number)
        vectors = np.tile(np.array([1, 0], np.float32), (number, 1))
        vectors[-1] = 0, 1
        none = np.zeros(number, np.float32)
        assert ranked(one_each.astype(np.intp), vectors, similar, none, one_each, none > 0, 10)[0] == first
