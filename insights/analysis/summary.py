"""Extractive summary: messages that stand alone, ranked by a linear model of what people's summaries of meetings repeat.

The weights were fitted on the training part of QMSum (docs/develop/summary.md). A message is left out if it is a question, a fragment, or
begins with a word that refers to what was said before.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappush, heapreplace
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from insights.analysis.text.words import FILLERS, STOP_WORDS, stem, tokens
from insights.analysis.topics import Topic

_SHORTEST = 5
"""Minimum number of words in a message that may be part of a summary."""

_CONTENT = 2
"""Minimum number of different content words."""

_MOST = 600
"""Maximum number of messages that are ranked. Longer conversations keep the messages with most content words."""

_REPEATED = 0.9
"""How much a message loses whose content words were all selected before."""

_OFTEN = 3.0
"""Words said about twenty times or more are frequent: log(1 + times)."""

_BACKWARDS = frozenset(
    [
        "and",
        "but",
        "or",
        "because",
        "then",
        "it",
        "it's",
        "that",
        "that's",
        "this",
        "these",
        "those",
        "they",
        "they're",
        "he",
        "he's",
        "she",
        "she's",
        "him",
        "her",
        "them",
        "which",
    ]
)
_UNFINISHED = frozenset(
    [
        "the",
        "a",
        "an",
        "to",
        "of",
        "and",
        "or",
        "but",
        "my",
        "our",
        "your",
        "their",
        "in",
        "on",
        "at",
        "for",
        "with",
        "from",
        "by",
        "is",
        "are",
        "was",
        "were",
        "because",
        "if",
        "that",
        "which",
    ]
)
_GREETINGS = frozenset(["hello", "hi", "hey", "thanks", "thank", "bye", "goodbye", "welcome", "good"])
_OF_SPEAKERS = frozenset(["i", "i'm", "i've", "i'll", "you", "he", "she"])
_DISCOURSE = frozenset(["so", "well", "yeah", "okay", "um", "uh", "oh", "right"])
_WE = frozenset(["we", "our", "us", "we're", "we'll"])
_DECIDING = frozenset(["will", "should", "need", "decide", "decided", "going", "must", "agree", "agreed", "plan", "we'll", "i'll"])
_HESITATING = frozenset(["uh", "um", "like", "mean", "know", "yeah", "okay"])

WEIGHTS: dict[str, float] = {
    "length": -0.0303,
    "content words": 0.0893,
    "share of content words": 0.3397,
    "mean frequency": 0.4221,
    "topics": 0.0780,
    "in the first tenth": 0.0558,
    "in the last tenth": -0.0023,
    "begins with a person": -0.0108,
    "begins with a discourse word": 0.0160,
    "says we": 0.0120,
    "decides": 0.0335,
    "hesitations": 0.0262,
    "norm of frequencies": -0.1773,
    "place": 0.0000,
    "frequent words": 0.0490,
}
INTERCEPT = -0.0891
"""The weights of the values of `_values`, and what is added to their sum; `insights.training.summary_weights` fits them."""


@dataclass(frozen=True, slots=True)
class _Message:
    """A candidate: its place in the conversation, its id, its words, and the counts of its content words."""

    at: int
    identity: str
    words: tuple[str, ...]
    bag: Counter[str]


class Candidates:
    """The messages of a conversation that may be part of its summary: those with most content words. Built incrementally."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, _Message]] = []
        self._count = 0
        self._said: Counter[str] = Counter()
        self._answer: tuple[tuple[Topic, ...], int, int | None, list[str]] | None = None

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self._heap)

    def add(self, identity: str, text: str) -> None:
        """Add the next message of the conversation."""
        words = tuple(word.low for word in tokens(text))
        bag = Counter(stem(word) for word in words if len(word) > 1 and word not in STOP_WORDS and word not in FILLERS)
        self._said.update(bag)
        candidate = (len(bag), -self._count, _Message(self._count, identity, words, bag))
        self._count += 1
        self._answer = None
        if not _stands_alone(text, words, bag):
            return
        if len(self._heap) < _MOST:
            heappush(self._heap, candidate)
        elif candidate > self._heap[0]:
            heapreplace(self._heap, candidate)

    def best(self, topics: Sequence[Topic] = (), limit: int = 5, most_words: int | None = None) -> list[str]:
        """Return the ids of at most `limit` representative messages, in the order of the conversation.

        With `most_words`, messages that would make the summary longer are passed over. The result is cached until a message is added.
        """
        asked = (tuple(topics), limit, most_words)
        if self._answer is None or self._answer[:3] != asked:
            self._answer = (*asked, self._chosen(topics, limit, most_words))
        return list(self._answer[3])

    def rows(self, topics: Sequence[Topic]) -> tuple[list[_Message], NDArray[np.float64]]:
        """Return the candidates in the order of the conversation, with the values that WEIGHTS applies to, in its order."""
        kept = sorted((message for _, _, message in self._heap), key=lambda message: message.at)
        keys = [({stem(word.low) for word in tokens(topic.text)}, topic.score) for topic in topics]
        values = [_values(message, self._said, keys, self._count) for message in kept]
        return kept, np.array([[one[name] for name in WEIGHTS] for one in values])

    def _chosen(self, topics: Sequence[Topic], limit: int, most_words: int | None) -> list[str]:
        kept, rows = self.rows(topics)
        if not kept:
            return []
        scores = np.maximum(rows @ np.array([*WEIGHTS.values()]) + INTERCEPT, 0.0)
        seen: set[str] = set()
        taken: list[int] = []
        length, left = 0, set(range(len(kept)))
        values = scores.copy()
        while left and len(taken) < limit:
            at = max(left, key=lambda one: (values[one], -one))
            left.remove(at)
            if most_words is not None and length + len(kept[at].words) > most_words:
                continue
            taken.append(at)
            length += len(kept[at].words)
            seen |= kept[at].bag.keys()
            for other in left:
                bag = kept[other].bag
                values[other] = scores[other] * (1.0 - _REPEATED * len(seen & bag.keys()) / len(bag))
        return [kept[at].identity for at in sorted(taken)]


def summarise(texts: Sequence[str], topics: Sequence[Topic] = (), limit: int = 5) -> list[int]:
    """Return the indexes of at most `limit` representative messages, in the order of the conversation."""
    candidates = Candidates()
    for index, text in enumerate(texts):
        candidates.add(str(index), text)
    return [int(index) for index in candidates.best(topics, limit)]


def _stands_alone(text: str, words: Sequence[str], bag: Counter[str]) -> bool:
    """Return whether a message can be understood without the ones before: no question, greeting, fragment or reference backwards."""
    if len(words) < _SHORTEST or len(bag) < _CONTENT or text.rstrip(" \"'").endswith(("?", ",", "-", "…", "...")):
        return False
    lead = [word for word in words[:3] if word not in _DISCOURSE and word not in FILLERS]
    return not (lead and (lead[0] in _BACKWARDS or lead[0] in _GREETINGS) or words[-1] in _UNFINISHED)


def _values(message: _Message, said: Counter[str], topics: Sequence[tuple[set[str], float]], count: int) -> dict[str, float]:
    """Return the values of one candidate by their names in WEIGHTS; all of about the same size."""
    words, bag = message.words, message.bag
    length = len(words)
    return {
        "length": min(length, 40) / 40,
        "content words": len(bag) / 20,
        "share of content words": len(bag) / length,
        "mean frequency": sum(log(1 + said[word]) for word in bag) / len(bag) / 5,
        "topics": min(3.0, sum(score for key, score in topics if key and key <= bag.keys())),
        "in the first tenth": float(message.at < count * 0.1),
        "in the last tenth": float(message.at > count * 0.9),
        "begins with a person": float(words[0] in _OF_SPEAKERS),
        "begins with a discourse word": float(words[0] in _DISCOURSE),
        "says we": float(not _WE.isdisjoint(words)),
        "decides": float(not _DECIDING.isdisjoint(words)),
        "hesitations": sum(word in _HESITATING for word in words) / length,
        "norm of frequencies": sqrt(sum(log(1 + said[word]) ** 2 for word in bag)) / 10,
        "place": message.at / count,
        "frequent words": min(5, sum(log(1 + said[word]) > _OFTEN for word in bag)) / 5,
    }
