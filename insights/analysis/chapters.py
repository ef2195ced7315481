"""Divides a conversation into stretches by subject, each with a heading from its topics.

A stretch ends where the words before and behind a place have least in common (Hearst 1997, TextTiling), at most one in LEAST_S seconds.
Its heading is the topic that is said there most, in relation to the rest of the conversation.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import fmean, pstdev
from typing import NamedTuple

from insights.analysis.text.document_frequency import idf
from insights.analysis.text.words import FILLERS, STOP_WORDS, stem, tokens

LEAST_S = 300.0
"""Seconds that a stretch lasts at least."""
WINDOW = 200
"""Content words before and behind a place that are compared."""
MOST_PLACES = 150
"""Places that are compared, evenly spread over the conversation, so that a long one does not cost more."""
DEPTH = 0.3
"""Standard deviations above the mean by which a change must be deeper than other places."""


class TimedSentence(NamedTuple):
    """One sentence and when it begins, in seconds."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch: the index of its first sentence, and its heading; empty if no topic is said there."""

    first: int
    heading: str


def chapters(sentences: Sequence[TimedSentence], topics: Sequence[str]) -> list[Chapter]:
    """Return the stretches in order. `topics` are phrases, strongest first. None for a conversation of less than two stretches."""
    starts = boundaries(sentences)
    if len(starts) < 2:
        return []
    headings = _headings([sentences[first:last] for first, last in zip(starts, [*starts[1:], len(sentences)], strict=True)], topics)
    found: list[Chapter] = []
    for first, heading in zip(starts, headings, strict=True):
        if not found or heading != found[-1].heading:
            found.append(Chapter(first, heading))
    return found


def boundaries(sentences: Sequence[TimedSentence]) -> list[int]:
    """Return the indexes of the sentences with which stretches begin, always with 0 unless there are no sentences."""
    if not sentences or sentences[-1].at - sentences[0].at < 2 * LEAST_S:
        return [0] if sentences else []
    bags = [_content(one.text) for one in sentences]
    places = range(1, len(sentences), 1 + len(sentences) // MOST_PLACES)
    depths = dict(zip(places, _depths([_cohesion(bags, place) for place in places]), strict=True))
    limit = fmean(depths.values()) + DEPTH * pstdev(depths.values())
    chosen = [0]
    end = sentences[-1].at
    for place in sorted(places, key=lambda place: -depths[place]):
        at = sentences[place].at
        if depths[place] < limit:
            break
        if end - at >= LEAST_S and all(abs(sentences[other].at - at) >= LEAST_S for other in chosen):
            chosen.append(place)
    return sorted(chosen)


def _content(text: str) -> Counter[str]:
    return Counter(
        stem(token.low) for token in tokens(text) if token.low not in STOP_WORDS and token.low not in FILLERS and len(token.low) > 2
    )


def _cohesion(bags: Sequence[Counter[str]], place: int) -> float:
    """Return how similar the words before and behind the start of a sentence are, from 0 to 1."""
    return _cosine(_gathered(bags, place - 1, -1), _gathered(bags, place, 1))


def _gathered(bags: Sequence[Counter[str]], place: int, step: int) -> Counter[str]:
    words: Counter[str] = Counter()
    count = 0
    while 0 <= place < len(bags) and count < WINDOW:
        words.update(bags[place])
        count += bags[place].total()
        place += step
    return words


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    weights = {word: idf(word) for word in one.keys() | other.keys()}
    product = sum(one[word] * other[word] * weights[word] ** 2 for word in one.keys() & other.keys())
    lengths = [sqrt(sum((count * weights[word]) ** 2 for word, count in bag.items())) for bag in (one, other)]
    return product / (lengths[0] * lengths[1]) if all(lengths) else 0.0


def _depths(cohesion: Sequence[float]) -> list[float]:
    """Return how much deeper each place is than the nearest peaks on its two sides."""
    return [_climb(cohesion, place, -1) + _climb(cohesion, place, 1) - 2 * cohesion[place] for place in range(len(cohesion))]


def _climb(values: Sequence[float], place: int, step: int) -> float:
    highest = values[place]
    while 0 <= place + step < len(values) and values[place + step] >= highest:
        place += step
        highest = values[place]
    return highest


def _headings(stretches: Sequence[Sequence[TimedSentence]], topics: Sequence[str]) -> list[str]:
    """Return for each stretch the topic that is most typical for it; no topic twice while others are left."""
    wanted = [(topic, [stem(token.low) for token in tokens(topic)]) for topic in topics]
    said = [Counter(word for one in stretch for word in {stem(token.low) for token in tokens(one.text)}) for stretch in stretches]
    in_stretches = [[min(bag[word] for word in words) if words else 0 for _, words in wanted] for bag in said]
    spread = [sum(counts[number] > 0 for counts in in_stretches) for number in range(len(wanted))]
    headings, used = [], set[int]()
    for counts in in_stretches:
        scores = [
            count * log(1 + len(stretches) / spread[number]) * len(wanted[number][1]) ** 0.5 * (0.3 if number in used else 1)
            if count
            else 0.0
            for number, count in enumerate(counts)
        ]
        best = max(range(len(scores)), key=scores.__getitem__, default=-1)
        if best < 0 or not scores[best]:
            headings.append("")
            continue
        used.add(best)
        headings.append(wanted[best][0][:1].upper() + wanted[best][0][1:])
    return headings
