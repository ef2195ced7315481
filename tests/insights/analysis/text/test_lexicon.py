"""The packaged word lists."""

import pytest

from insights.analysis.text.lexicon import words


@pytest.mark.parametrize("name", ["stop_words", "not_names", "places", "organisations"])
def test_lists_are_lower_case(name: str) -> None:
    """A list is not empty, in lower case, and without its comment."""
    found = words(name)
    assert len(found) > 20
    assert all(word == word.lower() and "#" not in word for word in found)
