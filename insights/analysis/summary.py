"""Extractive summary: the messages that the others resemble most (TextRank), weighed by the topics they touch."""

from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

from insights.analysis.topics import Topic
from insights.analysis.words import FILLERS, STOP_WORDS, stem, tokens

_SHORTEST = 5
"""Words that a message needs to be able to stand in a summary."""

_MOST = 600
"""Messages ranked at once; of longer conversations those with most content words are ranked."""

_DAMPING = 0.85
_ROUNDS = 40


def summarise(texts: Sequence[str], topics: Sequence[Topic] = (), limit: int = 5) -> list[int]:
    """Indexes of at most `limit` messages that tell what was said, in the order of the conversation."""
    bags = {index: bag for index, bag in ((index, _content(text)) for index, text in enumerate(texts)) if bag}
    if len(bags) > _MOST:
        kept = sorted(bags, key=lambda index: (-len(bags[index]), index))[:_MOST]
        bags = {index: bags[index] for index in sorted(kept)}
    indexes = list(bags)
    if not indexes:
        return []
    matrix = _tf_idf([bags[index] for index in indexes])
    rank = _text_rank(matrix @ matrix.T) * _topic_weight([bags[index] for index in indexes], topics)
    return sorted(indexes[at] for at in _diverse(rank, matrix, limit))


def _content(text: str) -> Counter[str]:
    """Stems of the words that carry meaning; none for fillers and short remarks about oneself."""
    words = [word.low for word in tokens(text)]
    if len(words) < _SHORTEST or (words[0] in {"i", "i'm", "i've"} and len(words) < 9):
        return Counter()
    bag = Counter(stem(word) for word in words if word not in STOP_WORDS and word not in FILLERS)
    return bag if len(bag) >= 2 else Counter()


def _tf_idf(bags: Sequence[Counter[str]]) -> NDArray[np.float64]:
    """Rows of unit length, one a message."""
    heard = Counter(word for bag in bags for word in bag)
    column = {word: at for at, word in enumerate(sorted(heard))}
    matrix = np.zeros((len(bags), len(column)))
    for row, bag in enumerate(bags):
        for word, count in bag.items():
            matrix[row, column[word]] = (1 + log(count)) * log(1 + len(bags) / heard[word])
    unit: NDArray[np.float64] = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return unit


def _text_rank(similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    np.fill_diagonal(similarity, 0.0)
    total = similarity.sum(axis=1, keepdims=True)
    count = len(similarity)
    step = np.divide(similarity, total, out=np.full_like(similarity, 1.0 / count), where=total > 0)
    rank = np.full(count, 1.0 / count)
    for _ in range(_ROUNDS):
        rank = (1 - _DAMPING) / count + _DAMPING * (step.T @ rank)
    return rank


def _topic_weight(bags: Sequence[Counter[str]], topics: Sequence[Topic]) -> NDArray[np.float64]:
    """1 plus the scores of the topics that a message touches."""
    keys = [({stem(word.low) for word in tokens(topic.text)}, topic.score) for topic in topics]
    return np.array([1.0 + sum(score for words, score in keys if words and words <= bag.keys()) for bag in bags])


def _diverse(rank: NDArray[np.float64], matrix: NDArray[np.float64], limit: int) -> list[int]:
    """The best rows, each later one discounted by how much it repeats those taken."""
    left = rank.copy()
    taken: list[int] = []
    while len(taken) < min(limit, len(rank)):
        best = int(np.argmax(left))
        taken.append(best)
        left *= 1.0 - 0.9 * np.clip(matrix @ matrix[best], 0.0, 1.0)
        left[best] = -1.0
    return taken
