"""Text normalisation and word error rate.

Only the words are compared: case, punctuation and hyphens are ignored, and a number in digits equals the number in words.
"""

import re
from dataclasses import dataclass

import jiwer

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
_TOGETHER = (("to day", "today"), ("to morrow", "tomorrow"), ("to night", "tonight"), ("per cent", "percent"), ("good bye", "goodbye"))


@dataclass(frozen=True, slots=True)
class Errors:
    """Wrong, missing and added words, and words of the reference; both add up over recordings."""

    wrong: int
    words: int

    @property
    def rate(self) -> float:
        """Word error rate in percent."""
        return 100 * self.wrong / max(1, self.words)

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(self.wrong + other.wrong, self.words + other.words)


def errors(reference: str, heard: str) -> Errors:
    """Compare a transcript with its reference."""
    said = alike(reference)
    compared = jiwer.process_words(said, alike(heard))
    return Errors(compared.substitutions + compared.deletions + compared.insertions, len(said.split()))


def alike(text: str) -> str:
    """Return a text as lower-case words with single spaces: 'On the 20th, $5!' gives 'on the twentieth five dollars'."""
    text = text.lower().replace("\u2019", "'").replace("-", " ").replace("%", " percent ")
    text = re.sub(r"\$\s?([\d,]+)", r"\1 dollars", text)
    text = re.sub(r"(?<=\d),(?=\d)", "", text)
    text = re.sub(r"(\d+)(st|nd|rd|th)\b", lambda found: _ordinal(int(found[1])), text)
    text = re.sub(r"\d+", lambda found: spell(int(found[0])), text)
    text = " ".join(re.findall(r"[a-z']+", text))
    for apart, together in _TOGETHER:
        text = re.sub(rf"\b{apart}\b", together, text)
    return text


def spell(number: int) -> str:
    """Return a whole number in words; 1100 to 9900 by hundreds ('twelve hundred')."""
    if number < 20:
        return _ONES.split()[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return " ".join([_TENS.split()[tens], *([spell(ones)] if ones else [])])
    unit, name = (1000, "thousand") if number >= 1000 and (number % 1000 == 0 or number % 100 or number >= 10_000) else (100, "hundred")
    many, rest = divmod(number, unit)
    return " ".join([spell(many), name, *([spell(rest)] if rest else [])])


def _ordinal(number: int) -> str:
    *before, last = spell(number).split()
    ending = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return " ".join([*before, ending])
