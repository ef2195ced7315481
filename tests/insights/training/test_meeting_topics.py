"""The subjects that AMI's groups were given."""

from insights.training.meeting_topics import SCRIPT, on_script


def test_a_topic_counts_when_one_of_its_words_is_a_subject() -> None:
    """Stems of phrases against stems of subjects; no topics, no share."""
    assert on_script("d", [("prototyp",), ("good", "evaluation"), ("monkei",), ("monkey",)]) == 0.5
    assert on_script("a", []) == 0.0


def test_the_phases_differ() -> None:
    """Each has subjects that no other one has."""
    for phase, words in SCRIPT.items():
        assert words - frozenset().union(*(others for other, others in SCRIPT.items() if other != phase)), phase
