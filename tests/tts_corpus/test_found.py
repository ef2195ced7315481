"""Insights in heard sentences."""

from pathlib import Path

from tests.bench.tts_corpus import found
from tests.bench.tts_corpus.found import Judged
from tests.bench.tts_corpus.table import ReadingTranscript


def heard(name: str, text: str) -> ReadingTranscript:
    """A transcript of which the recogniser is sure."""
    return ReadingTranscript(name, "slt", tuple(text.split()), tuple(0.9 for _ in text.split()))


def test_a_turn_counts_for_its_surest_sentence() -> None:
    """A question behind a statement is found; nothing heard is no insight."""
    both = found.confidences("The room is cold. Can you close the window?", "A", 0, ())
    alone = found.confidences("The room is cold.", "A", 0, ())
    assert both["question"] > 0.5 > alone["question"]
    assert found.confidences("", "A", 0, ()) == {"question": 0.0, "action_item": 0.0, "follow_up": 0.0}


def test_corpora(data: Path) -> None:
    """Rows of the sample are judged by the labels their corpus has, in all three ways; other readings are passed over."""
    everything = [heard("mrda/one/0", "Shall we begin now."), heard("email/one/1", "I will send you the minute."), heard("plain/1", "No.")]
    judged = list(found.corpora(everything, data))
    assert [(one.group, one.kind, one.gold) for one in judged] == [
        ("mrda", "question", True),
        ("mrda", "action_item", False),
        ("email", "action_item", True),
    ]
    question = judged[0].confidences
    assert question["written"] > question["without ?"]
    assert set(question) == set(found.WAYS)


def test_business(data: Path) -> None:
    """Small talk is no question and not none; whether a follow-up is a task is left open."""
    everything = [heard("style/3", "How are you?"), heard("style/4", "Let us talk again about the contract.")]
    assert [(one.kind, one.gold) for one in found.business(everything, data)] == [
        ("action_item", False),
        ("follow_up", False),
        ("question", False),
        ("follow_up", True),
    ]


def test_scores() -> None:
    """Precision and recall by way."""
    ones = [Judged("x", "question", gold, {"written": 0.9, "without ?": 0.1, "heard": sure}) for gold, sure in ((True, 0.7), (False, 0.2))]
    scores = found.scores(ones)
    assert (scores["written"].precision, scores["heard"].precision, scores["without ?"].recall) == (0.5, 1.0, 0.0)
    assert ones[0].is_reported("heard")
    assert not ones[1].is_reported("heard")
