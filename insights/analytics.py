"""Talk time, silence, overlap and pace, computed from the times of messages. Pure: no Django.

`Talk` is incremental: adding a message costs about the same however many were added before. Times inside are integer microseconds, so
sums are exact and do not depend on the order of messages.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_SECOND = 1_000_000

_BUCKET = 64 * _SECOND
"""Length of a time bucket. The speakers in each bucket are known, so that a message is compared with few others."""

_MOST_BUCKETS = 100
"""A message that spans more buckets, which is unusual, is compared with all speakers."""


class TimedMessage(NamedTuple):
    """A message of one speaker; `start` and `end` are seconds from the start of the conversation."""

    speaker: Hashable
    start: float
    end: float
    words: int


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """One speaker: seconds of talk, seconds of silence while others talk, words per minute of talk, seconds of overlap by other speaker."""

    talk: float
    listen: float
    pace: float
    overlaps: dict[Hashable, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """The whole conversation, in seconds: `silence` without a speaker, `talk` with at least one, `overlap` with more than one."""

    total: float
    silence: float
    talk: float
    overlap: float
    speakers: dict[Hashable, SpeakerFigures]


class Spans:
    """A sorted set of disjoint time spans in integer microseconds; spans that touch or overlap are merged. 16 bytes per span."""

    __slots__ = ("_ends", "_starts", "length")

    def __init__(self) -> None:
        self._starts, self._ends = array("q"), array("q")
        self.length = 0

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._starts, self._ends, strict=True)

    def add(self, start: int, end: int) -> list[tuple[int, int]]:
        """Add a span; return its parts that were not covered before, in order."""
        if start >= end:
            return []
        if not self._ends or start > self._ends[-1]:  # the usual case: messages come in order
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
        """Return the parts of a span that are covered, in order."""
        first, last = bisect_right(self._ends, start), bisect_left(self._starts, end)
        return [(max(start, self._starts[here]), min(end, self._ends[here])) for here in range(first, last)]


@dataclass(slots=True)
class _Speaker:
    """One speaker's spans, number of words, total length of messages, and overlap with each other speaker; in microseconds."""

    spans: Spans
    words: int
    spoken: int
    shared: dict[Hashable, int]


class Talk:
    """The figures of a conversation, updated with each message. A message costs a search among the speakers of its buckets."""

    def __init__(self) -> None:
        self._speakers: dict[Hashable, _Speaker] = {}
        self._by_bucket: dict[int, dict[Hashable, None]] = {}
        self._unbucketed: dict[Hashable, None] = {}  # speakers with a message of more than _MOST_BUCKETS buckets
        self._talk, self._overlap = Spans(), Spans()
        self._end = 0

    def __len__(self) -> int:
        """Return the number of stored spans, as a measure of memory."""
        return len(self._talk) + len(self._overlap) + sum(len(one.spans) for one in self._speakers.values())

    def add(self, piece: TimedMessage) -> None:
        """Add a message."""
        speaker, start_s, end_s, words = piece
        start, end = round(start_s * _SECOND), round(end_s * _SECOND)
        own = self._speakers.get(speaker)
        if own is None:
            own = self._speakers[speaker] = _Speaker(Spans(), 0, 0, {})
        own.words += words
        own.spoken += end - start
        if start > self._end:  # the usual case: a message after all others overlaps with none
            own.spans.add(start, end)
            self._talk.add(start, end)
        else:
            self._add_among_others(speaker, own, start, end)
        if end > self._end:
            self._end = end
        for bucket in self._buckets(start, end):
            self._by_bucket.setdefault(bucket, {})[speaker] = None
        if end - start > _MOST_BUCKETS * _BUCKET:
            self._unbucketed[speaker] = None

    def _add_among_others(self, speaker: Hashable, own: _Speaker, start: int, end: int) -> None:
        """Add a span that may overlap with earlier ones."""
        for begin, stop in own.spans.add(start, end):
            for shared_start, shared_end in self._talk.common(begin, stop):
                self._add_overlap(speaker, own, shared_start, shared_end)
            self._talk.add(begin, stop)

    def _buckets(self, start: int, end: int) -> range:
        return range(start // _BUCKET, end // _BUCKET + 1) if end - start <= _MOST_BUCKETS * _BUCKET else range(0)

    def _add_overlap(self, speaker: Hashable, own: _Speaker, start: int, end: int) -> None:
        """Add a span in which both this speaker and others talked."""
        self._overlap.add(start, end)
        for key in self._speakers_near(start, end):
            other = self._speakers[key]
            both = sum(stop - begin for begin, stop in other.spans.common(start, end)) if key != speaker else 0
            if both:
                own.shared[key] = own.shared.get(key, 0) + both
                other.shared[speaker] = other.shared.get(speaker, 0) + both

    def _speakers_near(self, start: int, end: int) -> list[Hashable]:
        """Return all speakers who may have talked in a span."""
        buckets = self._buckets(start, end)
        if not buckets:
            return list(self._speakers)
        return list(self._unbucketed | {key: None for bucket in buckets for key in self._by_bucket.get(bucket, ())})

    def spoken_seconds(self) -> dict[Hashable, float]:
        """Return the total length of each speaker's messages in seconds; overlapping messages are not merged."""
        return {key: one.spoken / _SECOND for key, one in self._speakers.items()}

    def figures(self, total: float) -> Figures:
        """Return the figures of a conversation of `total` seconds, or until its last word if that is later."""
        talk = self._talk.length
        order = {key: place for place, key in enumerate(self._speakers)}
        speakers = {}
        for key, one in self._speakers.items():
            own = one.spans.length
            overlaps = {other: one.shared[other] / _SECOND for other in sorted(one.shared, key=order.__getitem__)}
            speakers[key] = SpeakerFigures(own / _SECOND, (talk - own) / _SECOND, _pace(one.words, own / _SECOND), overlaps)
        total = max(total, self._end / _SECOND)
        return Figures(total, total - talk / _SECOND, talk / _SECOND, self._overlap.length / _SECOND, speakers)


def measure(spoken: Sequence[TimedMessage], total: float) -> Figures:
    """Return the figures of the messages of a conversation of `total` seconds."""
    talk = Talk()
    for piece in spoken:
        talk.add(piece)
    return talk.figures(total)


def _pace(words: int, seconds: float) -> float:
    return words * 60 / seconds if seconds > 0 else 0.0
