"""Says whether confidence is probability: python -m insights.analysis.training.reliability --data DIR

Per corpus and task: of the messages with a confidence in a tenth, how many, the mean confidence, and the share that was right.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from insights.analysis.scoring import detect
from insights.analysis.training.corpora import Row, as_heard, by_conversation, read

_TASKS = (("question", "question"), ("action_item", "action"))


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages with a confidence in one tenth: how many, mean confidence, share of gold ones."""

    count: int
    confidence: float
    right: float


def bins(pairs: Iterable[tuple[float, bool]]) -> list[Bin | None]:
    """Ten tenths of (confidence, gold) pairs; None where there are none."""
    sorted_in: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for confidence, gold in pairs:
        sorted_in[min(int(confidence * 10), 9)].append((confidence, gold))
    return [_bin(tenth) if tenth else None for tenth in sorted_in]


def _bin(pairs: Sequence[tuple[float, bool]]) -> Bin:
    return Bin(len(pairs), sum(confidence for confidence, _ in pairs) / len(pairs), sum(gold for _, gold in pairs) / len(pairs))


def error(found: Sequence[Bin | None]) -> float:
    """Expected calibration error: the mean distance between confidence and share, weighed by how many messages."""
    total = sum(one.count for one in found if one)
    return sum(one.count * abs(one.confidence - one.right) for one in found if one) / max(total, 1)


def report(rows: Sequence[Row], style: str) -> list[str]:
    """Lines of a table in Markdown, one per corpus and task."""
    pairs: dict[str, list[tuple[float, bool]]] = {}
    for conversation in by_conversation(rows):
        asked = [
            {"conversation": row.conversation, "index": row.index, "speaker": row.speaker, "text": as_heard(row.text, style)}
            for row in conversation
        ]
        for row, answer in zip(conversation, detect(asked), strict=True):
            for task, label in _TASKS:
                gold = getattr(row, label)
                if gold is not None:
                    pairs.setdefault(f"{row.corpus} {task}", []).append((answer[task], bool(gold)))
    lines = []
    for name, found in pairs.items():
        tenths = bins(found)
        shown = " | ".join(f"{one.confidence:.2f} {one.right:.2f} ({one.count})" if one else "-" for one in tenths)
        lines.append(f"| {name} {style} | {shown} | {error(tenths):.4f} | {error([None, *tenths[1:]]):.3f} |")
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table for the dev parts: in each tenth the mean confidence, the share that was right, and (how many)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with {ami,mrda,email}.dev.jsonl.gz")
    chosen = parser.parse_args(arguments)
    rows = read(sorted(chosen.data.glob("*.dev.jsonl.gz")))
    print("| | " + " | ".join(f".{tenth}-" for tenth in range(10)) + " | ECE | from .1 |\n" + "|---" * 13 + "|")
    for style in ("text", "noq"):
        print("\n".join(report(rows, style)))


if __name__ == "__main__":
    main()
