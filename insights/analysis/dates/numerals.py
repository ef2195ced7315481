"""Numbers in digits, words and mixtures, as recognisers write them: regular expressions and their values."""

import re

_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "k": 1_000,
    "grand": 1_000,
    "million": 10**6,
    "m": 10**6,
    "mio": 10**6,
    "billion": 10**9,
    "bn": 10**9,
}
_ORDINAL_ONES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
_ORDINAL_TEENS = [
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
]

VALUES: dict[str, int] = (
    {"zero": 0, "a": 1, "an": 1}
    | {word: value for value, word in enumerate(_ONES, 1)}
    | {word: value for value, word in enumerate(_TEENS, 10)}
    | {word: 10 * value for value, word in enumerate(_TENS, 2)}
)
ORDINALS: dict[str, int] = (
    {word: value for value, word in enumerate(_ORDINAL_ONES, 1)}
    | {word: value for value, word in enumerate(_ORDINAL_TEENS, 10)}
    | {"twentieth": 20, "thirtieth": 30}
    | {
        f"{tens} {ones}": value
        for tens, base in (("twenty", 20), ("thirty", 30))
        for value, ones in enumerate(_ORDINAL_ONES, base + 1)
        if value < 32
    }
)

_ones = "(?:" + "|".join(_ONES) + ")"
_below_20 = "(?:" + "|".join(_TEENS + _ONES) + ")"
_below_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[ -]{_ones}(?![a-z]))?|{_below_20}|zero)"
_below_1000 = rf"(?:(?:(?:a|{_below_20})[ -])?hundred(?:(?: and)? {_below_100})?|{_below_100})"
_big = r"(?:thousand|million|billion)"
WORDS = (
    rf"(?:(?:a )?{_big}|{_below_1000}(?: point(?: {_ones}| zero)+)?(?: and (?:a half"
    rf"|a quarter))?(?: {_big}(?:(?: and)? {_below_1000} {_big})*(?:(?: and)? {_below_1000})?)?)(?![a-z])"
)
"""Pattern of a number in words ('twelve thousand five hundred', 'two and a half', 'ninety one point two')."""

DIGIT = re.compile(r"\d")
"""Any digit: a cheap test before the number patterns."""

DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,15}(?:\.\d+)?)"
"""Pattern of a number in digits."""

NUMBER = rf"(?:{DIGITS}(?:(?: and)? ?a half|(?: (?:hundred|thousand|million|billion|grand))+|(?:k|m|bn)\b)?|{WORDS})"
"""Pattern of any number; match it against lower-case text."""

ORDINAL = r"(?:[12]?\d(?:st|nd|rd|th)|3[01](?:st|th)|(?:twenty|thirty)[ -](?:" + "|".join(_ORDINAL_ONES) + r")|" + "|".join(
    _ORDINAL_TEENS + ["twentieth", "thirtieth"] + _ORDINAL_ONES
) + r")(?![a-z])"  # fmt: skip
"""Pattern of an ordinal that can be a day of the month."""

_PIECE = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+")
_MOST = 1e15


def value(text: str) -> float | None:
    """Return the value of a text that matches NUMBER; None when it is not a number, or above 10**15."""
    total = current = 0.0
    decimals = 0.0
    pieces = _PIECE.findall(text.lower())
    if not pieces:
        return None
    for place, piece in enumerate(pieces):
        if piece == "point":
            decimals = 0.1
        elif decimals and piece in VALUES:
            current += VALUES[piece] * decimals
            decimals /= 10
        elif piece in {"half", "quarter"}:
            current += {"half": 0.5, "quarter": 0.25}[piece] - (1 if place > 1 and pieces[place - 1] in {"a", "an"} else 0)
        elif piece == "hundred":
            current = (current or 1) * 100
        elif piece in _SCALES:
            total += (current or (0 if total else 1)) * _SCALES[piece]
            current = decimals = 0.0
        elif piece in VALUES:
            current += VALUES[piece]
        elif piece[0].isdigit():
            current += float(piece.replace(",", ""))
        elif piece != "and":
            return None
    result = round(total + current, 6)
    return result if result <= _MOST else None


def ordinal(text: str) -> int | None:
    """Return 1..31 for '3rd', 'third', 'twenty-first'; None for anything else."""
    low = text.lower().replace("-", " ")
    if low in ORDINALS:
        return ORDINALS[low]
    digits = re.match(r"\d{1,2}", low)
    number = int(digits.group()) if digits else 0
    return number if 1 <= number <= 31 else None


def year(text: str) -> int | None:
    """Return 1900..2100 for '2026', 'twenty twenty six', 'nineteen ninety four', 'two thousand and nineteen'; None outside."""
    low = text.lower().replace("-", " ").strip()
    number = value(low)
    halves = re.fullmatch(rf"(nineteen|twenty) ({_below_100}|oh {_ones})", low)
    if halves:
        second = value(halves.group(2).removeprefix("oh "))
        number = (19 if halves.group(1) == "nineteen" else 20) * 100 + (second or 0)
    return int(number) if number is not None and number == int(number) and 1900 <= number <= 2100 else None


_ten_to_99 = rf"(?:(?:{'|'.join(_TENS)})(?:[ -]{_ones}(?![a-z]))?|(?:{'|'.join(_TEENS)}))"
YEAR = rf"(?:(?:19|20)\d\d(?!\d)|(?:nineteen|twenty) (?:oh {_ones}|{_ten_to_99})|two thousand(?: and)?(?: {_below_100})?)(?![a-z])"
"""Pattern of a year, spoken or in digits; does not match 'twenty five'."""

PRICE = rf"(?P<whole>{_below_100}) (?P<part>{_ten_to_99}|oh {_ones})(?![a-z])"
"""Pattern of a price without a word between the numbers: 'twelve fifty', 'nine ninety nine'."""
