"""Measures topics without annotated data: python -m insights.training.topic_measures --data DIR

Two methods, over the longer meetings of the dev parts, for our topics and for simpler baselines in the same run.

1. A subject of a meeting recurs: it is said in at least two messages of the second half. A common word recurs too, but in every
   other meeting as well. So the ten topics of each first half are searched in its second half, and in those of other groups' meetings.
2. The prescribed subjects of AMI's groups (meeting_topics.py): the share of a whole meeting's ten topics that name a subject of its phase.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from insights.analysis.text.document_frequency import idf
from insights.analysis.text.words import stem, tokens
from insights.analysis.topics import TopicIndex, phrases
from insights.training.corpora import by_conversation, read
from insights.training.meeting_topics import SCRIPT, on_script

_LEAST_MESSAGES = 200
_TOP = 10


@dataclass(frozen=True, slots=True)
class MeetingHalves:
    """group: the people who meet repeatedly; first half: its texts; later: number of messages of the second half by phrase."""

    group: str
    first: tuple[str, ...]
    later: Counter[tuple[str, ...]]


def meeting(group: str, texts: Sequence[str]) -> MeetingHalves:
    """Split a meeting into halves."""
    half = len(texts) // 2
    return MeetingHalves(group, tuple(texts[:half]), Counter(phrase for text in texts[half:] for phrase in set(phrases(text))))


def topics(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the strongest topics, as stems."""
    index = TopicIndex()
    for number, text in enumerate(texts):
        index.add(str(number), text, 0.0)
    return [next(iter(sorted(phrases(topic.text), key=len, reverse=True)), ()) for topic in index.top(_TOP)]


def frequent(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Baseline: return the most frequent phrases."""
    counts = Counter(phrase for text in texts for phrase in phrases(text))
    return sorted(counts, key=lambda phrase: (-counts[phrase], phrase))[:_TOP]


def weighed(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Baseline: return single words by tf-idf, without a stop list."""
    counts = Counter(word.low for text in texts for word in tokens(text))
    best = sorted(counts, key=lambda word: (-counts[word] * idf(word), word))
    return [(stem(word),) for word in best[:_TOP]]


Ranking = Callable[[Sequence[str]], list[tuple[str, ...]]]

RANKINGS: dict[str, Ranking] = {"topics": topics, "most frequent phrases": frequent, "words by tf-idf": weighed}
"""Rankings by name, in the order of the report."""


def shares(meetings: Sequence[MeetingHalves], choose: Ranking) -> tuple[float, float]:
    """Return (share of the chosen phrases that recur, mean share of other groups' meetings in which they occur as well)."""
    back, elsewhere, chosen = 0, 0.0, 0
    for one in meetings:
        others = [other for other in meetings if other.group != one.group]
        for phrase in choose(one.first):
            chosen += 1
            back += one.later[phrase] > 1
            elsewhere += sum(other.later[phrase] > 1 for other in others) / max(len(others), 1)
    return back / max(chosen, 1), elsewhere / max(chosen, 1)


def script_shares(talks: Sequence[tuple[str, Sequence[str]]], choose: Ranking) -> tuple[float, float]:
    """Return (mean share of chosen phrases that are subjects of a meeting's phase, of another phase), for meetings with a phase."""
    own, other = [], []
    for phase, texts in talks:
        if phase in SCRIPT:
            chosen = choose(texts)
            own.append(on_script(phase, chosen))
            other += [on_script(another, chosen) for another in SCRIPT if another != phase]
    return sum(own) / max(len(own), 1), sum(other) / max(len(other), 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line per ranking."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with {ami,mrda}.dev.jsonl.gz")
    chosen = parser.parse_args(arguments)
    rows = read(chosen.data / f"{corpus}.dev.jsonl.gz" for corpus in ("ami", "mrda"))
    talks = [talk for talk in by_conversation(rows) if len(talk) >= _LEAST_MESSAGES]
    meetings = [meeting(talk[0].conversation[:-1], [row.text for row in talk]) for talk in talks]
    phases = [(talk[0].conversation[-1], [row.text for row in talk]) for talk in talks if talk[0].corpus == "ami"]
    for name, choose in RANKINGS.items():
        back, elsewhere = shares(meetings, choose)
        own, other = script_shares(phases, choose)
        print(
            f"{name}: come back {back:.3f}, elsewhere {elsewhere:.3f}, meetings {len(meetings)};"
            f" on script {own:.3f}, on another phase's {other:.3f}, meetings {len(phases)}"
        )


if __name__ == "__main__":
    main()
