"""Words of a message: tokens with offsets, fillers, words that recognisers split, and stems. English only."""

import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import combining, normalize

from insights.analysis.text.lexicon import words as words_of

LONGEST = 4000
"""Maximum number of characters of a message that are analysed; a spoken turn of 12 seconds has about 250."""

FILLERS = frozenset(
    ["um", "uh", "uhm", "umm", "uhh", "mm", "mmm", "hmm", "hm", "er", "erm", "ah", "eh", "mm-hmm", "uh-huh", "mhm", "huh", "oh"]
)

STOP_WORDS = words_of("stop_words")
"""Words that carry no information about the topic."""

TOKEN = re.compile(r"[^\W_]+(?:['’.\-_&][^\W_]+)*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: as said, its lower-case form, and its position in the message."""

    text: str
    low: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the words of the first LONGEST characters of a text; text[t.start:t.end] == t.text."""
    return [Token(m.group(), fold(m.group()), m.start(), m.end()) for m in TOKEN.finditer(text, 0, LONGEST)]


def fold(word: str) -> str:
    """Return the word in lower case, with straight apostrophes."""
    return word.lower().replace("’", "'")


@lru_cache(maxsize=65536)
def plain(word: str) -> str:
    """Return the word in lower case without accents: 'Café' gives 'cafe'."""
    low = fold(word)
    return low if low.isascii() else "".join(char for char in normalize("NFKD", low) if not combining(char))


_APART = re.compile(
    r"\b(to)\s+(day|morrow|night)\b|\b(per)\s+(cent)\b|\b(good)\s+(bye)\b|\b(any|every|some)\s+(one"
    r"|body)(?=\s+(?:know|want|need|has|have|can|will))",
    re.I,
)


def joined(text: str) -> tuple[str, list[int]]:
    """Return (text with 'to morrow', 'per cent', 'good bye' joined, map from each new offset to the old one).

    The map is one longer than the new text.
    """
    places = list(range(len(text) + 1))
    if " " not in text or not _APART.search(text):
        return text, places
    pieces: list[str] = []
    kept: list[int] = []
    at = 0
    for match in _APART.finditer(text):
        first, second = (number for number in range(1, 9) if match.group(number) is not None)
        pieces += [text[at : match.end(first)]]
        kept += range(at, match.end(first))
        at = match.start(second)
    pieces.append(text[at:])
    kept += range(at, len(text) + 1)
    return "".join(pieces), kept


_VOWELS = frozenset("aeiouy")
_IRREGULAR = {
    "went": "go", "gone": "go", "sent": "send", "bought": "buy", "paid": "pay", "said": "say", "told": "tell", "sold": "sell",
    "made": "make", "took": "take", "taken": "take", "gave": "give", "given": "give", "wrote": "write", "written": "write",
    "left": "leave", "met": "meet", "lost": "lose", "broke": "break", "broken": "break", "chose": "choose", "chosen": "choose",
    "spoke": "speak", "spoken": "speak", "began": "begin", "people": "person", "children": "child", "men": "man", "women": "woman",
    "built": "build", "found": "find", "felt": "feel", "kept": "keep", "thought": "think", "brought": "bring", "caught": "catch",
}  # fmt: skip


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a light stem of a lower-case word, without plural, possessive, -ing, -ed and doubled consonants, so that inflections match."""
    word = word.removesuffix("'s").removesuffix("'")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3:
        return _trim(word)
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and any(char in _VOWELS for char in root):
            return _trim(root)
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "i"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return _trim(word[:-1])
    return _trim(word)


def _trim(root: str) -> str:
    """'cancell', 'cancel' -> 'cancel'; 'pric', 'price' -> 'pric'; 'tri', 'try' -> 'tri'."""
    if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeiou":
        return root[:-1] if root[-1] != "s" else root
    if root.endswith("e") and len(root) > 3:
        return root[:-1]
    if root.endswith("y") and len(root) > 2 and root[-2] not in _VOWELS:
        return root[:-1] + "i"
    return root
