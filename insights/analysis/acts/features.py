"""Hashed features of a message and its context, for the linear heads, in training and live.

Hashes are CRC-32 of words combined by multiplication: the same on every machine and in every process. Punctuation, case, hesitations
and stutters are ignored, because recognisers omit them inconsistently.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts import rule_features as cues
from insights.analysis.acts import word_classes
from insights.analysis.text.words import FILLERS, LONGEST, fold
from insights.analysis.types import Said

BITS = 19
WORDS_END = 1 << BITS
"""End of the range of word features, and start of the range of word-class features."""

SIZE = WORDS_END + word_classes.SIZE
"""Number of different features."""

_MOST_WORDS = 60
"""Maximum number of words of a message: its first and last ones."""

_WORD = re.compile(r"[^\W_]+(?:['’_-][^\W_]+)*_?")
_A, _B, _C = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
_SHIFT = np.uint64(64 - BITS)
_START, _END = crc32(b"<s>"), crc32(b"</s>")

OWN, PREVIOUS, EARLIER, SIDE = 1.0, 0.4, 0.25, 0.5
"""Weights of the message's own words, the previous message's, those of earlier ones, and of side facts."""

NEAR = 6
"""Number of earlier messages whose words are features."""

SIDE_FACTS = 1100
"""Upper bound of the numbers of side facts; those below 100 are reserved for cues."""

Ids = NDArray[np.uint32]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Glance:
    """A message and its context as hashes of words: the input of linear heads and network.

    previous: the previous message (None for the first one); same: whether it has the same speaker; earlier: words of the three before
    that; mine: recent words of this speaker, both sorted; facts: side facts as numbers under SIDE_FACTS; cues: numbers into
    rule_features.NAMES.
    """

    own: tuple[int, ...]
    previous: tuple[int, ...] | None
    same: bool
    earlier: tuple[int, ...]
    mine: tuple[int, ...]
    facts: tuple[int, ...]
    cues: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """ids (n,) in [0, SIZE), values (n,): one entry per feature.

    cues: numbers into rule_features.NAMES; plain: number of own-word features.
    """

    ids: Ids
    values: Values
    cues: tuple[int, ...]
    words: int

    @property
    def plain(self) -> int:
        """Number of leading features that are single words and pairs of the message alone."""
        return plain_length(self.words)


@lru_cache(maxsize=65536)
def _hash(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=4096)
def word_hashes(text: str) -> tuple[int, ...]:
    """Return hashes of a message's words without hesitations and stutters; cached, since each message is context of the next ones."""
    words: list[str] = []
    for match in _WORD.finditer(text[:LONGEST]):
        word = fold(match.group())
        if word not in FILLERS and (not words or words[-1] != word):
            words.append(word)
    if len(words) > _MOST_WORDS:
        words = words[: _MOST_WORDS // 2] + words[-_MOST_WORDS // 2 :]
    return tuple(_hash(word) for word in words)


def says_something(text: str) -> bool:
    """Return whether there is any word, including hesitations."""
    return _WORD.search(text[:LONGEST]) is not None


def _mix(salt: int, *columns: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return one 64-bit hash per row of the columns."""
    state = np.full(len(columns[0]), salt, dtype=np.uint64)
    for column in columns:
        state = (state ^ column) * _A
        state ^= state >> np.uint64(29)
    return state * _B


def _own(hashes: tuple[int, ...]) -> list[NDArray[np.uint64]]:
    """Return 1- to 3-grams of the message with its edges, and its first 4 words as one."""
    row = np.array([_START, *hashes, _END], dtype=np.uint64)
    grams = [_mix(1, row[1:-1]), _mix(2, row[:-1], row[1:])]
    if len(row) > 2:
        grams.append(_mix(3, row[:-2], row[1:-1], row[2:]))
    if len(row) > 4:
        grams.append(_mix(4, row[1:2], row[2:3], row[3:4], row[4:5]))
    return grams


def _bucket(number: int) -> int:
    """Return a bucket of about half an octave: 0, 1, 2, 3, 4, 5-6, 7-9, ..."""
    return number if number < 5 else 5 + int(2 * np.log2(number / 5))


def plain_length(words: int) -> int:
    """Return how many single words and pairs (with the edges) a message of so many words has."""
    return 2 * words + 1


def plain_ids(hashes: tuple[int, ...]) -> Ids:
    """Return the features of a message's single words and pairs: the first ones of extract()."""
    row = np.array([_START, *hashes, _END], dtype=np.uint64)
    return _places([_mix(1, row[1:-1]), _mix(2, row[:-1], row[1:])])


def _places(parts: list[NDArray[np.uint64]]) -> Ids:
    return (np.concatenate(parts) * _C >> _SHIFT).astype(np.uint32)


def glance(said: Said, before: Sequence[Said]) -> Glance:
    """Return a message with its context (oldest first, only the last NEAR messages are used)."""
    before = before[-NEAR:]
    own = word_hashes(said.text)
    earlier = {word for one in before[-4:-1] for word in word_hashes(one.text)}
    mine = {word for one in before if one.speaker == said.speaker for word in word_hashes(one.text)[:20]}
    previous = word_hashes(before[-1].text) if before else None
    same = bool(before) and before[-1].speaker == said.speaker
    facts = _side_facts(said, before, len(own))
    return Glance(own, previous, same, tuple(sorted(earlier)), tuple(sorted(mine)), facts, cues.found(said.text))


def extract(said: Said, before: Sequence[Said], classes: word_classes.Classes = word_classes.NONE) -> Features:
    """Return the features of a message with its context (oldest first, only the last NEAR messages are used)."""
    return hashed(glance(said, before), classes)


def hashed(seen: Glance, classes: word_classes.Classes) -> Features:
    """Return the features of the linear heads; the last ones are those of the message's word classes."""
    parts: list[NDArray[np.uint64]] = _own(seen.own)
    weights = [OWN] * len(parts)
    if seen.previous is not None:
        turn = 11 if seen.same else 12
        row = np.array([_START, *seen.previous, _END], dtype=np.uint64)
        parts += [_mix(turn, row), _mix(turn + 10, row[:-1], row[1:])]
        parts += [_mix(31, np.array(seen.earlier, dtype=np.uint64)), _mix(32, np.array(seen.mine, dtype=np.uint64))]
        weights += [PREVIOUS, PREVIOUS, EARLIER, EARLIER]
    parts += [_mix(41, np.array(seen.facts, dtype=np.uint64)), _mix(42, np.array(seen.cues, dtype=np.uint64))]
    weights += [SIDE, OWN]
    grams = classes.places(seen.own)
    weights.append(word_classes.STRENGTH / max(len(grams), 1) ** 0.5)
    values = np.repeat(np.array(weights, dtype=np.float32), [*map(len, parts), len(grams)])
    return Features(np.concatenate([_places(parts), grams + np.uint32(WORDS_END)]), values, seen.cues, len(seen.own))


def _side_facts(said: Said, before: Sequence[Said], words: int) -> tuple[int, ...]:
    """Return length, position in the conversation and previous speakers: one number each, in ranges of their own in 100..SIDE_FACTS."""
    same = [one.speaker == said.speaker for one in before[-3:]]
    pattern = sum(1 << place for place, value in enumerate(reversed(same)) if value)
    previous = len(word_hashes(before[-1].text)) if before else 0
    return (
        100 + _bucket(words),
        200 + min(_bucket(said.index), 99),
        300 + 8 * len(same) + pattern,
        400 + _bucket(previous) if before else 399,
        500 + 40 * _bucket(words) + pattern if before else 499,
    )
