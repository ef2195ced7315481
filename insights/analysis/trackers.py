"""Trackers: phrases that somebody wants to hear about. Finds them as said, inflected, over two messages, and nearly said.

One dictionary from stems to phrases, so that thousands of phrases cost what one costs: the message is looked up, never the phrases.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from insights.analysis.background import is_common
from insights.analysis.words import STOP_WORDS, Token, stem, tokens

NEAR = -1
"""Offset of a hit that is only similar, as the Symbl wire has it."""

_WINDOW = 4
"""Extra words that a near match may have between its own."""


@dataclass(frozen=True, slots=True)
class Tracker:
    """A name and the phrases that stand for it."""

    name: str
    vocabulary: tuple[str, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class TrackerHit:
    """One phrase heard. value: the phrase of the vocabulary; text: as it was said; offset and end: in this message; offset -1 = similar.

    A phrase that began in the message before has offset 0, and its text holds both parts.
    """

    name: str
    value: str
    text: str
    offset: int
    end: int
    id: str = ""


@dataclass(frozen=True, slots=True)
class _Phrase:
    tracker: int
    text: str
    stems: tuple[str, ...]
    content: tuple[str, ...]


class TrackerIndex:
    """All trackers of a listener, ready to be looked up. Building costs about 10 us a phrase; finding does not depend on their number."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self._trackers = tuple(trackers)
        self._exact: dict[tuple[str, ...], list[_Phrase]] = {}
        self._lengths: dict[str, set[int]] = {}
        self._by_pair: dict[tuple[str, str], list[_Phrase]] = {}
        self._by_letters: dict[str, set[str]] = {}
        self._stems: set[str] = set()
        for number, tracker in enumerate(self._trackers):
            for text in dict.fromkeys(tracker.vocabulary):
                self._add(number, text)
        self._longest = max((len(stems) for stems in self._exact), default=0)

    def _add(self, number: int, text: str) -> None:
        stems = tuple(stem(token.low) for token in tokens(text))
        if not stems:
            return
        content = tuple(dict.fromkeys(stem(token.low) for token in tokens(text) if token.low not in STOP_WORDS))
        phrase = _Phrase(number, text, stems, content)
        self._exact.setdefault(stems, []).append(phrase)
        self._lengths.setdefault(stems[0], set()).add(len(stems))
        if len(content) >= 2:
            self._by_pair.setdefault(_pair(content[0], content[1]), []).append(phrase)
        for word in stems:
            if len(word) >= 5 and word not in self._stems:
                for shape in _deletions(word):
                    self._by_letters.setdefault(shape, set()).add(word)
        self._stems.update(stems)

    def find(self, text: str, previous_text: str = "") -> list[TrackerHit]:
        """Every phrase heard in the message, exact hits first by offset, then similar ones; a phrase once per place.

        previous_text: the message before by the same speaker, for a phrase that spans both.
        """
        if not self._longest:
            return []
        words = tokens(text)
        stems = [stem(word.low) for word in words]
        hits = self._exact_hits(text, words, stems)
        if previous_text:
            hits += self._spanning_hits(text, previous_text, words, stems)
        hits.sort(key=lambda hit: hit.offset)
        seen = {(hit.name, hit.id, hit.value) for hit in hits}
        for hit in self._near_hits(text, words, stems):
            if (hit.name, hit.id, hit.value) not in seen:
                seen.add((hit.name, hit.id, hit.value))
                hits.append(hit)
        return hits

    def _hit(self, phrase: _Phrase, text: str, offset: int, end: int) -> TrackerHit:
        tracker = self._trackers[phrase.tracker]
        return TrackerHit(tracker.name, phrase.text, text, offset, end, tracker.id)

    def _exact_hits(self, text: str, words: Sequence[Token], stems: Sequence[str]) -> list[TrackerHit]:
        hits = []
        for at, last, phrase in self._phrases_in(stems):
            start, end = words[at].start, words[last].end
            hits.append(self._hit(phrase, text[start:end], start, end))
        return hits

    def _phrases_in(self, stems: Sequence[str]) -> Iterator[tuple[int, int, _Phrase]]:
        """(first word, last word, phrase) for every phrase that stands among the stems word by word."""
        for at, first in enumerate(stems):
            for length in self._lengths.get(first, ()):
                if at + length <= len(stems):
                    for phrase in self._exact.get(tuple(stems[at : at + length]), ()):
                        yield at, at + length - 1, phrase

    def _spanning_hits(self, text: str, previous: str, words: Sequence[Token], stems: Sequence[str]) -> list[TrackerHit]:
        """Phrases whose first words end the message before and whose last words begin this one."""
        tail = tokens(previous)[-(self._longest - 1) :] if self._longest > 1 else []
        both = [stem(word.low) for word in tail] + list(stems[: self._longest - 1])
        hits = []
        for at, last, phrase in self._phrases_in(both):
            if at < len(tail) <= last:
                end = words[last - len(tail)].end
                hits.append(self._hit(phrase, f"{previous[tail[at].start : tail[-1].end]} {text[words[0].start : end]}", 0, end))
        return hits

    def _near_hits(self, text: str, words: Sequence[Token], stems: Sequence[str]) -> Iterator[TrackerHit]:
        """Phrases with all their content words close together in any order, and words one letter away from a tracker's."""
        mended = [self._mend(word, low) for word, low in zip(words, stems, strict=True)]
        if mended != list(stems):
            for at, last, phrase in self._phrases_in(mended):
                yield self._hit(phrase, text[words[at].start : words[last].end], NEAR, words[last].end)
        if not self._by_pair:
            return
        places: dict[str, int] = {}
        for at, word in enumerate(mended):
            if word not in self._stems or words[at].low in STOP_WORDS:
                continue
            for other, where in places.items():
                if at - where <= _WINDOW + 1:
                    yield from self._close_phrases(text, words, mended, where, at, _pair(other, word))
            places[word] = at

    def _close_phrases(
        self, text: str, words: Sequence[Token], stems: Sequence[str], first: int, last: int, pair: tuple[str, str]
    ) -> Iterator[TrackerHit]:
        """Phrases that begin with this pair of content words and whose other words are all near."""
        for phrase in self._by_pair.get(pair, ()):
            low, high = first, last
            reach = len(phrase.stems) + _WINDOW
            start = max(0, last - reach)
            for wanted in phrase.content[2:]:
                at = next((i for i in range(start, min(len(stems), first + reach)) if stems[i] == wanted), None)
                if at is None:
                    break
                low, high = min(low, at), max(high, at)
            else:
                if high - low < reach:
                    yield self._hit(phrase, text[words[low].start : words[high].end], NEAR, words[high].end)

    def _mend(self, word: Token, low: str) -> str:
        """The stem of a tracker that a word misses by one letter; the word's own stem where it is common English or not near any."""
        if len(low) < 5 or low in self._stems or is_common(word.low):
            return low
        near = {known for shape in _deletions(low) for known in self._by_letters.get(shape, ())}
        close = [known for known in sorted(near) if OSA.distance(low, known, score_cutoff=1) <= 1]
        return close[0] if close else low


def _pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)


def _deletions(word: str) -> set[str]:
    """The word and all it becomes by losing one letter: two words one edit apart share a member."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
