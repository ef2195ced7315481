"""Numbers and codes as recognisers write them: '4111 1111', 'four one one one', 'double four', 'C01X00T47', 'P eight eight four',
'd as in david four um one'. Pure.

Runs of digits are possessive or bounded, so that long rows of digits take linear time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ONES = {word: value for value, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], 1)} | {
    "zero": 0,
    "oh": 0,
}
_TEENS = {
    word: value
    for value, word in enumerate(
        ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"], 10
    )
}
_TENS = {word: 10 * value for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)}
_REPEATS = {"double": 2, "triple": 3}
_WORDS = "|".join(sorted((*_ONES, *_TEENS, *_TENS, *_REPEATS), key=len, reverse=True))
_GAP = r"(?:[\s,.()/-]{0,3}|,? {4,24})"
"""Between the parts of a number; longer gaps are words that were taken out (`without_words_between`)."""
_NUMBER = re.compile(rf"(?<![\w])(?:\+|plus )?\(?(?:\d++|(?:{_WORDS})(?![a-z]))(?:{_GAP}(?:\d++|(?:{_WORDS}|hundred)(?![a-z]))){{0,120}}")
_PIECE = re.compile(r"\d+|[a-z]+")
_CODE = re.compile(
    rf"(?<![\w'])(?:[A-Za-z]*\d[A-Za-z\d]*+|[A-Z]{{1,12}}(?![a-z'])|(?i:{_WORDS})(?![a-z]))"
    rf"(?:(?:[\s,.-]{{1,3}}| {{4,24}})(?:[A-Za-z]*\d[A-Za-z\d]*+|[A-Z]{{1,12}}(?![a-z'])|(?i:{_WORDS})(?![a-z]))){{0,80}}"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")


_ONE_TO_NINETEEN = (
    r"zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
)
_NUMBER_WORD = rf"(?:\d[\w]*|(?:{_ONE_TO_NINETEEN}|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|double|triple)(?![a-z]))"
_EXPLAINED = re.compile(r"(?<![\w'])([a-z])( (?:as in|like|for) [a-z]+)(?= )", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<=[\w,]) (?:um|uh|er|erm|dash|hyphen|minus),?(?= )", re.IGNORECASE)
_LETTER = re.compile(rf"(?<![\w'])[a-z](?= +(?:[a-z](?![\w'])|{_NUMBER_WORD}))|(?<=(?<![\w'])[a-z] )[a-z](?![\w'])", re.IGNORECASE)
_AFTER_NUMBER = re.compile(
    r"(?:(?<=\d)|(?<=zero)|(?<=oh)|(?<=one)|(?<=two)|(?<=three)|(?<=four)|(?<=five)|(?<=six)"
    r"|(?<=seven)|(?<=eight)|(?<=nine)) +([a-z])(?![\w'])"
)
_ZERO = re.compile(rf"(?<=[a-z\d] )o(?=,? {_NUMBER_WORD})", re.IGNORECASE)
"""A zero that was recognised as the letter: 'one o five'."""


@dataclass(frozen=True, slots=True)
class Code:
    """A number or code. `text` is its digits and upper-case letters without gaps; `end` is exclusive."""

    start: int
    end: int
    text: str
    one_by_one: bool = False
    """Whether the digits were said or written one by one or in pairs, unlike a quantity."""
    is_quantity: bool = False
    """Whether it is written with separators of thousands."""
    has_letters: bool = False

    @property
    def is_year(self) -> bool:
        """Whether it may be a year from 1500 to 2099."""
        return _YEAR.fullmatch(self.text) is not None


def numbers(low: str) -> list[Code]:
    """Return the runs of digits and number words of a lower-case text."""
    return [code for code in map(_number, _NUMBER.finditer(low)) if code.text]


def _number(match: re.Match[str]) -> Code:
    written = match.group().removeprefix("plus ")
    pieces = _PIECE.findall(written)
    digits = "".join(_digits(pieces))
    single = sum(len(piece) == 1 if piece.isdigit() else piece in _ONES for piece in pieces)
    words = [piece for piece in pieces if not piece.isdigit()]
    paired = len(words) >= 2 and len(digits) >= 4 and "hundred" not in words
    one_by_one = single >= 4 or any(word in _REPEATS for word in words) or paired
    return Code(match.start(), match.end(), digits, one_by_one, _THOUSANDS.fullmatch(written) is not None)


def _digits(pieces: list[str]) -> Iterator[str]:
    """Yield the digits of the pieces: 'double four' is 44, 'twenty two' 22, 'seven hundred twelve' 712."""
    repeat = 1
    for place, piece in enumerate(pieces):
        if piece in _REPEATS:
            repeat = _REPEATS[piece]
            continue
        if piece == "hundred":
            rest = pieces[place + 1 : place + 2]
            yield "" if rest and not rest[0].isdigit() and rest[0] not in _ONES else "0" if rest and rest[0] in _ONES else "00"
            continue
        following = pieces[place + 1] if place + 1 < len(pieces) else ""
        if piece.isdigit():
            yield piece * repeat
        elif piece in _TENS:
            tens = following in _ONES and _ONES[following] > 0
            yield str(_TENS[piece])[0] + ("" if tens else "0")
        elif piece in _TEENS:
            yield str(_TEENS[piece])
        else:
            yield str(_ONES[piece]) * repeat
        repeat = 1


def codes(text: str) -> list[Code]:
    """Return the runs of digits, capital letters and number words of a text: codes of passports, licences and accounts."""
    return [code for code in map(_code, _CODE.finditer(text)) if len(code.text) >= 4]


def _code(match: re.Match[str]) -> Code:
    pieces = re.findall(r"[A-Za-z\d]+", match.group())
    flat: list[str] = []
    for piece in pieces:
        low = piece.lower()
        if low in _REPEATS or low in _TENS or low in _TEENS or low in _ONES:
            flat.append(low)
        else:
            flat.append(piece.upper())
    text = "".join(_spelled(flat))
    return Code(match.start(), match.end(), text, has_letters=any(map(str.isalpha, text)))


def _spelled(pieces: list[str]) -> Iterator[str]:
    """Yield the characters of a code; number words become digits."""
    pending: list[str] = []
    for piece in pieces:
        if piece.islower() or piece.isdigit():
            pending.append(piece)
            continue
        yield from _digits(pending)
        pending = []
        yield piece
    yield from _digits(pending)


def without_words_between(text: str) -> str:
    """Return the text with spaces in place of fillers, 'dash' and what explains a letter, and 0 for the letter o before a number.

    The text has the same length, so that offsets stay valid.
    """
    text = _EXPLAINED.sub(lambda match: match.group(1) + " " * len(match.group(2)), text)
    text = _BETWEEN.sub(lambda match: " " * len(match.group()), text)
    return _ZERO.sub("0", text)


def with_capital_letters(text: str) -> str:
    """Return the text with capitals in place of single letters beside other letters, digits and words of digits; it has the same length."""
    text = _LETTER.sub(lambda match: match.group().upper(), text)
    return _AFTER_NUMBER.sub(lambda match: match.group().upper(), text)
