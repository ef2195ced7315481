"""Features of word classes."""

from zlib import crc32

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.acts import word_classes

SEND, GIVE, MONDAY, ELSE, OTHER = (crc32(word.encode()) for word in ("send", "give", "monday", "else", "other"))
CLASSES = word_classes.Classes({SEND: (3, 14), GIVE: (3, 14), MONDAY: (149, 599)})


def test_words_of_one_class_share_features() -> None:
    """Words of one class give the same features in any position, and words of other classes do not."""
    assert np.array_equal(CLASSES.places((SEND, MONDAY)), CLASSES.places((GIVE, MONDAY)))
    assert not np.array_equal(CLASSES.places((SEND, MONDAY)), CLASSES.places((MONDAY, MONDAY)))
    assert not np.array_equal(CLASSES.places((SEND, MONDAY)), CLASSES.places((MONDAY, SEND)))


def test_unknown_words_are_alike() -> None:
    """Every word without a class gives the same feature."""
    assert np.array_equal(CLASSES.places((SEND, ELSE)), CLASSES.places((SEND, OTHER)))
    assert not np.array_equal(CLASSES.places((SEND, ELSE)), CLASSES.places((SEND,)))


def test_no_classes_no_features() -> None:
    """Without classes there are no features."""
    assert word_classes.NONE.places((SEND, MONDAY)).tolist() == []


@given(st.lists(st.sampled_from([SEND, MONDAY, ELSE]), max_size=60))
def test_any_length(words: list[int]) -> None:
    """n words with two edges give n + 2 singles and n + 1 pairs in both classifications, and n triples, all in range."""
    found = CLASSES.places(tuple(words))
    assert len(found) == 2 * (len(words) + 2) + 2 * (len(words) + 1) + len(words)
    assert int(found.max()) < word_classes.SIZE


def test_ids_are_the_same_on_every_machine() -> None:
    """The shipped weights depend on these numbers."""
    assert CLASSES.places((SEND,)).tolist() == ONE_WORD


ONE_WORD = [74577, 2466, 65219, 87727, 2133, 124175, 28866, 125938, 84251, 56514, 99908]
