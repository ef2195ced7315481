"""Extractive summary: messages ranked by TextRank similarity and weighted by the topics that they mention."""

from collections import Counter
from collections.abc import Sequence
from heapq import heappush, heapreplace
from math import log

import numpy as np
from numpy.typing import NDArray

from insights.analysis.text.words import FILLERS, STOP_WORDS, stem, tokens
from insights.analysis.topics import Topic

_SHORTEST = 5
"""Minimum number of words in a message that may be part of a summary."""

_MOST = 600
"""Maximum number of messages that are ranked. Longer conversations keep the messages with most content words."""

_DAMPING = 0.85
_ROUNDS = 40


class Candidates:
    """The messages of a conversation that may be part of its summary: those with most content words. Built incrementally."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str, Counter[str]]] = []
        self._count = 0
        self._rank: NDArray[np.float64] | None = None
        self._answer: tuple[tuple[Topic, ...], int, list[str]] | None = None

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self._heap)

    def add(self, identity: str, text: str) -> None:
        """Add the next message of the conversation."""
        bag = _content(text)
        candidate = (len(bag), -self._count, identity, bag)
        self._count += 1
        if not bag or (len(self._heap) == _MOST and candidate < self._heap[0]):
            return
        if len(self._heap) == _MOST:
            heapreplace(self._heap, candidate)
        else:
            heappush(self._heap, candidate)
        self._rank = self._answer = None

    def best(self, topics: Sequence[Topic] = (), limit: int = 5) -> list[str]:
        """Return the ids of at most `limit` representative messages, in the order of the conversation.

        The result is cached until a new candidate is added or the topics change. The TextRank scores, which are most of the work, are
        cached until a new candidate is added.
        """
        asked = (tuple(topics), limit)
        if self._answer is None or self._answer[:2] != asked:
            self._answer = (*asked, self._chosen(topics, limit))
        return list(self._answer[2])

    def _chosen(self, topics: Sequence[Topic], limit: int) -> list[str]:
        kept = sorted(self._heap, key=lambda candidate: -candidate[1])
        bags = [bag for _, _, _, bag in kept]
        if not bags:
            return []
        matrix = _tf_idf(bags)
        if self._rank is None:
            self._rank = _text_rank(matrix @ matrix.T)
        rank = self._rank * _topic_weight(bags, topics)
        return [kept[at][2] for at in sorted(_diverse(rank, matrix, limit))]


def summarise(texts: Sequence[str], topics: Sequence[Topic] = (), limit: int = 5) -> list[int]:
    """Return the indexes of at most `limit` representative messages, in the order of the conversation."""
    candidates = Candidates()
    for index, text in enumerate(texts):
        candidates.add(str(index), text)
    return [int(index) for index in candidates.best(topics, limit)]


def _content(text: str) -> Counter[str]:
    """Return the stems of the content words; empty for fillers and short remarks about oneself."""
    words = [word.low for word in tokens(text)]
    if len(words) < _SHORTEST or (words[0] in {"i", "i'm", "i've"} and len(words) < 9):
        return Counter()
    bag = Counter(stem(word) for word in words if word not in STOP_WORDS and word not in FILLERS)
    return bag if len(bag) >= 2 else Counter()


def _tf_idf(bags: Sequence[Counter[str]]) -> NDArray[np.float64]:
    """Return one tf-idf row of unit length per message."""
    frequency = Counter(word for bag in bags for word in bag)
    column = {word: at for at, word in enumerate(sorted(frequency))}
    matrix = np.zeros((len(bags), len(column)))
    for row, bag in enumerate(bags):
        for word, count in bag.items():
            matrix[row, column[word]] = (1 + log(count)) * log(1 + len(bags) / frequency[word])
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
    """Return, per message, 1 plus the scores of the topics that it mentions."""
    keys = [({stem(word.low) for word in tokens(topic.text)}, topic.score) for topic in topics]
    return np.array([1.0 + sum(score for words, score in keys if words and words <= bag.keys()) for bag in bags])


def _diverse(rank: NDArray[np.float64], matrix: NDArray[np.float64], limit: int) -> list[int]:
    """Select the best rows; each later row is discounted by its similarity to the rows already taken."""
    left = rank.copy()
    taken: list[int] = []
    while len(taken) < min(limit, len(rank)):
        best = int(np.argmax(left))
        taken.append(best)
        left *= 1.0 - 0.9 * np.clip(matrix @ matrix[best], 0.0, 1.0)
        left[best] = -1.0
    return taken
