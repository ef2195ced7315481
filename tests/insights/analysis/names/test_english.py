"""English words."""

import pytest

from insights.analysis.names.english import is_english


@pytest.mark.parametrize("word", ["barley", "a", "running", "berlin", "okay", "company's", "uh"])
def test_words(word: str) -> None:
    """Dictionary words, colloquial words and well-known places are English."""
    assert is_english(word)


@pytest.mark.parametrize("word", ["grafana", "kubernetes", "zendesk", "iashabello", ""])
def test_no_words(word: str) -> None:
    """Product names, recognition errors and empty text are not."""
    assert not is_english(word)
