"""Scores the detectors on a table of business sentences: python -m insights.training.style FILE.tsv

Columns: labels (letters a, f, q; n = none; x = small talk), assignee, due as said, sentence, and spans, which are not read here.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from insights.analysis.benchmark_rows import assign, detect
from insights.insight_kinds import ACTION_ITEM, FOLLOW_UP, QUESTION, InsightKind
from insights.training.corpora import as_transcribed


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """One line of the table."""

    labels: str
    assignee: str
    due: str
    text: str


@dataclass(frozen=True, slots=True)
class StyleScore:
    """precision, recall and f1 at a confidence of 0.5; best_f1 over all thresholds."""

    precision: float
    recall: float
    f1: float
    best_f1: float


def read(path: Path) -> list[LabelledLine]:
    """Return the lines of a table; '#' begins a comment."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
    return [LabelledLine(*line[:4]) for line in lines]


def score(gold: Sequence[bool], confidences: Sequence[float]) -> StyleScore:
    """Score confidences against gold labels."""

    def at(threshold: float) -> tuple[float, float, float]:
        hits = sum(good and confidence >= threshold for good, confidence in zip(gold, confidences, strict=True))
        positive = sum(confidence >= threshold for confidence in confidences)
        return hits / max(positive, 1), hits / max(sum(gold), 1), 2 * hits / max(positive + sum(gold), 1)

    return StyleScore(*at(0.5), max(at(threshold)[2] for threshold in confidences))


_TASKS: tuple[tuple[str, InsightKind, Callable[[LabelledLine], bool], Callable[[LabelledLine], bool]], ...] = (
    ("action items, follow-ups left out", ACTION_ITEM, lambda one: "a" in one.labels, lambda one: "f" not in one.labels),
    ("action items, follow-ups not among them", ACTION_ITEM, lambda one: "a" in one.labels, lambda one: True),
    ("action items, follow-ups among them", ACTION_ITEM, lambda one: not {"a", "f"}.isdisjoint(one.labels), lambda one: True),
    ("follow-ups", FOLLOW_UP, lambda one: "f" in one.labels, lambda one: True),
    ("questions, small talk left out", QUESTION, lambda one: "q" in one.labels, lambda one: one.labels != "x"),
)


def report(sentences: Sequence[LabelledLine]) -> list[str]:
    """Return the lines of a Markdown table, then the scores of assignees and due dates."""
    lines = ["| style | what | P | R | F1 at 0.5 | best F1 |", "|---|---|---|---|---|---|"]
    for style in ("text", "noq", "lower", "heard"):
        rows = [
            {"conversation": at, "index": 0, "speaker": "A", "text": as_transcribed(one.text, style)} for at, one in enumerate(sentences)
        ]
        answers = detect(rows)
        for name, kind, gold, counts in _TASKS:
            chosen = [(gold(one), answer[kind.name]) for one, answer in zip(sentences, answers, strict=True) if counts(one)]
            found = score([good for good, _ in chosen], [confidence for _, confidence in chosen])
            lines.append(f"| {style} | {name} | {found.precision:.3f} | {found.recall:.3f} | {found.f1:.3f} | {found.best_f1:.3f} |")
    return lines + _who_and_when([one for one in sentences if one.assignee])


def _who_and_when(tasks: Sequence[LabelledLine]) -> list[str]:
    """Return the shares of correct assignees, found due dates, and correctly missing ones."""
    answers = [assign(one.text) for one in tasks]
    pairs = list(zip(tasks, answers, strict=True))
    who = sum(answer["assignee"].lower() == one.assignee.lower() for one, answer in pairs)
    dated = [(one.due.lower(), answer["due"].lower()) for one, answer in pairs if one.due]
    found = sum(bool(said) and (said in due or due in said) for due, said in dated)
    undated = [answer["due"] for one, answer in pairs if not one.due]
    return [
        "",
        f"assignee right {who} of {len(tasks)}; due found {found} of {len(dated)}; rightly none {undated.count('')} of {len(undated)}",
    ]


if __name__ == "__main__":
    print("\n".join(report(read(Path(sys.argv[1])))))
