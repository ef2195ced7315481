"""Who talked how much: talk time, silence, overlap and pace, from the spans of the messages. Pure: no Django.

`Talk` takes messages one after the other, at a cost that does not grow with those before, so that a long conversation is not measured
anew for each. Times inside are whole microseconds: sums are exact, in whatever order messages come.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

_SECOND = 1_000_000

_STRETCH = 64 * _SECOND
"""Of each such stretch of the conversation it is known who talked in it, so that a message is compared with few others."""

_MOST_STRETCHES = 100
"""A message in more of them (nobody talks so long) is compared with everybody."""


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


class Spans:
    """Spans of time in order, those that touch or overlap joined; whole microseconds. 16 bytes a span."""

    __slots__ = ("_ends", "_starts", "length")

    def __init__(self) -> None:
        self._starts, self._ends = array("q"), array("q")
        self.length = 0

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._starts, self._ends, strict=True)

    def add(self, start: int, end: int) -> list[tuple[int, int]]:
        """Add a span; return the pieces of it that were not covered before, in order."""
        if start >= end:
            return []
        if not self._ends or start > self._ends[-1]:  # as most messages come
            self._starts.append(start)
            self._ends.append(end)
            self.length += end - start
            return [(start, end)]
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        fresh, at = [], start
        for here in range(first, last):
            if self._starts[here] > at:
                fresh.append((at, self._starts[here]))
            at = max(at, self._ends[here])
        if at < end:
            fresh.append((at, end))
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last], self._ends[first:last] = array("q", [start]), array("q", [end])
        self.length += sum(stop - begin for begin, stop in fresh)
        return fresh

    def common(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the pieces of a span that are covered, in order."""
        first, last = bisect_right(self._ends, start), bisect_left(self._starts, end)
        return [(max(start, self._starts[here]), min(end, self._ends[here])) for here in range(first, last)]


@dataclass(slots=True)
class _Speaker:
    """What one speaker said: when, how many words, the length of all messages, and the microseconds shared with each other speaker."""

    spans: Spans
    words: int
    spoken: int
    shared: dict[Hashable, int]


class Talk:
    """The figures of a conversation, kept while messages are added: each costs a search among the spans of who talked near it."""

    def __init__(self) -> None:
        self._speakers: dict[Hashable, _Speaker] = {}
        self._near: dict[int, dict[Hashable, None]] = {}
        self._everywhere: dict[Hashable, None] = {}
        self._anybody, self._several = Spans(), Spans()
        self._end = 0

    def __len__(self) -> int:
        """Return how many spans are held: a measure of the memory that this takes."""
        return len(self._anybody) + len(self._several) + sum(len(one.spans) for one in self._speakers.values())

    def add(self, piece: Spoken) -> None:
        """Take in a message."""
        start, end = round(piece.start * _SECOND), round(piece.end * _SECOND)
        self._end = max(self._end, end)
        own = self._speakers.setdefault(piece.speaker, _Speaker(Spans(), 0, 0, {}))
        own.words += piece.words
        own.spoken += end - start
        for begin, stop in own.spans.add(start, end):
            for shared_start, shared_end in self._anybody.common(begin, stop):
                self._share(piece.speaker, own, shared_start, shared_end)
            self._anybody.add(begin, stop)
        for stretch in self._stretches(start, end):
            self._near.setdefault(stretch, {})[piece.speaker] = None
        if end - start > _MOST_STRETCHES * _STRETCH:
            self._everywhere[piece.speaker] = None

    def _stretches(self, start: int, end: int) -> range:
        return range(start // _STRETCH, end // _STRETCH + 1) if end - start <= _MOST_STRETCHES * _STRETCH else range(0)

    def _share(self, speaker: Hashable, own: _Speaker, start: int, end: int) -> None:
        """Note that a speaker talked in a span in which others did."""
        self._several.add(start, end)
        for key in self._around(start, end):
            other = self._speakers[key]
            both = sum(stop - begin for begin, stop in other.spans.common(start, end)) if key != speaker else 0
            if both:
                own.shared[key] = own.shared.get(key, 0) + both
                other.shared[speaker] = other.shared.get(speaker, 0) + both

    def _around(self, start: int, end: int) -> list[Hashable]:
        """Return everybody who may have talked in a span."""
        stretches = self._stretches(start, end)
        if not stretches:
            return list(self._speakers)
        return list(self._everywhere | {key: None for stretch in stretches for key in self._near.get(stretch, ())})

    def spoken_seconds(self) -> dict[Hashable, float]:
        """Return the length of the messages of each speaker; what overlaps counts each time."""
        return {key: one.spoken / _SECOND for key, one in self._speakers.items()}

    def figures(self, total: float) -> Figures:
        """Return the figures of a conversation that lasted `total` seconds, or until its last word where that is later."""
        talk = self._anybody.length
        order = {key: place for place, key in enumerate(self._speakers)}
        speakers = {}
        for key, one in self._speakers.items():
            own = one.spans.length
            overlaps = {other: one.shared[other] / _SECOND for other in sorted(one.shared, key=order.__getitem__)}
            speakers[key] = SpeakerFigures(own / _SECOND, (talk - own) / _SECOND, _pace(one.words, own / _SECOND), overlaps)
        total = max(total, self._end / _SECOND)
        return Figures(total, total - talk / _SECOND, talk / _SECOND, self._several.length / _SECOND, speakers)


def measure(spoken: Sequence[Spoken], total: float) -> Figures:
    """Return the figures of messages, in their order, of a conversation that lasted `total` seconds."""
    talk = Talk()
    for piece in spoken:
        talk.add(piece)
    return talk.figures(total)


def _pace(words: int, seconds: float) -> float:
    return words * 60 / seconds if seconds > 0 else 0.0
