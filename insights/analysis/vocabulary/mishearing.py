"""How likely a stretch of a transcript is a phrase that the recogniser did not know: pure arithmetic on sounds and confidences.

The weights are those of a logistic regression over our own clips (docs/develop/insights-on-transcripts.md);
`tests.bench.readings.fit` makes them anew.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log

from insights.analysis.names.english import is_english
from insights.analysis.text.words import fold
from insights.analysis.vocabulary.phonetics import at_most, likeness, skeleton, sound, weight

UNTOLD = 0.45
"""The confidence that a word is given where the recogniser tells none of its own for each word."""

LEAST_CHANCE = 0.5
"""From which chance on words are mended: where that is wrong, what stood there was mostly misheard as well."""

_LONGEST = 10.0
"""Weight of a sound above which more says no more."""

_HEAVIER = 1.25
"""How much heavier than what was heard a phrase may be, where it is not yet known which."""

_PARTS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_OUTER = re.compile(r"^\W+|['’]s\W*$|(?<!\W)\W+$")
_TAIL = re.compile(r"(?<!\W)\W+$")
"""Marks at the end; tried once for each row of marks, so that a long row before a letter costs no square of its length."""
_CLOSING = frozenset(".!?,;:")
_DOUBLED = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign of a mishearing counts; the sum is the logarithm of its odds."""

    bias: float = -18.8
    likeness: float = 22.6
    """How alike the sounds are, 0 to 1."""
    confidence: float = -4.9
    """How sure the recogniser is, 0 to 1: of what it does not know it is not."""
    english: float = -2.4
    """Share of the letters that are ordinary English words."""
    length: float = 4.0
    """How much there is to hear in the phrase, 1 for an average one: a long sound agrees seldom by chance."""
    split: float = 0.7
    """1 where there are more words than in the phrase."""
    spelt: float = -2.2
    """1 where the letters are the same: 'sales force' is mostly meant."""


WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a transcript: its parts in lower case ('mock-ups' has two), and what is known of them."""

    bare: str
    parts: tuple[str, ...]
    sound: str
    bones: str
    weight: float
    letters: int
    english: int
    ends: bool
    """Whether a mark behind it closes something: no phrase goes over it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some words on end, as one sound."""

    sound: str
    weight: float
    letters: str
    parts: int
    confidence: float
    english: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of a vocabulary."""

    text: str
    letters: str
    parts: int
    sound: str
    skeleton: str
    weight: float


@lru_cache(maxsize=16384)
def word(text: str) -> Word:
    """One word as the recogniser wrote it, punctuation included."""
    parts = parts_of(text)
    letters = sum(map(len, parts))
    english = sum(len(part) for part in parts if is_english(part))
    bare = _OUTER.sub("", text)
    whole, tail = _joined(parts), _TAIL.search(text)
    closed = tail is not None and not _CLOSING.isdisjoint(tail.group())
    return Word(bare, parts, whole, skeleton(whole), weight(whole), letters, english, closed)


def window(words: Sequence[Word], confidence: float, english: float) -> Window:
    """Words on end, with their confidence and their share of English, both weighed by letters."""
    whole = _DOUBLED.sub(r"\1", "".join([one.sound for one in words]))
    letters = "".join(["".join(one.parts) for one in words])
    return Window(whole, weight(whole), letters, sum([len(one.parts) for one in words]), confidence, english)


def phrase(text: str) -> Phrase:
    """A phrase of a vocabulary."""
    parts = parts_of(text)
    whole = _joined(parts)
    return Phrase(text, "".join(parts), len(parts), whole, skeleton(whole), weight(whole))


def parts_of(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, cut at hyphens and dots, without a possessive."""
    return tuple(part.removesuffix("'s").replace("'", "") for part in _PARTS.findall(fold(text)))


def signs(said: Window, meant: Phrase) -> tuple[float, ...]:
    """The signs of a mishearing in the order of Weights, without the bias."""
    return (
        likeness(said.sound, meant.sound),
        said.confidence,
        said.english,
        min(meant.weight, _LONGEST) / 5,
        float(said.parts > meant.parts),
        float(said.letters == meant.letters),
    )


def chance(said: Window, meant: Phrase, least: float = 0.0) -> float:
    """The probability that these words stand for the phrase; 0 without much work where it cannot be `least`."""
    w = WEIGHTS
    rest = w.bias + w.confidence * said.confidence + w.english * said.english + w.length * min(meant.weight, _LONGEST) / 5
    rest += w.split * (said.parts > meant.parts) + w.spelt * (said.letters == meant.letters)
    if least:
        alike = (log_odds(least) - rest) / w.likeness
        light, heavy = sorted((said.weight, meant.weight))
        if alike > 1 or not at_most(said.sound, meant.sound, light, heavy, alike):
            return 0.0
    return 1 / (1 + exp(-rest - w.likeness * likeness(said.sound, meant.sound)))


def needed(confidence: float, english: float, heavy: float, odds: float) -> float:
    """How alike a phrase must sound to reach these odds (their logarithm), for words of this confidence, this share of English and this
    weight; above 1: never."""
    w = WEIGHTS
    rest = w.bias + w.confidence * confidence + w.english * english + w.split + w.length * min(heavy * _HEAVIER, _LONGEST) / 5
    return (odds - rest) / w.likeness


def log_odds(chance_: float) -> float:
    """The logarithm of the odds of a chance above 0 and below 1."""
    return log(chance_ / (1 - chance_))


def _joined(parts: Sequence[str]) -> str:
    return _DOUBLED.sub(r"\1", "".join(map(sound, parts)))
