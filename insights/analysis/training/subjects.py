"""Measures topics without a gold of their own: python -m insights.analysis.training.subjects --data DIR

A subject of a meeting comes back: it is said in at least two messages of the second half. A common word comes back too, but in every other
meeting as well. So the ten topics of each first half are looked for in its second half, and in those of meetings of other groups.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from insights.analysis.topics import TopicIndex, phrases
from insights.analysis.training.corpora import by_conversation, read

_LEAST_MESSAGES = 200
_TOP = 10


@dataclass(frozen=True, slots=True)
class Meeting:
    """group: those who meet again and again; first half: its texts; later: messages of the second half by phrase."""

    group: str
    first: tuple[str, ...]
    later: Counter[tuple[str, ...]]


def meeting(group: str, texts: Sequence[str]) -> Meeting:
    """A meeting cut into halves."""
    half = len(texts) // 2
    return Meeting(group, tuple(texts[:half]), Counter(phrase for text in texts[half:] for phrase in set(phrases(text))))


def topics(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """The strongest topics, as stems."""
    index = TopicIndex()
    for number, text in enumerate(texts):
        index.add(str(number), text, 0.0)
    return [next(iter(sorted(phrases(topic.text), key=len, reverse=True)), ()) for topic in index.top(_TOP)]


def frequent(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """What it is compared with: the phrases said most often."""
    counts = Counter(phrase for text in texts for phrase in phrases(text))
    return sorted(counts, key=lambda phrase: (-counts[phrase], phrase))[:_TOP]


def shares(meetings: Sequence[Meeting], choose: Callable[[Sequence[str]], list[tuple[str, ...]]]) -> tuple[float, float]:
    """(share of the chosen phrases that come back, mean share of meetings of other groups where they are said as well)."""
    back, elsewhere, chosen = 0, 0.0, 0
    for one in meetings:
        others = [other for other in meetings if other.group != one.group]
        for phrase in choose(one.first):
            chosen += 1
            back += one.later[phrase] > 1
            elsewhere += sum(other.later[phrase] > 1 for other in others) / max(len(others), 1)
    return back / max(chosen, 1), elsewhere / max(chosen, 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints both shares for our topics and for the most frequent phrases, over the longer meetings of the dev parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with {ami,mrda}.dev.jsonl.gz")
    chosen = parser.parse_args(arguments)
    rows = read(chosen.data / f"{corpus}.dev.jsonl.gz" for corpus in ("ami", "mrda"))
    talks = [talk for talk in by_conversation(rows) if len(talk) >= _LEAST_MESSAGES]
    meetings = [meeting(talk[0].conversation[:-1], [row.text for row in talk]) for talk in talks]
    for name, choose in (("topics", topics), ("most frequent", frequent)):
        back, elsewhere = shares(meetings, choose)
        print(f"{name}: come back {back:.3f}, elsewhere {elsewhere:.3f}, meetings {len(meetings)}")


if __name__ == "__main__":
    main()
