"""The shipped document frequencies."""

from insights.analysis.text.document_frequency import idf, is_common


def test_common_words_weigh_little() -> None:
    """A common word weighs less than an unknown one."""
    assert idf("the") < idf("budget") < idf("kubernetes")
    assert is_common("house")
    assert not is_common("kubernetes")
