"""Measures false positives of the managed trackers: python -m insights.training.tracker_false_positives --data DIR

The managed trackers, 500 phrases, are applied to a seeded random sample of the dev parts. These meetings and emails contain few
purchases, complaints or cancellations, so most near matches would be false; each is printed for a person to judge.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

from insights.analysis.managed_trackers import managed_trackers
from insights.analysis.trackers import NEAR, TrackerIndex
from insights.training.corpora import read


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each near match, then the number of hits of both kinds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with {ami,mrda,email}.dev.jsonl.gz")
    parser.add_argument("--messages", type=int, default=5000, help="so many, drawn from all; 0 takes every one")
    chosen = parser.parse_args(arguments)
    texts = [row.text for row in read(chosen.data / f"{corpus}.dev.jsonl.gz" for corpus in ("ami", "mrda", "email"))]
    random.Random(5).shuffle(texts)  # noqa: S311  (reproducible, nothing secret)
    texts = texts[: chosen.messages or None]
    index = TrackerIndex([one.tracker for one in managed_trackers()])
    hits = [hit for text in texts for hit in index.find(text)]
    near = [hit for hit in hits if hit.offset == NEAR]
    for hit in near:
        print(f"{hit.name}: {hit.value!r} for {hit.text!r}")
    print(f"{len(texts)} messages: {len(hits) - len(near)} exact, {len(near)} similar ({len(near) / max(len(texts), 1):.2%})")


if __name__ == "__main__":
    main()
