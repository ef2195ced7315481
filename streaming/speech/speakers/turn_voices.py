"""The voices of one turn: who of the local speakers speaks when, and their voice vectors.

The segmentation model sometimes takes two persons for one local speaker. Therefore the speech of a local speaker is cut into pieces, which
are clustered by their voice vectors; usually all of them are one voice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples
from streaming.speech.speakers.activity import PAUSE_S, Activity, SpeechPart, frame_at, parts, turn_activity
from streaming.speech.speakers.clustering import Clusters, Evidence, agglomerate
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.types import Columns, Regions, SpeakerModels, Vectors

_NEAR_S = 0.6  # a change of voice is moved to the weakest activity so near


@dataclass(frozen=True, slots=True)
class TurnVoice:
    """A voice in a turn: its parts, the seconds during which nobody else speaks, its vector, and which local speaker it is (or part of)."""

    local: int
    parts: tuple[SpeechPart, ...]
    seconds: float
    vector: NDArray[np.float32]


class TurnVoices:
    """Finds the voices of turns."""

    def __init__(self, models: SpeakerModels, tuning: Tuning) -> None:
        self._models = models
        self._tuning = tuning
        self._evidence = Evidence(models.between, tuning.merge, tuning.most_precision, tuning.common_noise)

    def find(self, before: Samples, turn: Samples, known: Clusters, *, speech: bool) -> list[TurnVoice]:
        """Return the voices of a turn; `before` is audio before it, `known` are the speakers. With `speech`, there is at least one."""
        seconds = len(turn) / RATE
        activity = turn_activity(self._models, before, turn)
        speakers = {number: speech_of for number in range(activity.shape[1]) if (speech_of := parts(activity, number, turn))}
        if not speakers:
            if not speech:
                return []
            speakers = {0: [SpeechPart(0.0, seconds, False)]}
        columns = self._models.columns(turn)
        split = {number: self._split(columns, speech_of, activity[:, number], known) for number, speech_of in speakers.items()}
        numbers = [number for number, cut in split.items() for _ in cut]
        voices = pauses_closed([voice for cut in split.values() for voice in cut])
        regions = [_undisturbed(voice) for voice in voices]
        wanted = [region or [(part.start_s, part.end_s) for part in voice] for region, voice in zip(regions, voices, strict=True)]
        vectors = self._models.vectors(columns, wanted)
        lengths = (sum(end - start for start, end in region) for region in regions)
        found = zip(numbers, voices, lengths, vectors, strict=True)
        return [TurnVoice(local, tuple(voice), length, vector) for local, voice, length, vector in found]

    def _split(self, columns: Columns, found: list[SpeechPart], active: Activity, known: Clusters) -> list[list[SpeechPart]]:
        """Return the parts of each voice of a local speaker."""
        pieces = [piece for part in found if not part.overlap for piece in _pieces(part, self._tuning.piece_s)]
        if len(pieces) < 2:
            return [found]
        groups = self._groups(pieces, self._models.vectors(columns, [[piece] for piece in pieces]), known)
        if len(set(groups)) == 1:
            return [found]
        moved = [_weakest(active, end) if end == start else end for (_, end), (start, _) in zip(pieces, pieces[1:], strict=False)]
        cut: dict[int, list[SpeechPart]] = {group: [] for group in groups}
        for number, (group, (start_s, end_s)) in enumerate(zip(groups, pieces, strict=True)):
            first = moved[number - 1] if number and pieces[number - 1][1] == start_s else start_s
            last = moved[number] if number + 1 < len(pieces) and pieces[number + 1][0] == end_s else end_s
            _append(cut[group], SpeechPart(first, last, False))
        for part in found:
            if part.overlap:
                middle = (part.start_s + part.end_s) / 2
                nearest = min(range(len(pieces)), key=lambda number: abs(sum(pieces[number]) / 2 - middle))
                cut[groups[nearest]].append(part)
        return [sorted(voice, key=lambda part: part.start_s) for voice in cut.values()]

    def _groups(self, pieces: Sequence[tuple[float, float]], vectors: Vectors, known: Clusters) -> list[int]:
        """Return the voice of each piece: pieces are clustered together with the known speakers."""
        lengths = [end - start for start, end in pieces]
        precisions = np.array([self._tuning.precision(length) for length in lengths])
        weights = np.array([self._tuning.weight(length) for length in lengths])
        sums = np.concatenate((known.sums, vectors.astype(np.float64) * weights[:, None]))
        speakers, count = len(known), len(known) + len(pieces)
        bonus = np.zeros((count, count))
        bonus[speakers:, speakers:] = self._tuning.one_local
        apart = np.zeros((count, count), dtype=bool)
        apart[:speakers, :speakers] = True
        clusters = Clusters(np.concatenate((known.precisions, precisions)), sums)
        groups = agglomerate(clusters, self._evidence, bonus=bonus, apart=apart)[speakers:]
        while len(set(groups)) > 1:
            seconds = {group: sum(length for length, own in zip(lengths, groups, strict=True) if own == group) for group in groups}
            least = min(seconds, key=lambda group: seconds[group])
            if seconds[least] >= self._tuning.least_voice_s:
                break
            groups = [_neighbour(groups, number) if group == least else group for number, group in enumerate(groups)]
        return groups


def _neighbour(groups: Sequence[int], number: int) -> int:
    """Return the group of the nearest piece of another group."""
    others = [other for other in range(len(groups)) if groups[other] != groups[number]]
    return groups[min(others, key=lambda other: abs(other - number))]


def _pieces(part: SpeechPart, longest_s: float) -> Regions:
    """Return equal pieces of a part, of about `longest_s`."""
    count = max(1, round((part.end_s - part.start_s) / longest_s))
    edges = np.linspace(part.start_s, part.end_s, count + 1).tolist()
    return list(zip(edges, edges[1:], strict=False))


def _weakest(active: Activity, at_s: float) -> float:
    """Return the time of the weakest activity near a time."""
    first, last = max(0, frame_at(at_s - _NEAR_S)), min(len(active), frame_at(at_s + _NEAR_S))
    if last <= first or active[first:last].min() > 0.9 * active[first:last].max():
        return at_s
    return at_s + (first + int(active[first:last].argmin()) - frame_at(at_s)) * (2 * _NEAR_S) / max(1, last - first)


def _append(voice: list[SpeechPart], part: SpeechPart) -> None:
    """Append a part, as one with the last if they adjoin."""
    if voice and voice[-1].end_s == part.start_s and voice[-1].overlap == part.overlap:
        voice[-1] = SpeechPart(voice[-1].start_s, part.end_s, part.overlap)
    else:
        voice.append(part)


def pauses_closed(voices: Sequence[Sequence[SpeechPart]]) -> list[list[SpeechPart]]:
    """Return the parts of each voice, where pauses under `PAUSE_S` in which no other voice speaks are speech."""
    found: list[list[SpeechPart]] = []
    for own, voice in enumerate(voices):
        others = [part for number, other in enumerate(voices) if number != own for part in other]
        closed: list[SpeechPart] = []
        for part in voice:
            if closed and _is_short_pause(closed[-1].end_s, part.start_s, others):
                closed[-1] = replace(closed[-1], end_s=part.start_s)
            _append(closed, part)
        found.append(closed)
    return found


def _is_short_pause(start_s: float, end_s: float, others: Sequence[SpeechPart]) -> bool:
    """Return whether a pause is shorter than `PAUSE_S`, and none of the other parts lies in it."""
    return 0 < end_s - start_s < PAUSE_S and not any(part.start_s < end_s and part.end_s > start_s for part in others)


def _undisturbed(found: Sequence[SpeechPart]) -> list[tuple[float, float]]:
    return [(part.start_s, part.end_s) for part in found if not part.overlap]
