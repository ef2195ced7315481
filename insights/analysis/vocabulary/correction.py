"""Custom vocabulary: corrects phrases that the recogniser misheard ('par lay' -> 'Parley'). A wrong correction is worse than none.

Each window of words is looked up by the consonants of its sound, with some missing or replaced. Phrases that come near are scored by
`mishearing.chance` and corrected where that is likely enough. Words that already match a phrase are never changed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from insights.analysis.vocabulary.mishearing import (
    LEAST_CHANCE,
    UNKNOWN_CONFIDENCE,
    TranscriptWord,
    VocabularyPhrase,
    Window,
    chance,
    log_odds,
    needed,
    phrase,
    window,
    word,
)

_EXTRA_WORDS = 2
"""Maximum number of extra words into which the recogniser may have split a phrase."""

_MOST_PHRASES = 5000
_LEAST_LETTERS = 3
_GLUE = 2.0
"""Maximum weight that joined words may lose against single words, since doubled sounds between them merge."""
_SWAP = 0.45
"""Approximate cost of replacing one consonant by one formed elsewhere."""
_LONG, _TOO_LONG = 6, 12
"""Minimum number of consonants for two differences, and the maximum; above it only one is allowed, which limits the combinations."""
_MOST_WORDS = 10
"""Longer phrases are ignored."""
_MOST_LETTERS = 60
"""Phrases with more letters are ignored: comparing sounds takes quadratic time."""
_MOST_NEAR = 40
"""Maximum number of phrases compared with the same words, nearest weight first; only a list of near-identical sounds has more."""
_MOST_WAYS = 40_000
"""Maximum number of index keys of one vocabulary, about 10 MB; where two differences would need more, one is allowed."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Words [start_index:end_index) should read `text`."""

    start_index: int
    end_index: int
    text: str


class Vocabulary:
    """The custom phrases of one speaker, indexed by sound."""

    def __init__(self, phrases: Sequence[str]) -> None:
        texts = list(dict.fromkeys(text.strip() for text in phrases))[:_MOST_PHRASES]
        made = map(phrase, texts)
        self._phrases = [one for one in made if _LEAST_LETTERS <= len(one.letters) <= _MOST_LETTERS and one.parts <= _MOST_WORDS]
        self._exact: dict[str, list[tuple[str, ...]]] = {}
        for one in self._phrases:
            whole = tuple(one.text.split())
            self._exact.setdefault(whole[0], []).append(whole)
        ways = sum(len(_cut(one.skeleton, 2)) for one in self._phrases)
        self._most = 2 if ways <= _MOST_WAYS else 1
        self._by_consonants: dict[str, list[int]] = {}
        for place, one in enumerate(self._phrases):
            for consonants in _cut(one.skeleton, self._most):
                self._by_consonants.setdefault(consonants, []).append(place)
        self._widest = max((one.parts + _EXTRA_WORDS for one in self._phrases), default=0)
        self._heaviest = max((one.weight for one in self._phrases), default=0.0)

    def correct(self, words: Sequence[str], confidences: Sequence[float] = ()) -> list[Correction]:
        """Return corrections in order, without overlaps.

        Args:
            words: words as the recogniser wrote them, with or without punctuation.
            confidences: confidence of each word, 0 to 1. Missing or identical values count as unknown.
        """
        if not self._phrases:
            return []
        known = len(confidences) == len(words) and (len(words) == 1 or len(set(confidences)) > 1)
        said, sure = [word(one) for one in words], (confidences if known else [UNKNOWN_CONFIDENCE] * len(words))
        taken = [False] * len(said)
        chosen: list[Correction] = []
        for _, found in sorted(self._found(said, sure), key=lambda one: (-one[0], one[1].start_index, one[1].end_index)):
            if not any(taken[found.start_index : found.end_index]):
                taken[found.start_index : found.end_index] = [True] * (found.end_index - found.start_index)
                chosen.append(found)
        return sorted(chosen, key=lambda one: one.start_index)

    def apply(self, text: str, confidences: Sequence[float] = ()) -> str:
        """Return the text with all corrections made. confidences: one per word of the text, as for `correct`."""
        return corrected(text, self.correct(text.split(), confidences))

    def candidates(
        self, said: Sequence[TranscriptWord], confidences: Sequence[float], least: float = LEAST_CHANCE
    ) -> Iterator[tuple[int, int, Window, VocabularyPhrase]]:
        """Yield all possible mishearings as (start, end, the words, the phrase); words that are already right are excluded.

        Args:
            least: candidates with a lower probability are skipped, as far as this is known without comparing sounds.
        """
        right, odds = self._right(said), log_odds(least)
        for start in range(len(said)):
            letters, sure, english, parts, heavy, consonants = 0, 0.0, 0, 0, 0.0, ""
            for end in range(start + 1, min(len(said), start + self._widest) + 1):
                last = said[end - 1]
                if right[end - 1]:
                    break
                letters += last.letters
                sure += confidences[end - 1] * last.letters
                english += last.english
                parts += len(last.parts)
                heavy += last.weight
                consonants += last.consonants[1:] if consonants and last.consonants.startswith(consonants[-1]) else last.consonants
                alike = needed(sure / letters, english / letters, min(heavy, self._heaviest), odds) if letters else 2.0
                if alike <= 1.0 and heavy * alike <= self._heaviest + _GLUE:
                    near = self._near(consonants, parts, heavy, alike)
                    if near:
                        here = window(said[start:end], sure / letters, english / letters)
                        yield from ((start, end, here, one) for one in near if not _has_more(here, one))
                if last.ends:
                    break

    def _found(self, said: Sequence[TranscriptWord], sure: Sequence[float]) -> Iterator[tuple[float, Correction]]:
        for start, end, here, one in self.candidates(said, sure):
            likely = chance(here, one, LEAST_CHANCE)
            if likely >= LEAST_CHANCE:
                yield likely, Correction(start, end, one.text)

    def _right(self, said: Sequence[TranscriptWord]) -> list[bool]:
        """Return, for each word, whether it is part of a correctly written phrase."""
        right = [False] * len(said)
        for start, first in enumerate(said):
            for whole in self._exact.get(first.bare, ()):
                if tuple(one.bare for one in said[start : start + len(whole)]) == whole:
                    right[start : start + len(whole)] = [True] * len(whole)
        return right

    def _near(self, consonants: str, parts: int, weight: float, alike: float) -> list[VocabularyPhrase]:
        """Return phrases with nearly these consonants and this weight; the higher the required likeness, the narrower the range."""
        lightest, heaviest = (weight - _GLUE) * alike, weight / max(alike, 0.1)
        by_consonants = self._by_consonants
        places = {
            place
            for cut in _cut(consonants, min(self._most, int((heaviest - weight) / _SWAP)))
            if cut in by_consonants
            for place in by_consonants[cut]
        }
        alike_ones = [self._phrases[place] for place in sorted(places)]
        near = [one for one in alike_ones if lightest <= one.weight <= heaviest and abs(parts - one.parts) <= _EXTRA_WORDS]
        return near if len(near) <= _MOST_NEAR else sorted(near, key=lambda one: abs(one.weight - weight))[:_MOST_NEAR]


def _has_more(here: Window, one: VocabularyPhrase) -> bool:
    """Return whether the window contains all letters of the phrase and more: these are separate words ('a zen desk')."""
    return one.letters in here.letters and one.letters != here.letters


def corrected(text: str, corrections: Sequence[Correction]) -> str:
    """Return the text with corrections of its words (`text.split()`) applied; white space and outer punctuation are kept."""
    pieces = list(re.finditer(r"\S+", text))
    for correction in reversed(corrections):
        first, last = pieces[correction.start_index], pieces[correction.end_index - 1]
        before = re.match(r"\W*", first.group())
        after = re.search(r"(?:['’]s)?\W*$", last.group())
        head = before.group() if before else ""
        tail = after.group() if after else ""
        text = text[: first.start()] + head + correction.text + tail + text[last.end() :]
    return text


@lru_cache(maxsize=8192)
def _cut(consonants: str, most: int) -> tuple[str, ...]:
    """Return the consonants with up to `most` of them deleted, as far as their number allows."""
    cut = {consonants}
    if most and len(consonants) <= 2 * _TOO_LONG:
        cut.update([consonants[:at] + consonants[at + 1 :] for at in range(len(consonants))])
    if most > 1 and _LONG <= len(consonants) <= _TOO_LONG:
        cut.update(
            [
                consonants[:one] + consonants[one + 1 : other] + consonants[other + 1 :]
                for one, other in combinations(range(len(consonants)), 2)
            ]
        )
    return tuple(sorted(cut))
