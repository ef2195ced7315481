"""Hashed features of the places between words. Vectorised, so that training on a corpus and a turn at run time share the code."""

from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BITS = 18
SIZE = 1 << BITS
"""Number of hashed features of places."""
SENTENCE_SIZE = 1 << 16
"""Number of hashed features of sentences."""
PAUSES = (0.04, 0.12, 0.25, 0.45)
"""Limits in seconds between the kinds of pauses."""
FILLERS = frozenset(
    """um uh uhm erm er hmm mm so and but well okay ok yeah yes no right oh then now""".split()  # noqa: SIM905
)
"""Words that may stand before the first word of a question."""
_CATEGORIES = {
    "AUX": "am is are was were do does did can could will would should shall may might must have has had",
    "NOT": "isn't aren't wasn't weren't don't doesn't didn't can't couldn't won't wouldn't shouldn't haven't hasn't hadn't not never",
    "WHO": "what who whose which where when why how what's who's where's how's",
    "YOU": "you",
    "PRO": "i he she it we they there this that these those everyone anyone somebody anybody",
    "HAS": """it's that's there's he's she's i'm we're you're they're i've we've you've they've i'll we'll you'll they'll it'll
    i'd we'd you'd""",
    "DET": "the a an any some every each another your our my his her their its",
    "PRE": "of in on at to for from with by about into over under through after before during without between",
    "AND": "and or but so because if then than as though although while",
    "YES": "yes yeah yep no nope okay ok right sure exactly well oh now um uh hmm mm",
}
_CATEGORY = {word: name for name, words in _CATEGORIES.items() for word in words.split()}
_ENDINGS = ("ing", "ed", "ly", "s")
_PAD = 4
_START, _END = 11, 13
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_OTHER = np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(64 - BITS)

Ids = NDArray[np.uint64]
Rows = NDArray[np.int64]

# The words around a place, by their distance to it: 0 is the word before it, 1 the word after it.
_SHAPES: tuple[tuple[int, ...], ...] = (
    (0,), (1,), (-1,), (2,), (3,),
    (-1, 0), (0, 1), (1, 2), (-1, 1), (0, 2), (2, 3),
    (-2, -1, 0), (-1, 0, 1), (0, 1, 2), (1, 2, 3),
    (-1, 0, 1, 2),
)  # fmt: skip
_WITH_PAUSE: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (0, 1), (1, 2))
# Categories, and the words beside them.
_CATEGORY_SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((1, 2), ()), ((0, 1), ()), ((0, 1, 2), ()), ((1, 2, 3), ()), ((-1, 0, 1, 2), ()), ((1, 2), (0,)), ((0,), (1,)), ((-1, 0), (1,)),
)  # fmt: skip


@lru_cache(maxsize=32768)
def word_id(word: str) -> int:
    """Return the number of a plain word; the same in every process."""
    return crc32(word.encode()) + 64


@lru_cache(maxsize=32768)
def category(word: str) -> str:
    """Return the category of a frequent word, else its ending, else its kind: a number, a short or a longer word."""
    found = _CATEGORY.get(word)
    if found or word == "#":
        return found or word
    return next((ending for ending in _ENDINGS if word.endswith(ending)), "short" if len(word) < 5 else "long")


def category_ids(words: Sequence[str]) -> Ids:
    """Return the numbers of the categories of words, with padding like that of `ids_of`."""
    return ids_of([category(word) for word in words])


def ids_of(words: Sequence[str]) -> Ids:
    """Return the numbers of the words of a turn, with padding at both ends, shape (n + 2 * 4,)."""
    return np.array([_START] * _PAD + [word_id(word) for word in words] + [_END] * _PAD, dtype=np.uint64)


def pause_kinds(pauses: Sequence[float]) -> Rows:
    """Return the kind of each pause in seconds, 0 to 4."""
    return np.searchsorted(np.array(PAUSES), np.asarray(pauses, dtype=np.float64), side="right").astype(np.int64)


def place_features(ids: Ids, categories: Ids, kinds: Rows) -> Rows:
    """Return the feature numbers of the places after each word, shape (n, 29), below `SIZE`.

    Args:
        ids: what `ids_of` returns, shape (n + 8,); several turns may follow each other.
        categories: what `category_ids` returns, shape (n + 8,).
        kinds: the kind of the pause after each word, shape (n,).
    """
    count = len(ids) - 2 * _PAD
    words = np.stack([ids[start : start + count] for start in range(2 * _PAD)])  # a row for each distance, from -_PAD
    kinds_of_words = np.stack([categories[start : start + count] for start in range(2 * _PAD)])
    pauses = kinds.astype(np.uint64)
    templates = [[words[_PAD + at] for at in shape] for shape in _SHAPES]
    templates += [[pauses, *(words[_PAD + at] for at in shape)] for shape in _WITH_PAUSE]
    templates += [
        [*(kinds_of_words[_PAD + at] for at in shape), *(words[_PAD + at] for at in beside)] for shape, beside in _CATEGORY_SHAPES
    ]
    found = np.empty((count, len(templates)), dtype=np.int64)
    for size in range(1, 5):  # templates of one size at once: a call of numpy costs as much as a turn of words
        numbers = [number for number, parts in enumerate(templates) if len(parts) == size]
        if numbers:
            found[:, numbers] = _mixed(numbers, [[templates[number][part] for number in numbers] for part in range(size)]).T
    return found


def _mixed(numbers: Sequence[int], parts: Sequence[Sequence[Ids]]) -> Rows:
    """Return the feature numbers of combinations of values, shape (templates, n).

    Args:
        numbers: of the templates.
        parts: for each part of a combination, its values in each template.
    """
    mixed = (np.array(numbers, dtype=np.uint64)[:, None] + np.uint64(1)) * _OTHER
    for part in parts:
        mixed = (mixed ^ (np.stack(part) * _PRIME)) * _OTHER
        mixed ^= mixed >> np.uint64(29)
    return ((mixed * _PRIME) >> _SHIFT).astype(np.int64)


def sentence_features(words: Sequence[str]) -> list[int]:
    """Return the feature numbers of a sentence: how it begins, how it ends, its pairs of words and its length; below `SENTENCE_SIZE`."""
    core = _core(words)
    found = [f"n{min(len(words), 12)}", f"c{min(len(core), 12)}"]
    for size in (1, 2, 3):
        found += [f"f{size} {' '.join(core[:size])}", f"l{size} {' '.join(words[-size:])}"]
    kinds = [category(word) for word in core]
    found += [f"k{size} {' '.join(kinds[:size])}" for size in (1, 2, 3, 4)]
    found += [f"e{size} {' '.join(kinds[-size:])}" for size in (2, 3)]
    found.append(f"kw {kinds[0]} {' '.join(core[1:2])}")
    found.append(f"wk {core[0]} {' '.join(kinds[1:2])}")
    found.append(f"w {words[0]}")
    found.append(f"fl {core[0]} {words[-1]}")
    found += [f"b {first} {second}" for first, second in zip(words, words[1:], strict=False)]
    found += [f"u {word}" for word in dict.fromkeys(words)]
    return [crc32(feature.encode()) % SENTENCE_SIZE for feature in found]


def is_inverted(words: Sequence[str]) -> bool:
    """Return whether a sentence begins like a question: 'is the', 'can you', 'what do', after words such as 'and'."""
    kinds = [category(word) for word in _core(words)[:3]]
    if len(kinds) < 3:
        return False
    if kinds[0] == "WHO":
        return kinds[1] == "AUX"
    return kinds[0] == "AUX" and kinds[1] in ("PRO", "YOU", "DET")


def _core(words: Sequence[str]) -> list[str]:
    """Return a sentence without the words that may stand before a question."""
    core = list(words)
    while len(core) > 1 and core[0] in FILLERS:
        core.pop(0)
    return core
