"""Cut a turn in which several people speak into parts of one speaker each, at the words where the voice changes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from streaming.speech.engines.base import RecognitionResult, Word

LEAST_PART_S = 0.35
"""Seconds of a part. A shorter one goes to its neighbour: the times of words and voices are not that exact."""
OVERLAPPED = 0.3
"""Share of a part in which another voice speaks, too, from which on it is marked."""
_SENTENCE_ENDS = (".", "?", "!")


@dataclass(frozen=True, slots=True)
class VoiceTime:
    """A stretch in which a voice speaks, in seconds on the clock of the words."""

    start: float
    end: float
    voice: int
    overlap: bool = False


@dataclass(frozen=True, slots=True)
class SpeakerPart:
    """Consecutive words of one voice. `overlap`: another voice speaks, too."""

    voice: int
    words: tuple[Word, ...]
    overlap: bool = False

    def of(self, result: RecognitionResult) -> RecognitionResult:
        """Return this part of a result; the whole result if it has no other part. The translation of a turn stays with its first part."""
        if len(self.words) == len(result.words):
            return result
        text = " ".join(word.text for word in self.words)
        translation = result.translation if self.words[:1] == result.words[:1] else ""
        return replace(result, text=text, words=self.words, start=self.words[0].start, end=self.words[-1].end, translation=translation)


def parts_of(words: Sequence[Word], times: Sequence[VoiceTime], *, otherwise: int) -> list[SpeakerPart]:
    """Return the parts of a turn, in order; every word is in exactly one. `otherwise`: the voice where nothing is known."""
    if not words:
        return []
    voices = _with_sentences(words, _without_short_runs(words, _voices(words, times, otherwise)))
    runs = groupby(zip(voices, words, strict=True), key=lambda one: one[0])
    found = [(voice, tuple(word for _, word in run)) for voice, run in runs]
    return [SpeakerPart(voice, own, _is_overlapped(own, times)) for voice, own in found]


def _voices(words: Sequence[Word], times: Sequence[VoiceTime], otherwise: int) -> list[int]:
    """Return the voice of each word: the one that speaks longest in it, else the nearest. Where two speak as long, it does not change."""
    found: list[int] = []
    for word in words:
        before = found[-1] if found else None
        best = max(times, key=lambda one: (_shared(word, one), one.voice == before), default=None)
        found.append(otherwise if best is None else best.voice)
    return found


def _shared(word: Word, time: VoiceTime) -> float:
    """Return the seconds of a word in which a voice speaks; if it does not, minus the seconds between them."""
    return min(word.end, time.end) - max(word.start, time.start)


def _without_short_runs(words: Sequence[Word], voices: list[int]) -> list[int]:
    """Give runs that are too short to their longer neighbour, the shortest first."""
    while len(runs := _runs(voices)) > 1:
        lengths = [words[end - 1].end - words[start].start for start, end in runs]
        shortest = min(range(len(runs)), key=lengths.__getitem__)
        if lengths[shortest] >= LEAST_PART_S:
            break
        neighbours = [place for place in (shortest - 1, shortest + 1) if 0 <= place < len(runs)]
        start, end = runs[shortest]
        voice = voices[runs[max(neighbours, key=lengths.__getitem__)][0]]
        voices = [*voices[:start], *[voice] * (end - start), *voices[end:]]
    return voices


def _with_sentences(words: Sequence[Word], voices: list[int]) -> list[int]:
    """Move each change of the voice by one word if a sentence ends there and none at the change."""
    moved = list(voices)
    for (_, place), (_, end) in pairwise(_runs(voices)):
        if _ends(words[place - 1]):
            continue
        if end - place > 1 and _ends(words[place]):
            moved[place] = moved[place - 1]
        elif place > 1 and _ends(words[place - 2]) and moved[place - 2] == moved[place - 1]:
            moved[place - 1] = moved[place]
    return moved


def _runs(voices: Sequence[int]) -> list[tuple[int, int]]:
    """Return the places [start, end) of the runs of one voice."""
    starts = [place for place in range(len(voices)) if place == 0 or voices[place] != voices[place - 1]]
    return list(pairwise([*starts, len(voices)]))


def _ends(word: Word) -> bool:
    return word.text.endswith(_SENTENCE_ENDS)


def _is_overlapped(words: Sequence[Word], times: Sequence[VoiceTime]) -> bool:
    """Return whether more than one voice speaks in enough of the words."""
    seconds = sum(word.end - word.start for word in words)
    shared = sum(min(1.0 * (word.end - word.start), _overlap(word, times)) for word in words)
    return shared > OVERLAPPED * seconds


def _overlap(word: Word, times: Sequence[VoiceTime]) -> float:
    """Return the seconds of a word that times of overlap cover; each of the two voices has one."""
    found = [_shared(word, one) for one in times if one.overlap]
    return max((one for one in found if one > 0), default=0.0)
