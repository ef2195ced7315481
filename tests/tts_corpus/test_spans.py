"""Entities of heard business sentences, by value."""

from pathlib import Path

from insights.analysis.vocabulary.correction import Vocabulary
from tests.bench.tts_corpus.spans import names, spans
from tests.bench.tts_corpus.table import ReadingTranscript


def heard(number: int, text: str) -> ReadingTranscript:
    """A transcript of a business sentence, in doubt of its first word."""
    pieces = text.split()
    return ReadingTranscript(f"style/{number}", "slt", tuple(pieces), (0.3, *(0.9 for _ in pieces[1:])))


def test_the_same_value_in_other_words(data: Path) -> None:
    """'three hundred euros' are the 300 euros of the text; a number that was not there is found besides."""
    counts = spans([heard(2, "Three hundred euros is what all 20 flights cost.")], data)
    assert counts.entities["numbers"] == (1, 1, 2)


def test_assignee_and_due(data: Path) -> None:
    """Both are compared with what the written sentence gives."""
    right = spans([heard(0, "Priya will send a report by Friday.")], data)
    wrong = spans([heard(0, "Prior we'll send the report by Monday.")], data)
    assert (right.tasks, right.assignees, right.dated, right.dues) == (1, 1, 1, 1)
    assert (wrong.tasks, wrong.assignees, wrong.dated, wrong.dues) == (1, 0, 1, 0)


def test_announced_names(data: Path) -> None:
    """A vocabulary of the names in the text brings a misheard one back."""
    assert "Priya" in names(data)
    said = [heard(0, "Preeyah will send the report by Friday.")]
    assert spans(said, data).entities["names"][1] == 0
    assert spans(said, data, Vocabulary(["Priya"])).entities["names"][1] == 1
