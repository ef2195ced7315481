"""A message and what went before it as hashed features: the one eye of the linear heads, in training and live alike.

Hashes are CRC-32 of words mixed by multiplication: the same on every machine and in every process. Punctuation, case, hesitations and
stutters are not seen, since a recogniser leaves them out at will.
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
"""Where features of words end and those of classes of words begin."""

SIZE = WORDS_END + word_classes.SIZE
"""How many different features there are."""

_MOST_WORDS = 60
"""Words of a message that are looked at: its first and last ones."""

_WORD = re.compile(r"[^\W_]+(?:['’_-][^\W_]+)*_?")
_A, _B, _C = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
_SHIFT = np.uint64(64 - BITS)
_START, _END = crc32(b"<s>"), crc32(b"</s>")

OWN, PREVIOUS, EARLIER, SIDE = 1.0, 0.4, 0.25, 0.5
"""Weights of the message's own words, the previous message's, those of earlier ones, and of side facts."""

NEAR = 6
"""Messages before whose words are features."""

SIDE_FACTS = 1100
"""Side facts are numbers below this; those below 100 are free for cues."""

Ids = NDArray[np.uint32]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Glance:
    """A message and what surrounds it, as hashes of words; what linear heads and network both look at.

    previous: the message before (None for the first one); same: whether its speaker goes on; earlier: words of the three before that;
    mine: words of this speaker lately, both sorted; facts: side facts as numbers under SIDE_FACTS; cues: numbers into cues.NAMES.
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
    """ids (n,) in [0, SIZE), values (n,): one entry per feature; cues: numbers into cues.NAMES; plain: the first so many are own words."""

    ids: Ids
    values: Values
    cues: tuple[int, ...]
    words: int

    @property
    def plain(self) -> int:
        """How many features at the front tell of single words and pairs of the message alone."""
        return plain_length(self.words)


@lru_cache(maxsize=65536)
def _hash(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=4096)
def word_hashes(text: str) -> tuple[int, ...]:
    """Hashes of a message's words without hesitations and stutters; remembered, since each message is context of the next ones."""
    words: list[str] = []
    for match in _WORD.finditer(text[:LONGEST]):
        word = fold(match.group())
        if word not in FILLERS and (not words or words[-1] != word):
            words.append(word)
    if len(words) > _MOST_WORDS:
        words = words[: _MOST_WORDS // 2] + words[-_MOST_WORDS // 2 :]
    return tuple(_hash(word) for word in words)


def says_something(text: str) -> bool:
    """Whether there is any word, be it only a hesitation."""
    return _WORD.search(text[:LONGEST]) is not None


def _mix(salt: int, *columns: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One 64-bit hash per row of the columns."""
    state = np.full(len(columns[0]), salt, dtype=np.uint64)
    for column in columns:
        state = (state ^ column) * _A
        state ^= state >> np.uint64(29)
    return state * _B


def _own(hashes: tuple[int, ...]) -> list[NDArray[np.uint64]]:
    """1- to 3-grams of the message with its edges, and its first 4 words at once."""
    row = np.array([_START, *hashes, _END], dtype=np.uint64)
    grams = [_mix(1, row[1:-1]), _mix(2, row[:-1], row[1:])]
    if len(row) > 2:
        grams.append(_mix(3, row[:-2], row[1:-1], row[2:]))
    if len(row) > 4:
        grams.append(_mix(4, row[1:2], row[2:3], row[3:4], row[4:5]))
    return grams


def _bucket(number: int) -> int:
    """0, 1, 2, 3, 4, 5-6, 7-9, ... : about half an octave each."""
    return number if number < 5 else 5 + int(2 * np.log2(number / 5))


def plain_length(words: int) -> int:
    """How many single words and pairs (with the edges) a message of so many words has."""
    return 2 * words + 1


def plain_ids(hashes: tuple[int, ...]) -> Ids:
    """Features of a message's single words and pairs: the front of what extract() gives."""
    row = np.array([_START, *hashes, _END], dtype=np.uint64)
    return _places([_mix(1, row[1:-1]), _mix(2, row[:-1], row[1:])])


def _places(parts: list[NDArray[np.uint64]]) -> Ids:
    return (np.concatenate(parts) * _C >> _SHIFT).astype(np.uint32)


def glance(said: Said, before: Sequence[Said]) -> Glance:
    """A message after those before it (oldest first, only the last NEAR are looked at)."""
    before = before[-NEAR:]
    own = word_hashes(said.text)
    earlier = {word for one in before[-4:-1] for word in word_hashes(one.text)}
    mine = {word for one in before if one.speaker == said.speaker for word in word_hashes(one.text)[:20]}
    previous = word_hashes(before[-1].text) if before else None
    same = bool(before) and before[-1].speaker == said.speaker
    facts = _side_facts(said, before, len(own))
    return Glance(own, previous, same, tuple(sorted(earlier)), tuple(sorted(mine)), facts, cues.found(said.text))


def extract(said: Said, before: Sequence[Said], classes: word_classes.Classes = word_classes.NONE) -> Features:
    """Features of a message after those before it (oldest first, only the last NEAR are looked at)."""
    return hashed(glance(said, before), classes)


def hashed(seen: Glance, classes: word_classes.Classes) -> Features:
    """Features of the linear heads; the last ones are those of the message's classes of words."""
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
    """Length, place in the conversation, who spoke before: each as one number of its own range, all of them in 100..SIDE_FACTS."""
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
