"""Precision, recall and F1 of marks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streaming.speech.punctuation.marks import PunctuationMark


@dataclass(frozen=True, slots=True)
class Counts:
    """Marks that were found and are right, that were found, and that are true. Adds up."""

    right: int = 0
    found: int = 0
    true: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.right + other.right, self.found + other.found, self.true + other.true)

    @property
    def precision(self) -> float:
        """Share of the found marks that are right."""
        return self.right / max(1, self.found)

    @property
    def recall(self) -> float:
        """Share of the true marks that were found."""
        return self.right / max(1, self.true)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / max(1, self.found + self.true)


@dataclass(frozen=True, slots=True)
class Scores:
    """Of the ends of sentences (period, question or exclamation mark), of question marks, and of the ends inside turns."""

    ends: Counts = Counts()
    questions: Counts = Counts()
    inner: Counts = Counts()

    def __add__(self, other: "Scores") -> "Scores":
        return Scores(self.ends + other.ends, self.questions + other.questions, self.inner + other.inner)


def scores(found: Sequence[PunctuationMark], true: Sequence[PunctuationMark]) -> Scores:
    """Compare the marks of a turn."""
    pairs = list(zip(found, true, strict=True))
    ends = [(ours.ends, real.ends) for ours, real in pairs]
    return Scores(
        _count(ends),
        _count((ours is PunctuationMark.QUESTION, real is PunctuationMark.QUESTION) for ours, real in pairs),
        _count(ends[:-1]),
    )


def _count(pairs: Iterable[tuple[bool, bool]]) -> Counts:
    right = found = true = 0
    for ours, real in pairs:
        right += ours and real
        found += ours
        true += real
    return Counts(right, found, true)
