"""ROUGE of the extractive summary on meetings of QMSum, against the beginning of the meeting (LEAD) and TextRank in the same run."""

import re
from collections import Counter
from collections.abc import Sequence
from math import log
from pathlib import Path

import numpy as np

from insights.analysis import TopicIndex
from insights.analysis.summary import Candidates
from insights.analysis.text.words import STOP_WORDS, stem, tokens
from insights.training.qmsum import read
from tests.bench.child_processes import BenchError
from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Say
from tests.bench.scenarios import topics

WORDS = 150
"""Words of a summary; the references have about as many."""
NAMES = ("ROUGE-1", "ROUGE-2", "ROUGE-L")
_DAMPING, _ROUNDS = 0.85, 40


def measure(path: Path | None, say: Say) -> Result:
    """Summarise each meeting of a file in three ways. Raises BenchError without a file."""
    if path is None or not path.is_file():
        raise BenchError("--qmsum must name a file of QMSum in JSON lines, such as dev.jsonl.gz")
    ways = {"LEAD": lead, "TextRank": text_rank, "Parley": parley}
    meetings = read(path)
    scores = {}
    for name, way in ways.items():
        say(f"{name}: {len(meetings)} meetings")
        scores[name] = np.mean([rouge(way(one.texts), one.references) for one in meetings], axis=0)
    rows = [[name, *(number(float(value), 4) for value in found)] for name, found in scores.items()]
    better = np.maximum(scores["LEAD"], scores["TextRank"])
    goals = [
        Goal(
            f"{name} of the summary",
            "> LEAD and TextRank",
            number(float(ours), 4),
            f"better of the two {number(float(other), 4)}",
            bool(ours > other),
        )
        for name, ours, other in zip(NAMES, scores["Parley"], better, strict=True)
    ]
    table = Table(f"F1 of summaries of at most {WORDS} words, {len(meetings)} meetings", ["way", *NAMES], rows)
    say("topics")
    return Result(
        "summary",
        "Extractive summary",
        [table, *topics.measure(meetings)],
        [],
        {name: found.tolist() for name, found in scores.items()},
        goals,
    )


def lead(texts: Sequence[str]) -> str:
    """Return the first sentences."""
    return _within(range(len(texts)), texts)


def text_rank(texts: Sequence[str]) -> str:
    """Return the sentences that TextRank ranks first, with cosines of tf-idf; the 600 with most content words are ranked."""
    bags = [Counter(stem(word.low) for word in tokens(text) if word.low not in STOP_WORDS) for text in texts]
    kept = sorted(sorted((at for at, bag in enumerate(bags) if len(bag) >= 2), key=lambda at: -len(bags[at]))[:600])
    frequency = Counter(word for at in kept for word in bags[at])
    column = {word: at for at, word in enumerate(sorted(frequency))}
    matrix = np.zeros((len(kept), len(column)))
    for row, at in enumerate(kept):
        for word, count in bags[at].items():
            matrix[row, column[word]] = (1 + log(count)) * log(1 + len(kept) / frequency[word])
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    similar = matrix @ matrix.T
    np.fill_diagonal(similar, 0.0)
    total = similar.sum(axis=1, keepdims=True)
    step = np.divide(similar, total, out=np.full_like(similar, 1.0 / len(kept)), where=total > 0)
    rank = np.full(len(kept), 1.0 / len(kept))
    for _ in range(_ROUNDS):
        rank = (1 - _DAMPING) / len(kept) + _DAMPING * (step.T @ rank)
    return _within([kept[at] for at in np.argsort(-rank)], texts)


def parley(texts: Sequence[str]) -> str:
    """Return the sentences that the API would choose, without its limit of five."""
    candidates, topics = Candidates(), TopicIndex()
    for at, text in enumerate(texts):
        candidates.add(str(at), text)
        topics.add(str(at), text, 0.0)
    return " ".join(texts[int(at)] for at in candidates.best(topics.top(30), len(texts), WORDS))


def _within(order: Sequence[int], texts: Sequence[str]) -> str:
    """Return the first sentences of an order that fit, in the order of the meeting."""
    taken, length = [], 0
    for at in order:
        size = len(texts[at].split())
        if length + size <= WORDS:
            taken.append(at)
            length += size
        elif length > 0.8 * WORDS:
            break
    return " ".join(texts[at] for at in sorted(taken))


def rouge(text: str, references: Sequence[str]) -> list[float]:
    """Return F1 of ROUGE-1, ROUGE-2 and ROUGE-L (longest common subsequence), without stemming, each of the best reference."""
    words = _words(text)
    others = [_words(one) for one in references]
    return [
        *(
            max(_f1(sum((_grams(words, size) & _grams(one, size)).values()), len(words) - size + 1, len(one) - size + 1) for one in others)
            for size in (1, 2)
        ),
        max(_f1(_common(words, one), len(words), len(one)) for one in others),
    ]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _grams(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[at:] for at in range(size)), strict=False))


def _f1(same: int, found: int, wanted: int) -> float:
    return 2 * same / (found + wanted) if same else 0.0


def _common(words: Sequence[str], others: Sequence[str]) -> int:
    """Return the length of the longest common subsequence."""
    before = [0] * (len(others) + 1)
    for word in words:
        row = [0]
        for at, other in enumerate(others):
            row.append(before[at] + 1 if word == other else max(before[at + 1], row[at]))
        before = row
    return before[-1]
