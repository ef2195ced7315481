"""Custom vocabulary: mends what the recogniser nearly heard ('par lay' -> 'Parley'). Careful: a wrong mend is worse than none.

Each window of some words is looked up by the consonants of its sound, with some of them missing or other ones; what comes near is
weighed by `mishearing.chance`, and mended where that is likely enough. What was heard right is never touched.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from insights.analysis.vocabulary.mishearing import (
    LEAST_CHANCE,
    UNTOLD,
    Phrase,
    Window,
    Word,
    chance,
    log_odds,
    needed,
    phrase,
    window,
    word,
)

_EXTRA_WORDS = 2
"""How many more words than the phrase has the recogniser may have cut it into."""

_MOST_PHRASES = 5000
_LEAST_LETTERS = 3
_GLUE = 2.0
"""How much lighter words may be together than one by one, since doubled sounds between them fall together."""
_SWAP = 0.45
"""About what it costs to take one consonant for one that is formed elsewhere."""
_LONG, _TOO_LONG = 6, 12
"""Consonants from which on two of them may differ; of longer rows again only one, since there would be too many ways."""
_MOST_WORDS = 10
"""A longer phrase is no vocabulary."""
_MOST_LETTERS = 60
"""So is one with more letters; comparing sounds costs the square of their length."""
_MOST_NEAR = 40
"""Phrases that are compared with the same words, those of nearly their weight first; only a list of one sound over and over has more."""
_MOST_WAYS = 40_000
"""Rows of consonants that one vocabulary keeps, about 10 MB; where 2 differing ones would need more, it is 1."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Words [start_index:end_index) should read `text`."""

    start_index: int
    end_index: int
    text: str


class Vocabulary:
    """The phrases of one speaker, by their sound."""

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
        self._by_bones: dict[str, list[int]] = {}
        for place, one in enumerate(self._phrases):
            for bones in _cut(one.skeleton, self._most):
                self._by_bones.setdefault(bones, []).append(place)
        self._widest = max((one.parts + _EXTRA_WORDS for one in self._phrases), default=0)
        self._heaviest = max((one.weight for one in self._phrases), default=0.0)

    def correct(self, words: Sequence[str], confidences: Sequence[float] = ()) -> list[Correction]:
        """Corrections in order, never overlapping.

        words: as the recogniser wrote them, punctuation included or not. confidences: how sure it is of each, 0 to 1; where there
        are none, or all are the same, nothing is known of single words.
        """
        if not self._phrases:
            return []
        told = len(confidences) == len(words) and (len(words) == 1 or len(set(confidences)) > 1)
        said, sure = [word(one) for one in words], (confidences if told else [UNTOLD] * len(words))
        taken = [False] * len(said)
        chosen: list[Correction] = []
        for _, found in sorted(self._found(said, sure), key=lambda one: (-one[0], one[1].start_index, one[1].end_index)):
            if not any(taken[found.start_index : found.end_index]):
                taken[found.start_index : found.end_index] = [True] * (found.end_index - found.start_index)
                chosen.append(found)
        return sorted(chosen, key=lambda one: one.start_index)

    def apply(self, text: str, confidences: Sequence[float] = ()) -> str:
        """The text with all corrections made. confidences: of each of its words, as for `correct`."""
        return mended(text, self.correct(text.split(), confidences))

    def candidates(
        self, said: Sequence[Word], confidences: Sequence[float], least: float = LEAST_CHANCE
    ) -> Iterator[tuple[int, int, Window, Phrase]]:
        """All that might be a mishearing, as (start, end, the words, the phrase); what is right already is in none of it.

        least: what cannot have this chance is left out, as far as that is told without comparing sounds.
        """
        right, odds = self._right(said), log_odds(least)
        for start in range(len(said)):
            letters, sure, english, parts, heavy, bones = 0, 0.0, 0, 0, 0.0, ""
            for end in range(start + 1, min(len(said), start + self._widest) + 1):
                last = said[end - 1]
                if right[end - 1]:
                    break
                letters += last.letters
                sure += confidences[end - 1] * last.letters
                english += last.english
                parts += len(last.parts)
                heavy += last.weight
                bones += last.bones[1:] if bones and last.bones.startswith(bones[-1]) else last.bones
                alike = needed(sure / letters, english / letters, min(heavy, self._heaviest), odds) if letters else 2.0
                if alike <= 1.0 and heavy * alike <= self._heaviest + _GLUE:
                    near = self._near(bones, parts, heavy, alike)
                    if near:
                        here = window(said[start:end], sure / letters, english / letters)
                        yield from ((start, end, here, one) for one in near if not _has_more(here, one))
                if last.ends:
                    break

    def _found(self, said: Sequence[Word], sure: Sequence[float]) -> Iterator[tuple[float, Correction]]:
        for start, end, here, one in self.candidates(said, sure):
            likely = chance(here, one, LEAST_CHANCE)
            if likely >= LEAST_CHANCE:
                yield likely, Correction(start, end, one.text)

    def _right(self, said: Sequence[Word]) -> list[bool]:
        """For each word, whether it stands in a phrase as the vocabulary has it."""
        right = [False] * len(said)
        for start, first in enumerate(said):
            for whole in self._exact.get(first.bare, ()):
                if tuple(one.bare for one in said[start : start + len(whole)]) == whole:
                    right[start : start + len(whole)] = [True] * len(whole)
        return right

    def _near(self, bones: str, parts: int, weight: float, alike: float) -> list[Phrase]:
        """Phrases of nearly these consonants and this weight; the more alike they must be, the nearer."""
        lightest, heaviest = (weight - _GLUE) * alike, weight / max(alike, 0.1)
        by_bones = self._by_bones
        places = {
            place for cut in _cut(bones, min(self._most, int((heaviest - weight) / _SWAP))) if cut in by_bones for place in by_bones[cut]
        }
        alike_ones = [self._phrases[place] for place in sorted(places)]
        near = [one for one in alike_ones if lightest <= one.weight <= heaviest and abs(parts - one.parts) <= _EXTRA_WORDS]
        return near if len(near) <= _MOST_NEAR else sorted(near, key=lambda one: abs(one.weight - weight))[:_MOST_NEAR]


def _has_more(here: Window, one: Phrase) -> bool:
    """Whether the letters of the phrase are all there, and others before or behind: these are words of their own ('a zen desk')."""
    return one.letters in here.letters and one.letters != here.letters


def mended(text: str, corrections: Sequence[Correction]) -> str:
    """A text with the corrections of its words (`text.split()`) made; white space between words and outer punctuation stay."""
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
def _cut(bones: str, most: int) -> tuple[str, ...]:
    """The consonants with up to `most` of them left out, as far as rows of this length allow."""
    cut = {bones}
    if most and len(bones) <= 2 * _TOO_LONG:
        cut.update([bones[:at] + bones[at + 1 :] for at in range(len(bones))])
    if most > 1 and _LONG <= len(bones) <= _TOO_LONG:
        cut.update([bones[:one] + bones[one + 1 : other] + bones[other + 1 :] for one, other in combinations(range(len(bones)), 2)])
    return tuple(sorted(cut))
