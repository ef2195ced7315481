"""The shipped background of ordinary words."""

from insights.analysis.text.document_frequency import idf, is_common


def test_common_words_weigh_little() -> None:
    """What everybody says weighs less than what nobody said."""
    assert idf("the") < idf("budget") < idf("kubernetes")
    assert is_common("house")
    assert not is_common("kubernetes")
