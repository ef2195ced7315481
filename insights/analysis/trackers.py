"""Trackers: finds given phrases as said, inflected, across two messages, and as near matches.

One dictionary maps stems to phrases. The words of the message are looked up, so the cost hardly depends on the number of phrases.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from insights.analysis.text.document_frequency import is_common
from insights.analysis.text.words import STOP_WORDS, Token, plain, stem, tokens

NEAR = -1
"""Offset of a near match, as the Symbl protocol defines it."""

_WINDOW = 4
"""Maximum number of other words between the words of a near match."""

_MIN_NEAR_LETTERS = 6
"""Minimum length of a stem that may match another word one letter off: 'relating' does not match 'rebate'."""

_TAIL = 400
"""Number of characters of the previous message in which a phrase may begin."""

_PART = re.compile(r"[^-_]+")


@dataclass(frozen=True, slots=True)
class Tracker:
    """A name and the phrases that stand for it."""

    name: str
    vocabulary: tuple[str, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class TrackerHit:
    """One match of a phrase. value: the tracker's phrase; text: as it was said; offset and end: in this message; offset -1 = near match.

    A phrase that began in the previous message has offset 0, and its text holds both parts.
    """

    name: str
    value: str
    text: str
    offset: int
    end: int
    id: str = ""


@dataclass(frozen=True, slots=True)
class _TrackedWord:
    """A word of a message, or one part of a hyphenated word: its stem, its position, and whether it is a content word."""

    stem: str
    low: str
    start: int
    end: int
    content: bool


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A phrase of a tracker; content: stems of its content words, the word that is rarest among all trackers first."""

    tracker: int
    text: str
    stems: tuple[str, ...]
    content: tuple[str, ...]


class TrackerIndex:
    """Index of all trackers of a client. Building takes about 15 us per phrase; lookup time hardly depends on the number of phrases.

    Args:
        inflected: whether the language is English; other languages match only the exact words.
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
        """Return all phrases that contain a word, without duplicates within a tracker."""
        read: dict[tuple[int, tuple[str, ...]], tuple[str, list[_TrackedWord]]] = {}
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
            if len(word) >= _MIN_NEAR_LETTERS and word not in self._stems:
                for shape in _deletions(word):
                    self._by_letters.setdefault(shape, set()).add(word)
        self._stems.update(stems)

    def find(self, text: str, previous_text: str = "") -> list[TrackerHit]:
        """Return all matches in the message: exact ones by offset, then near ones, at most one per phrase and position.

        A tracker's near matches are dropped where it has an exact match at the same place: 'cancel the order' is not also reported as
        'cancel my order'.

        Args:
            previous_text: the previous message of the same speaker, for a phrase that spans both.
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
            overlaps = any(phrase.tracker == other.tracker and start < last_end and begin < end for other, begin, last_end in spans)
            hit = self._hit(phrase, text[start:end], NEAR, end)
            if not overlaps and (hit.name, hit.id, hit.value) not in seen:
                seen.add((hit.name, hit.id, hit.value))
                spans.append((phrase, start, end))
                hits.append(hit)
        return hits

    def _hit(self, phrase: _Phrase, text: str, offset: int, end: int) -> TrackerHit:
        tracker = self._trackers[phrase.tracker]
        return TrackerHit(tracker.name, phrase.text, text, offset, end, tracker.id)

    def _phrases_in(self, stems: Sequence[str]) -> Iterator[tuple[int, int, _Phrase]]:
        """Yield (first word, last word, phrase) for every phrase that occurs in the stems word by word."""
        for at, first in enumerate(stems):
            for length in self._lengths.get(first, ()):
                if at + length <= len(stems):
                    for phrase in self._exact.get(tuple(stems[at : at + length]), ()):
                        yield at, at + length - 1, phrase

    def _spanning_hits(self, text: str, previous: str, words: Sequence[_TrackedWord]) -> list[TrackerHit]:
        """Return phrases whose first words end the previous message and whose last words begin this one."""
        tail = _words(previous[-_TAIL:], self._inflected)[-(self._longest - 1) :] if self._longest > 1 else []
        both = [word.stem for word in [*tail, *words[: self._longest - 1]]]
        hits = []
        for at, last, phrase in self._phrases_in(both):
            if at < len(tail) <= last:
                end = words[last - len(tail)].end
                began = previous[-_TAIL:][tail[at].start : tail[-1].end]
                hits.append(self._hit(phrase, f"{began} {text[words[0].start : end]}", 0, end))
        return hits

    def _near(self, words: Sequence[_TrackedWord]) -> Iterator[tuple[_Phrase, int, int]]:
        """Yield (phrase, first word, last word) of phrases with a word one letter off, split or joined words, or another word order."""
        stems = [self._nearest_stem(word) for word in words]
        if any(near != word.stem for near, word in zip(stems, words, strict=True)):
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

    def _close(self, words: Sequence[_TrackedWord], stems: Sequence[str]) -> Iterator[tuple[_Phrase, int, int]]:
        """Yield phrases whose content words are all close to each other, in any order."""
        content = [at for at, word in enumerate(words) if word.content and stems[at] in self._stems]
        for number, last in enumerate(content):
            for first in reversed(content[:number]):
                if last - first >= self._reach:
                    break
                for phrase in self._by_pair.get(_pair(stems[first], stems[last]), ()):
                    span = _span(phrase, stems, first, last)
                    if span:
                        yield phrase, *span

    def _nearest_stem(self, word: _TrackedWord) -> str:
        """Return the tracker stem that is one letter off; the word's own stem where it is common English or nothing is near."""
        if len(word.stem) < _MIN_NEAR_LETTERS - 1 or word.stem in self._stems or is_common(word.low):
            return word.stem
        near = {known for shape in _deletions(word.stem) for known in self._by_letters.get(shape, ())}
        close = [known for known in sorted(near) if OSA.distance(word.stem, known, score_cutoff=1) <= 1]
        return close[0] if close else word.stem


def _span(phrase: _Phrase, stems: Sequence[str], first: int, last: int) -> tuple[int, int] | None:
    """Return (first word, last word) of a phrase's content words, two of which are at first and last; None where they are too far apart."""
    reach = len(phrase.stems) + _WINDOW
    low, high = first, last
    around = range(max(0, last - reach), min(len(stems), first + reach))
    for wanted in phrase.content[2:]:
        at = next((place for place in around if stems[place] == wanted), None)
        if at is None:
            return None
        low, high = min(low, at), max(high, at)
    return (low, high) if high - low < reach else None


def _words(text: str, inflected: bool) -> list[_TrackedWord]:
    """Return the words of a text; hyphenated words are split into parts."""
    return [
        _TrackedWord(stem(low) if inflected else low, low, start, start + len(part), low not in STOP_WORDS)
        for token in tokens(text)
        for part, start in _parts(token)
        if (low := plain(part))
    ]


def _parts(token: Token) -> list[tuple[str, int]]:
    """Return ('follow-up', 3) as [('follow', 3), ('up', 10)]."""
    if "-" not in token.text and "_" not in token.text:
        return [(token.text, token.start)]
    return [(match.group(), token.start + match.start()) for match in _PART.finditer(token.text)]


def _pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)


def _deletions(word: str) -> set[str]:
    """Return the word and all its forms with one letter deleted: two words one edit apart share at least one of them."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
