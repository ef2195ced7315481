"""The punctuation model: logistic regressions over hashed features, corrected by the recogniser's own marks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import as_file, files
from math import exp

import numpy as np
from numpy.typing import NDArray

from streaming.speech.engines.base import Word
from streaming.speech.punctuation.features import category_ids, ids_of, is_inverted, pause_kinds, place_features, sentence_features
from streaming.speech.punctuation.marks import MarkedWord, PunctuationMark, capitalised, token, uncapitalised

NONE, COMMA, END = 0, 1, 2
"""What may follow a word: the columns of the scores of places."""
_MARKS, _PAUSES = len(PunctuationMark), 5
HEARD_COLUMNS = 3 + _MARKS * _PAUSES + _MARKS * 2 + _MARKS * 2
"""Columns of `mark_features`."""
QUESTION_COLUMNS = 2 + 3 * _MARKS
"""Columns of `question_features`."""

_INVERTED = 0.55  # probability by the words from which on a sentence with the word order of a question is one
_LEAST_BEFORE, _LEAST_AFTER = 3, 4  # words of a sentence before and after a comma at which it is split
_OPENINGS = frozenset(["if", "when", "because", "while", "although", "as", "since", "after", "before", "once", "unless"])

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities from which on marks change: of an end to write or to remove one, of a question to write or to remove its mark."""

    end: float
    no_end: float
    last_end: float
    question: float
    no_question: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights.

    Attributes:
        places: of the words and pauses, shape (features, 3), for nothing, a comma and the end of a sentence.
        heard: of those scores and the recogniser's marks, shape (HEARD_COLUMNS, 3).
        sentences: of the words of a sentence, shape (features,), for a question.
        questions: of that score and the recogniser's mark, shape (QUESTION_COLUMNS,).
        lower: numbers of common words that begin with a small letter, sorted.
    """

    places: Floats
    place_bias: Floats
    heard: Floats
    sentences: Floats
    sentence_bias: float
    questions: Floats
    lower: frozenset[str]
    thresholds: Thresholds

    def place_scores(self, features: NDArray[np.int64]) -> Floats:
        """Return the scores by words and pauses, shape (n, 3)."""
        scores: Floats = self.places[features].sum(axis=1, dtype=np.float32) + self.place_bias
        return scores

    def question_score(self, words: Sequence[str]) -> float:
        """Return the logit of a sentence being a question, by its words."""
        return float(self.sentences[sentence_features(words)].sum(dtype=np.float32)) + self.sentence_bias


def mark_features(scores: Floats, kinds: NDArray[np.int64], marks: NDArray[np.int64], capitals: NDArray[np.int64]) -> Floats:
    """Return the features of places beside the recogniser's marks, shape (n, HEARD_COLUMNS).

    Args:
        scores: of `Weights.place_scores`, shape (n, 3).
        kinds: the kinds of pauses, shape (n,).
        marks: the recogniser's marks, shape (n,).
        capitals: 1 where the next word begins with a capital letter, shape (n,).
    """
    count = len(scores)
    found = np.zeros((count, HEARD_COLUMNS), dtype=np.float32)
    rows = np.arange(count)
    found[:, :3] = scores - scores.mean(axis=1, keepdims=True)
    start = 3
    found[rows, start + marks * _PAUSES + kinds] = 1
    start += _MARKS * _PAUSES
    found[rows, start + marks * 2 + capitals] = 1
    start += _MARKS * 2
    last = np.zeros(count, dtype=np.int64)
    if count:
        last[-1] = 1
    found[rows, start + marks * 2 + last] = 1
    return found


def question_features(score: float, mark: PunctuationMark, *, brief: bool) -> Floats:
    """Return the features of a sentence beside the recogniser's mark at its end, shape (QUESTION_COLUMNS,)."""
    found = np.zeros(QUESTION_COLUMNS, dtype=np.float32)
    found[0], found[1] = score, 1
    found[2 + mark] = 1
    found[2 + _MARKS + mark] = score
    found[2 + 2 * _MARKS + mark] = brief
    return found


def logistic(value: float) -> float:
    """Return the probability of a logit."""
    return 1 / (1 + exp(-min(40.0, max(-40.0, value))))


def probabilities(logits: Floats) -> Floats:
    """Return the probabilities of logits, shape (n, 3)."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Floats = raised / raised.sum(axis=1, keepdims=True)
    return found


class Punctuator:
    """Writes marks and capital letters. `of` may be called from any number of threads at the same time."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def of(self, words: Sequence[Word], *, is_final: bool = True) -> tuple[Word, ...]:
        """Return the words of a turn with other marks and capital letters where the model is sure enough; nothing else changes.

        Args:
            words: in order, with times, from which the pauses come.
            is_final: False if the turn continues: the mark of its last word does not change.
        """
        if not words:
            return ()
        tokens = [token(word.text) for word in words]
        marks = self._ends(words, tokens)
        if not is_final:
            marks[-1] = tokens[-1].mark
        plain = [one.plain for one in tokens]
        self._split_before_questions(tokens, plain, marks)
        self._questions(tokens, plain, marks, len(words) if is_final else len(words) - 1)
        return _written(words, tokens, marks, self._weights.lower)

    def place_probabilities(self, words: Sequence[Word], tokens: Sequence[MarkedWord]) -> Floats:
        """Return the probabilities of nothing, a comma and an end after each word, shape (n, 3)."""
        weights = self._weights
        pauses = [after.start - before.end for before, after in zip(words, words[1:], strict=False)]
        kinds = pause_kinds([*pauses, 1.0])
        plain = [one.plain for one in tokens]
        scores = weights.place_scores(place_features(ids_of(plain), category_ids(plain), kinds))
        marks = np.array([one.mark for one in tokens], dtype=np.int64)
        capitals = np.array([*(one.text[:1].isupper() and one.plain[:1] != "i" for one in tokens[1:]), False], dtype=np.int64)
        return probabilities(mark_features(scores, kinds, marks, capitals) @ weights.heard)

    def _ends(self, words: Sequence[Word], tokens: Sequence[MarkedWord]) -> list[PunctuationMark]:
        """Return the marks without a decision between statements and questions."""
        found = self.place_probabilities(words, tokens).tolist()
        limits = self._weights.thresholds
        marks: list[PunctuationMark] = []
        for place, (one, (none, comma, end)) in enumerate(zip(tokens, found, strict=True)):
            is_last = place == len(tokens) - 1
            mark = one.mark
            if one.fixed or not is_last and (one.plain == tokens[place + 1].plain == "#" or _is_address(tokens, place)):
                pass
            elif mark.ends or mark is PunctuationMark.ELLIPSIS:
                if end < (limits.last_end if is_last else limits.no_end):
                    mark = PunctuationMark.COMMA if comma > none and not is_last else PunctuationMark.NONE
            elif end > limits.end:
                mark = PunctuationMark.PERIOD
            marks.append(mark)
        return marks

    def _split_before_questions(self, tokens: Sequence[MarkedWord], plain: Sequence[str], marks: list[PunctuationMark]) -> None:
        """End a sentence at a comma after which a whole question follows: 'the launch is on Monday, is the page finished'."""
        start = 0
        for place, mark in enumerate(marks):
            if mark.ends and not tokens[place].fixed:
                start = place + 1
            elif mark is PunctuationMark.COMMA and place + 1 - start >= _LEAST_BEFORE and plain[start] not in _OPENINGS:
                end = next((at for at in range(place + 1, len(marks)) if marks[at].ends and not tokens[at].fixed), len(marks) - 1)
                if end - place >= _LEAST_AFTER and self._is_inverted_question(plain[place + 1 : end + 1]):
                    marks[place] = PunctuationMark.PERIOD
                    start = place + 1

    def _is_inverted_question(self, sentence: Sequence[str]) -> bool:
        """Return whether a sentence has the word order of a question, and its words make one likely."""
        return is_inverted(sentence) and logistic(self._weights.question_score(sentence)) > _INVERTED

    def _questions(self, tokens: Sequence[MarkedWord], plain: Sequence[str], marks: list[PunctuationMark], count: int) -> None:
        """Put question marks at the ends of questions among the first `count` words, and periods at those of statements."""
        limits = self._weights.thresholds
        start = 0
        for place in range(count):
            if not marks[place].ends or tokens[place].fixed:
                continue
            sentence = plain[start : place + 1]
            start = place + 1
            features = question_features(self._weights.question_score(sentence), tokens[place].mark, brief=len(sentence) <= 2)
            share = logistic(float(features @ self._weights.questions))
            if marks[place] is PunctuationMark.QUESTION and share < limits.no_question:
                marks[place] = PunctuationMark.PERIOD
            elif marks[place] is not PunctuationMark.QUESTION and (share > limits.question or self._is_inverted_question(sentence)):
                marks[place] = PunctuationMark.QUESTION


def _is_address(tokens: Sequence[MarkedWord], place: int) -> bool:
    """Return whether a name may follow a greeting that begins the turn: 'Good morning, Anna'."""
    following = tokens[place + 1]
    return place < 2 and tokens[place].mark is PunctuationMark.COMMA and following.text[:1].isupper() and following.plain[:1] != "i"


def _written(
    words: Sequence[Word], tokens: Sequence[MarkedWord], marks: Sequence[PunctuationMark], lower: frozenset[str]
) -> tuple[Word, ...]:
    """Return the words with their marks, and the capital letters where an end of a sentence was written or removed."""
    written: list[Word] = []
    for place, (word, one, mark) in enumerate(zip(words, tokens, marks, strict=True)):
        text = one.with_mark(mark)
        if place and marks[place - 1].ends and not tokens[place - 1].mark.ends:
            text = capitalised(text)
        elif place and tokens[place - 1].mark.ends and not marks[place - 1].ends and one.plain in lower:
            text = uncapitalised(text)
        written.append(word if text == word.text else replace(word, text=text))
    return tuple(written)


@cache
def shipped() -> Punctuator:
    """Return the punctuator with the shipped weights."""
    with as_file(files("streaming.speech.punctuation") / "weights.npz") as path, np.load(path) as saved:
        scale = saved["scales"]
        return Punctuator(
            Weights(
                places=saved["places"].astype(np.float32) * scale[0],
                place_bias=saved["place_bias"],
                heard=saved["heard"],
                sentences=saved["sentences"].astype(np.float32) * scale[1],
                sentence_bias=float(saved["sentence_bias"]),
                questions=saved["questions"],
                lower=frozenset(bytes(saved["lower"]).decode().split()),
                thresholds=Thresholds(*saved["thresholds"].tolist()),
            )
        )
