"""Who talked how much: talk time, silence, overlap and pace, from the spans of the messages. Pure: no Django."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A stretch of speech of one speaker; seconds from the start of the conversation."""

    speaker: Hashable
    start: float
    end: float
    words: int


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """Seconds talked, seconds listened to others while silent, words per minute of talk, and seconds shared with each other speaker."""

    talk: float
    listen: float
    pace: float
    overlaps: dict[Hashable, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of the whole conversation in which nobody, somebody, or more than one speaker talked."""

    total: float
    silence: float
    talk: float
    overlap: float
    speakers: dict[Hashable, SpeakerFigures]


def measure(spoken: Sequence[Spoken], total: float) -> Figures:
    """Return the figures of a conversation that lasted `total` seconds, or until its last word where that is later."""
    total = max([total, *(piece.end for piece in spoken)])
    own: dict[Hashable, list[Span]] = {}
    words: dict[Hashable, int] = {}
    for piece in spoken:
        own.setdefault(piece.speaker, []).append((piece.start, piece.end))
        words[piece.speaker] = words.get(piece.speaker, 0) + piece.words
    merged = {speaker: union(spans) for speaker, spans in own.items()}
    shared: dict[Hashable, dict[Hashable, float]] = {speaker: {} for speaker in merged}
    common: list[Span] = []
    for one, other in combinations(merged, 2):
        both = intersection(merged[one], merged[other])
        common += both
        if both:
            shared[one][other] = shared[other][one] = length(both)
    talk = length(union(span for spans in merged.values() for span in spans))
    speakers = {
        speaker: SpeakerFigures(length(spans), talk - length(spans), _pace(words[speaker], length(spans)), shared[speaker])
        for speaker, spans in merged.items()
    }
    return Figures(total, total - talk, talk, length(union(common)), speakers)


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order with those that touch or overlap joined."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif end > start:
            joined.append((start, end))
    return joined


def intersection(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Return what two lists, each in order and without overlap, have in common."""
    common: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            common.append((start, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return common


def length(spans: Iterable[Span]) -> float:
    """Return the seconds in spans that do not overlap."""
    return sum(end - start for start, end in spans)


def _pace(words: int, seconds: float) -> float:
    return words * 60 / seconds if seconds > 0 else 0.0
