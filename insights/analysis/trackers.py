"""Trackers: phrases that somebody wants to hear about. Finds them as said, inflected, over two messages, and nearly said.

One dictionary from stems to phrases, so that thousands of phrases cost what one costs: the message is looked up, never the phrases.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from insights.analysis.text.document_frequency import is_common
from insights.analysis.text.words import STOP_WORDS, Token, plain, stem, tokens

NEAR = -1
"""Offset of a hit that is only similar, as the Symbl wire has it."""

_WINDOW = 4
"""Extra words that a near match may have between its own."""

_MENDABLE = 6
"""Letters that the stem of a phrase's word must have for another word to be taken for it: 'relating' is no 'rebate'."""

_TAIL = 400
"""Characters of the message before in which a phrase may have begun."""

_PART = re.compile(r"[^-_]+")


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
class _Word:
    """A word of a message, parts of hyphenated ones apart: its stem, its place, and whether it says something by itself."""

    stem: str
    low: str
    start: int
    end: int
    content: bool


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A phrase of a tracker; content: stems of the words that say something, the rarest of all trackers' words first."""

    tracker: int
    text: str
    stems: tuple[str, ...]
    content: tuple[str, ...]


class TrackerIndex:
    """All trackers of a listener, ready to be looked up. Building costs about 15 us a phrase; finding hardly depends on their number.

    inflected: whether the language is English; in others only the very words are found.
    """

    def __init__(self, trackers: Sequence[Tracker], inflected: bool = True) -> None:
        self._trackers = tuple(trackers)
        self._inflected = inflected
        self._exact: dict[tuple[str, ...], list[_Phrase]] = {}
        self._lengths: dict[str, set[int]] = {}
        self._by_pair: dict[tuple[str, str], list[_Phrase]] = {}
        self._in_one: dict[str, list[_Phrase]] = {}
        self._by_letters: dict[str, set[str]] = {}
        self._stems: set[str] = set()
        for phrase in self._phrases():
            self._add(phrase)
        self._longest = max((len(stems) for stems in self._exact), default=0)
        self._reach = max((len(phrase.stems) for phrases in self._by_pair.values() for phrase in phrases), default=0) + _WINDOW

    def _phrases(self) -> list[_Phrase]:
        """All phrases that hold a word, each once a tracker however it is written."""
        read: dict[tuple[int, tuple[str, ...]], tuple[str, list[_Word]]] = {}
        for number, tracker in enumerate(self._trackers):
            for text in tracker.vocabulary:
                words = _words(text, self._inflected)
                if words:
                    read.setdefault((number, tuple(word.low for word in words)), (text, words))
        often = Counter(word.stem for _, words in read.values() for word in words)
        phrases = []
        for (number, _), (text, words) in read.items():
            content = sorted(dict.fromkeys(word.stem for word in words if word.content), key=lambda one: often[one])
            phrases.append(_Phrase(number, text, tuple(word.stem for word in words), tuple(content)))
        return phrases

    def _add(self, phrase: _Phrase) -> None:
        stems, content = phrase.stems, phrase.content
        self._exact.setdefault(stems, []).append(phrase)
        self._lengths.setdefault(stems[0], set()).add(len(stems))
        if not self._inflected:
            return
        if len(content) >= 2:
            self._by_pair.setdefault(_pair(content[0], content[1]), []).append(phrase)
        if len(stems) == 2 and len(content) == 2:
            self._in_one.setdefault("".join(stems), []).append(phrase)
        for word in stems:
            if len(word) >= _MENDABLE and word not in self._stems:
                for shape in _deletions(word):
                    self._by_letters.setdefault(shape, set()).add(word)
        self._stems.update(stems)

    def find(self, text: str, previous_text: str = "") -> list[TrackerHit]:
        """Every phrase heard in the message, exact hits first by offset, then similar ones; a phrase once per place.

        Of one tracker nothing similar is told where something else of it was heard: 'cancel the order' is not 'cancel my order' besides.
        previous_text: the message before by the same speaker, for a phrase that spans both.
        """
        if not self._longest:
            return []
        words = _words(text, self._inflected)
        spans = [(phrase, words[at].start, words[last].end) for at, last, phrase in self._phrases_in([word.stem for word in words])]
        hits = [self._hit(phrase, text[start:end], start, end) for phrase, start, end in spans]
        if previous_text:
            hits += self._spanning_hits(text, previous_text, words)
        hits.sort(key=lambda hit: hit.offset)
        seen = {(hit.name, hit.id, hit.value) for hit in hits}
        for phrase, first, last in self._near(words) if self._inflected else ():
            start, end = words[first].start, words[last].end
            told = any(phrase.tracker == other.tracker and start < last_end and begin < end for other, begin, last_end in spans)
            hit = self._hit(phrase, text[start:end], NEAR, end)
            if not told and (hit.name, hit.id, hit.value) not in seen:
                seen.add((hit.name, hit.id, hit.value))
                spans.append((phrase, start, end))
                hits.append(hit)
        return hits

    def _hit(self, phrase: _Phrase, text: str, offset: int, end: int) -> TrackerHit:
        tracker = self._trackers[phrase.tracker]
        return TrackerHit(tracker.name, phrase.text, text, offset, end, tracker.id)

    def _phrases_in(self, stems: Sequence[str]) -> Iterator[tuple[int, int, _Phrase]]:
        """(first word, last word, phrase) for every phrase that stands among the stems word by word."""
        for at, first in enumerate(stems):
            for length in self._lengths.get(first, ()):
                if at + length <= len(stems):
                    for phrase in self._exact.get(tuple(stems[at : at + length]), ()):
                        yield at, at + length - 1, phrase

    def _spanning_hits(self, text: str, previous: str, words: Sequence[_Word]) -> list[TrackerHit]:
        """Phrases whose first words end the message before and whose last words begin this one."""
        tail = _words(previous[-_TAIL:], self._inflected)[-(self._longest - 1) :] if self._longest > 1 else []
        both = [word.stem for word in [*tail, *words[: self._longest - 1]]]
        hits = []
        for at, last, phrase in self._phrases_in(both):
            if at < len(tail) <= last:
                end = words[last - len(tail)].end
                began = previous[-_TAIL:][tail[at].start : tail[-1].end]
                hits.append(self._hit(phrase, f"{began} {text[words[0].start : end]}", 0, end))
        return hits

    def _near(self, words: Sequence[_Word]) -> Iterator[tuple[_Phrase, int, int]]:
        """(phrase, first word, last word) of phrases with a word one letter off, written apart or together, or in another order."""
        stems = [self._mended(word) for word in words]
        if any(mended != word.stem for mended, word in zip(stems, words, strict=True)):
            for at, last, phrase in self._phrases_in(stems):
                yield phrase, at, last
        for at, word in enumerate(words):
            for phrase in self._in_one.get(stems[at], ()):
                yield phrase, at, at
            if at and len(word.low) > 2:
                for phrase in self._exact.get((stem(words[at - 1].low + word.low),), ()):
                    yield phrase, at - 1, at
        if self._by_pair:
            yield from self._close(words, stems)

    def _close(self, words: Sequence[_Word], stems: Sequence[str]) -> Iterator[tuple[_Phrase, int, int]]:
        """Phrases whose content words are all near each other, in any order."""
        telling = [at for at, word in enumerate(words) if word.content and stems[at] in self._stems]
        for number, last in enumerate(telling):
            for first in reversed(telling[:number]):
                if last - first >= self._reach:
                    break
                for phrase in self._by_pair.get(_pair(stems[first], stems[last]), ()):
                    span = _span(phrase, stems, first, last)
                    if span:
                        yield phrase, *span

    def _mended(self, word: _Word) -> str:
        """The stem of a tracker that a word misses by one letter; the word's own stem where it is common English or not near any."""
        if len(word.stem) < _MENDABLE - 1 or word.stem in self._stems or is_common(word.low):
            return word.stem
        near = {known for shape in _deletions(word.stem) for known in self._by_letters.get(shape, ())}
        close = [known for known in sorted(near) if OSA.distance(word.stem, known, score_cutoff=1) <= 1]
        return close[0] if close else word.stem


def _span(phrase: _Phrase, stems: Sequence[str], first: int, last: int) -> tuple[int, int] | None:
    """(first word, last word) of all content words of a phrase of which two stand at first and last; None where they are not close."""
    reach = len(phrase.stems) + _WINDOW
    low, high = first, last
    around = range(max(0, last - reach), min(len(stems), first + reach))
    for wanted in phrase.content[2:]:
        at = next((place for place in around if stems[place] == wanted), None)
        if at is None:
            return None
        low, high = min(low, at), max(high, at)
    return (low, high) if high - low < reach else None


def _words(text: str, inflected: bool) -> list[_Word]:
    """The words of a text, hyphenated ones in parts."""
    return [
        _Word(stem(low) if inflected else low, low, start, start + len(part), low not in STOP_WORDS)
        for token in tokens(text)
        for part, start in _parts(token)
        if (low := plain(part))
    ]


def _parts(token: Token) -> list[tuple[str, int]]:
    """('follow-up', 3) as [('follow', 3), ('up', 10)]."""
    if "-" not in token.text and "_" not in token.text:
        return [(token.text, token.start)]
    return [(match.group(), token.start + match.start()) for match in _PART.finditer(token.text)]


def _pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)


def _deletions(word: str) -> set[str]:
    """The word and all it becomes by losing one letter: two words one edit apart share a member."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
