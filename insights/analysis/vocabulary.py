"""Custom vocabulary: mends what the recogniser nearly heard ('par lay' -> 'Parley'). Careful: a wrong mend is worse than none.

A window of words is mended when it sounds like a phrase of the vocabulary (same phonetic key) and its letters are near enough; the
shorter the key, the nearer they must be. Common English words alone are never touched.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from insights.analysis.background import is_common
from insights.analysis.words import STOP_WORDS, fold, tokens

_EXTRA_WORDS = 2
"""How many more words than the phrase has the recogniser may have cut it into."""

_MOST_PHRASES = 5000


@dataclass(frozen=True, slots=True)
class Correction:
    """Words [start_index:end_index) should read `text`."""

    start_index: int
    end_index: int
    text: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    text: str
    letters: str
    words: int


class Vocabulary:
    """The phrases of one speaker, by their sound."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self._by_sound: dict[str, list[_Phrase]] = {}
        self._by_letters: dict[str, _Phrase] = {}
        self._widest = 0
        for text in list(dict.fromkeys(phrase.strip() for phrase in phrases))[:_MOST_PHRASES]:
            letters = _letters(text)
            if len(letters) < 3:
                continue
            phrase = _Phrase(text, letters, len(tokens(text)))
            self._by_letters.setdefault(letters, phrase)
            self._by_sound.setdefault(sound(letters), []).append(phrase)
            self._widest = max(self._widest, phrase.words + _EXTRA_WORDS)

    def correct(self, words: Sequence[str]) -> list[Correction]:
        """Corrections in order, never overlapping. words: as the recogniser wrote them, punctuation included or not."""
        corrections: list[Correction] = []
        at = 0
        while at < len(words) and self._widest:
            found = self._at(words, at)
            if found is None:
                at += 1
                continue
            at = found.end_index
            if _bare(words[found.start_index : found.end_index]) != found.text:
                corrections.append(found)
        return corrections

    def apply(self, text: str) -> str:
        """The text with all corrections made; white space between words and outer punctuation stay."""
        pieces = list(re.finditer(r"\S+", text))
        for correction in reversed(self.correct([piece.group() for piece in pieces])):
            first, last = pieces[correction.start_index], pieces[correction.end_index - 1]
            before = re.match(r"\W*", first.group())
            after = re.search(r"(?:['’]s)?\W*$", last.group())
            head = before.group() if before else ""
            tail = after.group() if after else ""
            text = text[: first.start()] + head + correction.text + tail + text[last.end() :]
        return text

    def _at(self, words: Sequence[str], at: int) -> Correction | None:
        """The best correction that begins at a word: same letters first, then the nearest sound."""
        best: tuple[float, int, _Phrase] | None = None
        for end in range(at + 1, min(len(words), at + self._widest) + 1):
            window = words[at:end]
            if any(re.search(r"[.!?,;:]$", word) for word in window[:-1]):
                break
            for likeness, phrase in self._likely(window):
                if best is None or likeness > best[0]:
                    best = (likeness, end, phrase)
        return Correction(at, best[1], best[2].text) if best else None

    def _likely(self, window: Sequence[str]) -> Iterator[tuple[float, _Phrase]]:
        """Phrases that a window of words may stand for, with a likeness of 0..1."""
        letters = _letters(" ".join(window))
        same = self._by_letters.get(letters)
        if same is not None:
            if len(window) > 1 or not is_common(letters) or same.text != letters:
                yield 1.0, same
            return
        if len(letters) < 3 or _plain_english(window):
            return
        key = sound(letters)
        for phrase in self._by_sound.get(key, ()):
            if len(window) > phrase.words + _EXTRA_WORDS or len(window) < phrase.words - 1:
                continue
            likeness = OSA.normalized_similarity(letters, phrase.letters)
            if likeness >= _needed(key, window):
                yield likeness, phrase


def _needed(key: str, window: Sequence[str]) -> float:
    """How alike the letters must be: a long sound hardly agrees by chance; words that all are English ask for more."""
    needed = {0: 1.0, 1: 1.0, 2: 0.85, 3: 0.72, 4: 0.66}.get(len(key), 0.5)
    ordinary = all(is_common(_letters(word)) for word in window)
    glued = any(fold(word.strip(".,!?;:")) in STOP_WORDS for word in window)
    return min(1.0, needed + (0.08 if ordinary else 0.0) + (0.12 if glued else 0.0))


def _plain_english(window: Sequence[str]) -> bool:
    """One common word, or only function words: nothing to mend."""
    words = [fold(word.strip(".,!?;:\"'")) for word in window]
    return (len(words) == 1 and is_common(words[0])) or all(word in STOP_WORDS for word in words)


def _letters(text: str) -> str:
    """Lower-case letters and digits only, a final possessive dropped."""
    return "".join(char for char in re.sub(r"['’]s\b", "", fold(text)) if char.isalnum())


def _bare(window: Sequence[str]) -> str:
    return re.sub(r"^\W+|(?:['’]s)?\W*$", "", " ".join(window))


_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"^(?:kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^ps", "s"),
        (r"^x", "s"),
        (r"tio|sio", "xo"),
        (r"sch|tch|ch|sh", "x"),
        (r"ph", "f"),
        (r"ght", "t"),
        (r"gh", "g"),
        (r"th", "t"),
        (r"dg(?=[eiy])", "j"),
        (r"c(?=[eiy])", "s"),
        (r"ck|c|q", "k"),
        (r"x(?=$)|x(?=[^aeiou])", "ks"),
    )
)
_VOICELESS = str.maketrans("bdgvzj", "ptkfsx")


def sound(letters: str) -> str:
    """A phonetic key: consonants only, voiced and voiceless taken as one, doubled ones once; a first vowel is kept as 'a'."""
    for pattern, to in _RULES:
        letters = pattern.sub(to, letters)
    letters = letters.translate(_VOICELESS)
    key = ""
    for place, char in enumerate(letters):
        if char in "aeiou" or (char in "hwy" and place):
            char = "a" if place == 0 else ""
        if char and not key.endswith(char):
            key += char
    return key
