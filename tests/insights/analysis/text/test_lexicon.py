"""Word lists in the package."""

import pytest

from insights.analysis.text.lexicon import words


@pytest.mark.parametrize("name", ["stop_words", "not_names", "places", "organisations"])
def test_lists_hold_small_words_only(name: str) -> None:
    """A list is not empty, is in lower case, and its comment is not in it."""
    found = words(name)
    assert len(found) > 20
    assert all(word == word.lower() and "#" not in word for word in found)
