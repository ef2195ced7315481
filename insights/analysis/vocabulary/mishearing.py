"""Probability that a stretch of a transcript is a misheard vocabulary phrase, from sounds and confidences alone.

The weights come from a logistic regression over our own clips (docs/develop/insights-on-transcripts.md).
`tests.bench.tts_corpus.fit` fits it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log

from insights.analysis.names.english import is_english
from insights.analysis.text.words import fold
from insights.analysis.vocabulary.phonetics import at_most, likeness, skeleton, sound, weight

UNKNOWN_CONFIDENCE = 0.45
"""Confidence assumed for a word when the recogniser reports none per word."""

LEAST_CHANCE = 0.5
"""Minimum probability of a correction; where a correction above it is wrong, the original was mostly misheard as well."""

_LONGEST = 10.0
"""Weight of a sound above which more weight adds nothing."""

_HEAVIER = 1.25
"""Maximum ratio of a phrase's weight to the weight of the words, while the phrase is not yet known."""

_PARTS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_OUTER = re.compile(r"^\W+|['’]s\W*$|(?<!\W)\W+$")
_TAIL = re.compile(r"(?<!\W)\W+$")
"""Punctuation at the end; tried once per run of marks, so that a long run before a letter does not take quadratic time."""
_CLOSING = frozenset(".!?,;:")
_DOUBLED = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class MishearingWeights:
    """Weight of each feature of a mishearing; the weighted sum is the log-odds."""

    bias: float = -18.8
    likeness: float = 22.6
    """Similarity of the sounds, 0 to 1."""
    confidence: float = -4.9
    """Recogniser confidence, 0 to 1: it is low for unknown words."""
    english: float = -2.4
    """Share of the letters in ordinary English words."""
    length: float = 4.0
    """Weight of the phrase's sound, 1 for an average phrase: long sounds seldom agree by chance."""
    split: float = 0.7
    """1 where there are more words than in the phrase."""
    spelt: float = -2.2
    """1 where the letters are the same: 'sales force' is mostly meant."""


WEIGHTS = MishearingWeights()


@dataclass(frozen=True, slots=True)
class TranscriptWord:
    """One word of a transcript: its parts in lower case ('mock-ups' has two) and their properties."""

    bare: str
    parts: tuple[str, ...]
    sound: str
    consonants: str
    weight: float
    letters: int
    english: int
    ends: bool
    """Whether closing punctuation follows: no phrase spans it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive words as one sound."""

    sound: str
    weight: float
    letters: str
    parts: int
    confidence: float
    english: float


@dataclass(frozen=True, slots=True)
class VocabularyPhrase:
    """One phrase of a vocabulary."""

    text: str
    letters: str
    parts: int
    sound: str
    skeleton: str
    weight: float


@lru_cache(maxsize=16384)
def word(text: str) -> TranscriptWord:
    """Return one word as the recogniser wrote it, punctuation included."""
    parts = parts_of(text)
    letters = sum(map(len, parts))
    english = sum(len(part) for part in parts if is_english(part))
    bare = _OUTER.sub("", text)
    whole, tail = _joined(parts), _TAIL.search(text)
    closed = tail is not None and not _CLOSING.isdisjoint(tail.group())
    return TranscriptWord(bare, parts, whole, skeleton(whole), weight(whole), letters, english, closed)


def window(words: Sequence[TranscriptWord], confidence: float, english: float) -> Window:
    """Return consecutive words as a window, with confidence and share of English weighted by letters."""
    whole = _DOUBLED.sub(r"\1", "".join([one.sound for one in words]))
    letters = "".join(["".join(one.parts) for one in words])
    return Window(whole, weight(whole), letters, sum([len(one.parts) for one in words]), confidence, english)


def phrase(text: str) -> VocabularyPhrase:
    """Return a vocabulary phrase with its sound."""
    parts = parts_of(text)
    whole = _joined(parts)
    return VocabularyPhrase(text, "".join(parts), len(parts), whole, skeleton(whole), weight(whole))


def parts_of(text: str) -> tuple[str, ...]:
    """Return the words of a text in lower case, split at hyphens and dots, without a possessive."""
    return tuple(part.removesuffix("'s").replace("'", "") for part in _PARTS.findall(fold(text)))


def signs(said: Window, meant: VocabularyPhrase) -> tuple[float, ...]:
    """Return the features of a mishearing in the order of Weights, without the bias."""
    return (
        likeness(said.sound, meant.sound),
        said.confidence,
        said.english,
        min(meant.weight, _LONGEST) / 5,
        float(said.parts > meant.parts),
        float(said.letters == meant.letters),
    )


def chance(said: Window, meant: VocabularyPhrase, least: float = 0.0) -> float:
    """Return the probability that these words stand for the phrase; 0, at low cost, where it cannot reach `least`."""
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
    """Return the similarity that a phrase needs to reach these log-odds, for words of this confidence, share of English and weight.

    A value above 1 means that no phrase can reach them.
    """
    w = WEIGHTS
    rest = w.bias + w.confidence * confidence + w.english * english + w.split + w.length * min(heavy * _HEAVIER, _LONGEST) / 5
    return (odds - rest) / w.likeness


def log_odds(chance_: float) -> float:
    """Return the log-odds of a probability above 0 and below 1."""
    return log(chance_ / (1 - chance_))


def _joined(parts: Sequence[str]) -> str:
    return _DOUBLED.sub(r"\1", "".join(map(sound, parts)))
