"""`python -m insights.training.summary_weights --qmsum train.jsonl.gz`: fit the weights of the extractive summary and print them.

Ridge regression: the values of a message (`Candidates.rows`) predict its share of words, and PAIRS times its share of word pairs, that
occur in the meeting's summaries by people.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insights.analysis import TopicIndex
from insights.analysis.summary import WEIGHTS, Candidates
from insights.analysis.text.words import STOP_WORDS
from insights.training.qmsum import Meeting, read

MEETINGS = 110
PAIRS = 5.0
RIDGE = 10.0
TOPICS = 30


def rows(meeting: Meeting) -> tuple[NDArray[np.float64], list[float]]:
    """Return (candidates, values) of a meeting and the target of each candidate."""
    candidates, topics = Candidates(), TopicIndex()
    for at, text in enumerate(meeting.texts):
        candidates.add(str(at), text)
        topics.add(str(at), text, 0.0)
    kept, values = candidates.rows(topics.top(TOPICS))
    words: Counter[tuple[str, ...]] = Counter()
    pairs: Counter[tuple[str, ...]] = Counter()
    for reference in meeting.references:
        words |= _grams(reference, 1)
        pairs |= _grams(reference, 2)
    return values, [_target(meeting.texts[int(one.identity)], words, pairs) for one in kept]


def fit(meetings: Sequence[Meeting]) -> tuple[NDArray[np.float64], float]:
    """Return the weights of the values and the intercept."""
    parts = [rows(meeting) for meeting in meetings]
    values = np.concatenate([found for found, _ in parts])
    targets = np.array([target for _, found in parts for target in found])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    table = np.c_[(values - mean) / spread, np.ones(len(values))]
    solved = np.linalg.solve(table.T @ table + RIDGE * np.eye(table.shape[1]), table.T @ targets)
    weights: NDArray[np.float64] = solved[:-1] / spread
    return weights, float(solved[-1] - mean @ weights)


def _target(text: str, words: Counter[tuple[str, ...]], pairs: Counter[tuple[str, ...]]) -> float:
    own, own_pairs = _grams(text, 1), _grams(text, 2)
    shared = sum(min(count, words[word]) for word, count in own.items() if word[0] not in STOP_WORDS)
    return shared / max(1, sum(own.values())) + PAIRS * sum((own_pairs & pairs).values()) / max(1, sum(own_pairs.values()))


def _grams(text: str, size: int) -> Counter[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return Counter(zip(*(words[at:] for at in range(size)), strict=False))


def main() -> None:
    """Read the file, fit, and print WEIGHTS and INTERCEPT for insights/analysis/summary.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qmsum", type=Path, required=True, help="the training part of QMSum in JSON lines, gzip")
    parser.add_argument("--meetings", type=int, default=MEETINGS, help="number of meetings to read")
    options = parser.parse_args()
    weights, intercept = fit(read(options.qmsum, options.meetings))
    numbers = "".join(f'    "{name}": {weight:.4f},\n' for name, weight in zip(WEIGHTS, weights, strict=True))
    sys.stdout.write(f"WEIGHTS: dict[str, float] = {{\n{numbers}}}\nINTERCEPT = {intercept:.4f}\n")


if __name__ == "__main__":
    main()
