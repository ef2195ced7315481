"""The subjects given to AMI's groups."""

from insights.training.meeting_topics import SCRIPT, on_script


def test_a_topic_counts_when_one_of_its_words_is_a_subject() -> None:
    """Stems of phrases are compared with stems of subjects; no topics give no share."""
    assert on_script("d", [("prototyp",), ("good", "evaluation"), ("monkei",), ("monkey",)]) == 0.5
    assert on_script("a", []) == 0.0


def test_the_phases_differ() -> None:
    """Each phase has subjects of its own."""
    for phase, words in SCRIPT.items():
        assert words - frozenset().union(*(others for other, others in SCRIPT.items() if other != phase)), phase
