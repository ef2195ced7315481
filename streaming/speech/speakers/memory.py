"""What a diarizer knows of one audio source: its segments with their voice vectors and labels, and what people corrected."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from streaming.speech.speakers.activity import SpeechPart
from streaming.speech.speakers.clustering import Clusters, Evidence, Floats, agglomerate, match_labels
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.turn_voices import TurnVoice
from streaming.speech.speakers.types import SpeakerSpan, Vectors

_MOST_OPEN = 120  # segments that live labelling clusters again with each turn; older ones are only kept as sums
_CLOSED_AT_ONCE = 40
_MOST_AGAIN = 800  # segments that the second pass clusters again
_TEMPERATURE = 5.0  # by which evidence is divided to get confidences; vectors of one conversation depend on each other
_DISTURBED = 0.3  # what a second counts during which others speak too
_CHANGE_S = 0.3  # of two voices at once may be a change from one local speaker to another, both of one person
_PINNED_S = 1e6  # counts for the choice of labels like so many seconds


@dataclass(slots=True)
class Segment:
    """The speech of one local speaker of a turn. `seconds` is the part of it during which nobody else speaks."""

    turn: int
    local: int
    parts: tuple[SpeechPart, ...]
    seconds: float
    vector: Vectors
    label: int = -1
    confidence: float = 0.0
    pinned: bool = False

    @property
    def start_s(self) -> float:
        """When it starts."""
        return self.parts[0].start_s

    @property
    def end_s(self) -> float:
        """When it ends."""
        return self.parts[-1].end_s


@dataclass(slots=True)
class Sums:
    """What is known of a voice: the sums of the precisions of its vectors, of the weighted vectors, and of the seconds of speech."""

    precision: float
    vector: Floats
    seconds: float

    def add(self, other: "Sums") -> None:
        """Add what is known of the same voice from elsewhere."""
        self.precision += other.precision
        self.vector = self.vector + other.vector
        self.seconds += other.seconds


class StoredSums(TypedDict):
    """`Sums` as JSON."""

    label: int
    precision: float
    vector: str
    seconds: float


class StoredSegment(TypedDict):
    """`Segment` as JSON."""

    turn: int
    local: int
    parts: list[tuple[float, float, bool]]
    seconds: float
    vector: str
    label: int
    confidence: float
    pinned: bool


class MemoryState(TypedDict):
    """`Memory` as JSON."""

    version: int
    turn: int
    merged: list[tuple[int, int]]
    closed: list[StoredSums]
    segments: list[StoredSegment]


@dataclass(slots=True)
class _Clustered:
    """What is clustered: one segment, or all that has a fixed label (`label`), by a person's correction or because it is old."""

    sums: Sums
    members: list[Segment] = field(default_factory=list)
    label: int = -1
    pinned: bool = False

    @property
    def single(self) -> Segment | None:
        """Its segment, if it is one that is not fixed."""
        return None if self.label >= 0 else self.members[0]


class Memory:
    """The segments of an audio source, in the order of their turns, and their labels."""

    def __init__(self, between: NDArray[np.float32], tuning: Tuning, expected: int | None, most: int) -> None:
        self._evidence = Evidence(between, tuning.merge, tuning.most_precision, tuning.common_noise)
        self._between = between.astype(np.float64)
        self._tuning = tuning
        self._expected = expected
        self._most = most
        self._segments: list[Segment] = []
        self._first_open = 0
        self._closed: dict[int, Sums] = {}  # of segments before `_first_open`, and of those from before a restart
        self._turn = 0
        self._merged: dict[int, int] = {}  # by people: a label of ours, and the label that is shown in its place

    # -- turns

    def remove_from(self, start_s: float) -> None:
        """Remove the segments that start at a time or later: those of a part of a turn that is given again."""
        while len(self._segments) > self._first_open and self._segments[-1].start_s >= start_s:
            self._segments.pop()

    def known_voices(self) -> Clusters:
        """Return what is known of each voice."""
        known = self._known().values()
        dimensions = len(self._between)
        return Clusters(np.array([one.precision for one in known]), np.array([one.vector for one in known]).reshape(-1, dimensions))

    def add_turn(self, found: Iterable[TurnVoice]) -> None:
        """Add the segments of a turn."""
        self._turn += 1
        self._segments += [
            Segment(self._turn, one.local, one.parts, one.seconds, one.vector)
            for one in sorted(found, key=lambda one: one.parts[0].start_s)
        ]
        if len(self._segments) - self._first_open > _MOST_OPEN:
            self._close(_CLOSED_AT_ONCE)

    def _close(self, count: int) -> None:
        """Keep the labels of the oldest open segments as they are."""
        for segment in self._segments[self._first_open : self._first_open + count]:
            self._add_closed(segment.label, self._sums_of(segment))
        self._first_open += count

    def settle(self) -> None:
        """Keep the labels of all segments as they are, and forget when they were."""
        self._close(len(self._segments) - self._first_open)
        self._segments, self._first_open = [], 0

    def _add_closed(self, label: int, sums: Sums) -> None:
        if label in self._closed:
            self._closed[label].add(sums)
        else:
            self._closed[label] = sums

    def _sums_of(self, segment: Segment) -> Sums:
        weight = self._tuning.weight(segment.seconds)
        return Sums(self._tuning.precision(segment.seconds), segment.vector.astype(np.float64) * weight, segment.seconds)

    # -- labels

    def label(self, *, again: bool = False) -> None:
        """Label the open segments; `again`: also the closed ones."""
        if again:
            self._open_all()
        nodes = self._nodes()
        if not nodes:
            return
        groups = self._groups(nodes)
        labels = match_labels(
            groups,
            [node.label if node.label >= 0 else (node.members[0].label if node.members[0].label >= 0 else None) for node in nodes],
            [node.sums.seconds + (_PINNED_S if node.pinned else 0.0) for node in nodes],
        )
        renamed: dict[int, int] = {}
        for node, group in zip(nodes, groups, strict=True):
            if node.label >= 0 and node.label != labels[group]:
                renamed[node.label] = labels[group]
            for member in node.members:
                member.label = labels[group]
        self._rename_closed(renamed)
        clustered = {id(member) for node in nodes for member in node.members}
        self._assign(clustered)

    def _open_all(self) -> None:
        """Open the closed segments again, as many as can be clustered; only what was known before a restart stays closed."""
        first = max(0, len(self._segments) - _MOST_AGAIN)
        for segment in self._segments[first : self._first_open]:
            closed, sums = self._closed[segment.label], self._sums_of(segment)
            closed.add(Sums(-sums.precision, -sums.vector, -sums.seconds))
            if closed.seconds < 1e-6:
                del self._closed[segment.label]
        self._first_open = min(self._first_open, first)

    def _rename_closed(self, renamed: dict[int, int]) -> None:
        if not renamed:
            return
        closed, self._closed = self._closed, {}
        for label, sums in closed.items():
            self._add_closed(renamed.get(label, label), sums)
        for segment in self._segments[: self._first_open]:
            segment.label = renamed.get(segment.label, segment.label)

    def _nodes(self) -> list[_Clustered]:
        """Return what is clustered: closed and corrected labels, and the open segments that are long enough."""
        fixed = {
            label: _Clustered(Sums(sums.precision, sums.vector, sums.seconds), [], label) for label, sums in sorted(self._closed.items())
        }
        opened = self._segments[self._first_open :]
        long = [one for one in opened if one.seconds >= self._tuning.least_s and not one.pinned]
        nodes = []
        for one in opened:
            if one.pinned:
                node = fixed.setdefault(one.label, _Clustered(Sums(0.0, np.zeros(len(self._between)), 0.0), [], one.label))
                node.sums.add(self._sums_of(one))
                node.members.append(one)
                node.pinned = True
        nodes = [*fixed.values(), *(_Clustered(self._sums_of(one), [one]) for one in long)]
        if not nodes:  # only short segments until now
            nodes = [_Clustered(self._sums_of(one), [one]) for one in opened]
        return nodes

    def _groups(self, nodes: list[_Clustered]) -> list[int]:
        count = len(nodes)
        apart = np.zeros((count, count), dtype=bool)
        bonus = np.zeros((count, count))
        for row, node in enumerate(nodes):
            for column, other in enumerate(nodes[:row]):
                one, two = node.single, other.single
                apart[row, column] = apart[column, row] = (node.pinned and other.pinned) or (
                    one is not None and two is not None and _together(one, two)
                )
                if one is not None and two is not None and one.turn == two.turn and one.local != two.local:
                    bonus[row, column] = bonus[column, row] = -self._tuning.two_locals
        clusters = Clusters(np.array([node.sums.precision for node in nodes]), np.stack([node.sums.vector for node in nodes]))
        return agglomerate(clusters, self._evidence, apart=apart, bonus=bonus, wanted=self._expected, most=self._expected or self._most)

    def _assign(self, clustered: set[int]) -> None:
        """Give each segment that was not clustered the label with the most evidence, and compute all confidences."""
        known = self._known()
        labels = sorted(known)
        for number, segment in enumerate(self._segments[self._first_open :], self._first_open):
            scores = self._scores(segment, known, labels)
            if id(segment) not in clustered and not segment.pinned:
                segment.label = self._best_free(number, labels, scores)
            self._rate(segment, labels, scores)

    def _known(self) -> dict[int, Sums]:
        """Return what is known of each label."""
        known: dict[int, Sums] = {}
        for label, sums in self._closed.items():
            known[label] = Sums(sums.precision, sums.vector, sums.seconds)
        for segment in self._segments[self._first_open :]:
            if segment.label >= 0 and (segment.pinned or segment.seconds >= self._tuning.least_s or not known):
                known.setdefault(segment.label, Sums(0.0, np.zeros(len(self._between)), 0.0)).add(self._sums_of(segment))
        return known

    def _scores(self, segment: Segment, known: dict[int, Sums], labels: Sequence[int]) -> Floats:
        """Return the evidence that a segment belongs to each label, without its own contribution."""
        own = self._sums_of(segment)
        weights = np.array([known[label].precision for label in labels])
        sums = np.stack([known[label].vector for label in labels])
        if segment.label in labels and (segment.pinned or segment.seconds >= self._tuning.least_s):
            row = labels.index(segment.label)
            weights[row] = max(0.0, weights[row] - own.precision)
            sums[row] -= own.vector
        if not own.precision:  # others speak all the time: the vector says a little
            seconds = _DISTURBED * sum(part.end_s - part.start_s for part in segment.parts)
            own = Sums(self._tuning.precision(seconds), segment.vector.astype(np.float64) * self._tuning.weight(seconds), seconds)
        one = Clusters(np.array([own.precision]), own.vector[None])
        return self._evidence.of_merging(one, Clusters(weights, sums))

    def _best_free(self, number: int, labels: Sequence[int], scores: Floats) -> int:
        """Return the label with the most evidence that nobody has who speaks at the same time."""
        segment = self._segments[number]
        near = self._segments[max(self._first_open, number - 8) : number + 9]
        taken = {one.label for one in near if one is not segment and _together(one, segment)}
        order: list[int] = np.argsort(-scores).tolist()
        return next((labels[place] for place in order if labels[place] not in taken), labels[order[0]])

    def _rate(self, segment: Segment, labels: Sequence[int], scores: Floats) -> None:
        if segment.pinned:
            segment.confidence = 1.0
            return
        evidence = np.append(scores, 0.0)  # the last is a new speaker
        if len(labels) == 1:
            evidence[0] = max(evidence[0], 0.0)
        odds = np.exp((evidence - evidence.max()) / _TEMPERATURE)
        segment.confidence = float(odds[labels.index(segment.label)] / odds.sum())

    # -- corrections

    def merge(self, keep: int, other: int) -> None:
        """Show `keep` in place of `other` from now on. Both voices are still told apart, because each is recognised by itself."""
        self._merged = {ours: keep if shown == other else shown for ours, shown in self._merged.items()} | {other: self._shown(keep)}
        for segment in self._segments[self._first_open :]:
            if self._shown(segment.label) == self._shown(keep):
                segment.pinned = True

    def unmerge(self, other: int) -> None:
        """Undo the merging of a label: it is shown again. Its segments and those of the label that it was merged with stay apart."""
        self._merged.pop(other, None)

    def merged(self) -> dict[int, int]:
        """Return the labels that are not shown, and the label that is shown in the place of each."""
        return dict(self._merged)

    def _shown(self, label: int) -> int:
        return self._merged.get(label, label)

    def split(self, speaker: int, from_s: float) -> int:
        """Give the speech of a label from a time on a new label; return it."""
        fresh = max([*self._closed, *(one.label for one in self._segments)], default=-1) + 1
        for segment in self._segments[self._first_open :]:
            if self._shown(segment.label) == speaker:
                segment.pinned = True
                if segment.start_s >= from_s:
                    segment.label = fresh
        return fresh

    def pin(self, span: tuple[float, float], speaker: int) -> None:
        """Give the segments of which at least half lies in [start, end) a label, for good."""
        for segment in self._inside(span):
            segment.label, segment.pinned = speaker, True

    def unpin(self, span: tuple[float, float], speaker: int) -> None:
        """Undo `pin`: the segments have their former label again, until later evidence changes it."""
        for segment in self._inside(span):
            segment.label, segment.pinned = speaker, False

    def _inside(self, span: tuple[float, float]) -> Iterator[Segment]:
        """Yield the open segments of which at least half lies in [start, end)."""
        for segment in self._segments[self._first_open :]:
            length = sum(part.end_s - part.start_s for part in segment.parts)
            inside = sum(max(0.0, min(part.end_s, span[1]) - max(part.start_s, span[0])) for part in segment.parts)
            if inside >= length / 2:
                yield segment

    def nearest(self, vector: Vectors, seconds: float) -> int | None:
        """Return the known voice with the most evidence for being that of a vector; None if it is more probably another one."""
        known = self._known()
        labels = sorted(known)
        if not labels:
            return None
        weight = self._tuning.weight(seconds)
        one = Clusters(np.array([self._tuning.precision(seconds)]), vector.astype(np.float64)[None] * weight)
        others = Clusters(np.array([known[label].precision for label in labels]), np.stack([known[label].vector for label in labels]))
        scores = self._evidence.of_merging(one, others)
        best = int(scores.argmax())
        return self._shown(labels[best]) if scores[best] > 0 else None

    # -- results

    def spans(self, from_s: float = float("-inf"), until_s: float = float("inf")) -> tuple[SpeakerSpan, ...]:
        """Return the spans that start in [from_s, until_s), in order."""
        found = [(part, segment) for segment in self._segments for part in segment.parts if from_s <= part.start_s < until_s]
        found.sort(key=lambda one: (one[0].start_s, one[0].end_s))  # not by label, so that the order stays when labels change
        return tuple(
            SpeakerSpan(part.start_s, part.end_s, self._shown(one.label), part.overlap, round(one.confidence, 3)) for part, one in found
        )

    def speakers(self) -> list[int]:
        """Return the labels in use."""
        return sorted({self._shown(label) for label in (*self._closed, *(one.label for one in self._segments if one.label >= 0))})

    def sums(self, speaker: int) -> Sums | None:
        """Return what is known of a voice; None if it is nothing."""
        total = Sums(0.0, np.zeros(len(self._between)), 0.0)
        for label, sums in self._closed.items():
            if self._shown(label) == speaker:
                total.add(sums)
        for segment in self._segments[self._first_open :]:
            if self._shown(segment.label) == speaker:
                total.add(self._sums_of(segment))
        return total if total.seconds >= self._tuning.least_s else None

    # -- state

    def state(self) -> MemoryState:
        """Return what is needed to continue with the same labels: the open segments, and sums of the closed ones."""
        return {
            "version": 1,
            "turn": self._turn,
            "merged": list(self._merged.items()),
            "closed": [
                {"label": label, "precision": sums.precision, "vector": _packed(sums.vector, np.float32), "seconds": sums.seconds}
                for label, sums in self._closed.items()
            ],
            "segments": [
                {
                    "turn": one.turn,
                    "local": one.local,
                    "parts": [(round(part.start_s, 3), round(part.end_s, 3), part.overlap) for part in one.parts],
                    "seconds": round(one.seconds, 3),
                    "vector": _packed(one.vector, np.float16),
                    "label": one.label,
                    "confidence": round(one.confidence, 3),
                    "pinned": one.pinned,
                }
                for one in self._segments[self._first_open :]
            ],
        }

    def restore(self, state: MemoryState) -> None:
        """Replace everything by a state. Raises ValueError if it is not valid."""
        try:
            if state["version"] != 1:
                raise ValueError("the state of the speakers has another version")
            closed = {
                one["label"]: Sums(one["precision"], self._unpacked(one["vector"], np.float32).astype(np.float64), one["seconds"])
                for one in state["closed"]
            }
            segments = [
                Segment(
                    one["turn"],
                    one["local"],
                    tuple(SpeechPart(*part) for part in one["parts"]),
                    one["seconds"],
                    self._unpacked(one["vector"], np.float16).astype(np.float32),
                    one["label"],
                    one["confidence"],
                    one["pinned"],
                )
                for one in state["segments"]
            ]
            turn, merged = int(state["turn"]), {int(ours): int(shown) for ours, shown in state["merged"]}
        except (KeyError, TypeError) as error:
            raise ValueError(f"the state of the speakers is not valid ({type(error).__name__})") from None
        self._closed, self._segments, self._first_open, self._turn = closed, segments, 0, turn
        self._merged = merged

    def _unpacked(self, text: str, kind: type[np.floating]) -> NDArray[np.floating]:
        vector = np.frombuffer(base64.b64decode(text), kind)
        if len(vector) != len(self._between):
            raise ValueError("a voice vector of the state has another length than those of the models")
        return vector


def _together(one: Segment, other: Segment) -> bool:
    """Whether two segments are speech at the same time, for longer than the segmentation model is wrong about a change of voice."""
    if one.turn != other.turn:
        return False
    shared = sum(max(0.0, min(a.end_s, b.end_s) - max(a.start_s, b.start_s)) for a in one.parts for b in other.parts)
    return shared > _CHANGE_S


def _packed(vector: NDArray[np.floating], kind: type[np.floating]) -> str:
    return base64.b64encode(vector.astype(kind).tobytes()).decode()
