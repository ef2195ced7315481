"""Topics of meetings of QMSum against the titles that people gave to the parts of the meetings, and how steady their order is."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from insights.analysis import TopicIndex
from insights.analysis.text.document_frequency import idf
from insights.analysis.text.words import FILLERS, STOP_WORDS, stem, tokens
from insights.analysis.topics import steady
from insights.recorder.topics import SCORED
from insights.training.qmsum import Meeting
from tests.bench.report import Table, number

TOP = 10
_MEETINGS, _MESSAGES = 12, 400
"""What the order is measured on; ranking all messages of all meetings takes minutes."""
_TITLE_WORDS = frozenset(
    map(stem, ["discussion", "discussing", "introduction", "opening", "closing", "meeting", "team", "project", "issue"])
)
"""Words of titles that say what people did rather than what about."""

Choose = Callable[[Sequence[str]], list[str]]


def parley(texts: Sequence[str]) -> list[str]:
    """Return the ten strongest topics."""
    index = TopicIndex()
    for at, text in enumerate(texts):
        index.add(str(at), text, 0.0)
    return [topic.text for topic in index.top(TOP)]


def tf_idf(texts: Sequence[str]) -> list[str]:
    """Baseline: single words by tf-idf, without stop words."""
    counts = Counter(word.low for text in texts for word in tokens(text) if word.low not in STOP_WORDS and word.low not in FILLERS)
    return sorted(counts, key=lambda word: (-counts[word] * idf(word), word))[:TOP]


def rake(texts: Sequence[str]) -> list[str]:
    """Baseline: RAKE (Rose et al. 2010): runs between stop words of at most three words, scored by degree / frequency, said twice."""
    runs: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        for part in re.split(r"[^\w\s'-]", text.lower()):
            run: list[str] = []
            for word in [*part.split(), "the"]:
                if word in STOP_WORDS or word in FILLERS or not word[0].isalpha():
                    if 0 < len(run) <= 3:
                        runs[tuple(run)] += 1
                    run = []
                else:
                    run.append(word)
    frequency: Counter[str] = Counter()
    degree: Counter[str] = Counter()
    for phrase, count in runs.items():
        for word in phrase:
            frequency[word] += count
            degree[word] += count * len(phrase)
    scores = {run: sum(degree[word] / frequency[word] for word in run) for run, count in runs.items() if count > 1}
    return [" ".join(run) for run in sorted(scores, key=lambda run: (-scores[run], -runs[run], run))[:TOP]]


WAYS: dict[str, Choose] = {"words by tf-idf": tf_idf, "RAKE": rake, "Parley": parley}


def measure(meetings: Sequence[Meeting]) -> list[Table]:
    """Return the table of all ways, and that of the order of topics while a meeting goes on."""
    rows = []
    for name, choose in WAYS.items():
        found = [_scores(choose(one.texts), one.titles) for one in meetings if one.titles]
        precision, recall, titles = np.mean(found, axis=0)
        rows.append([name, *(number(float(value), 3) for value in (precision, recall, titles))])
    columns = ["way", "topics that name a title", "words of titles named", "titles named"]
    titles = Table(f"The ten strongest topics of {len(meetings)} meetings, and the titles of their parts", columns, rows)
    some = meetings[:_MEETINGS]
    swaps = [
        [name, number(float(np.mean([swaps_per_message(one.texts[:_MESSAGES], held=held) for one in some])), 3)]
        for name, held in (("by strength", False), ("held, as stored", True))
    ]
    heading = f"Order of the ten strongest topics during the first {_MESSAGES} messages of {len(some)} meetings"
    return [titles, Table(heading, ["order", "pairs that swap per message"], swaps)]


def _scores(topics: Sequence[str], titles: Sequence[str]) -> tuple[float, float, float]:
    """Return (share of topics whose last word is in a title, share of the words of titles in topics, share of titles with such a word)."""
    wanted = [words for title in titles if (words := _content(title))]
    everything = set().union(*wanted)
    heads = [stem(tokens(topic)[-1].low) for topic in topics if tokens(topic)]
    said = {stem(word.low) for topic in topics for word in tokens(topic)}
    precision = sum(head in everything for head in heads) / max(1, len(heads))
    named = sum(not said.isdisjoint(title) for title in wanted)
    return precision, len(said & everything) / max(1, len(everything)), named / max(1, len(wanted))


def _content(title: str) -> set[str]:
    found = {stem(word.low) for word in tokens(title) if word.low not in STOP_WORDS and len(word.low) > 2}
    return found - _TITLE_WORDS


def swaps_per_message(texts: Sequence[str], *, held: bool) -> float:
    """Return how many pairs of the ten strongest topics swap per message; `held`: with the order that the recorder keeps."""
    index, stored, before, swaps = TopicIndex(), dict[str, float](), list[str](), 0
    for at, text in enumerate(texts):
        index.add(str(at), text, 0.0)
        now = {topic.text: topic.score for topic in index.top(SCORED)}
        weakest = min(now.values(), default=0.0)
        scores = {one: now.get(one, min(score, weakest)) for one, score in stored.items()}
        scores |= {one: now[one] for one in list(now)[:TOP]}
        stored = steady(list(stored), scores) if held else dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))
        order = list(stored)[:TOP]
        place = {one: at for at, one in enumerate(order)}
        swaps += sum(place[one] > place[other] for one, other in combinations([one for one in before if one in place], 2))
        before = order
    return swaps / max(1, len(texts))
