"""Which words are ordinary English."""

import pytest

from insights.analysis.names.english import is_english


@pytest.mark.parametrize("word", ["barley", "a", "running", "berlin", "okay", "company's", "uh"])
def test_words(word: str) -> None:
    """Words of a dictionary, of everyday talk, and well-known places."""
    assert is_english(word)


@pytest.mark.parametrize("word", ["grafana", "kubernetes", "zendesk", "iashabello", ""])
def test_no_words(word: str) -> None:
    """Names of products, slips of the recogniser, and nothing at all."""
    assert not is_english(word)
