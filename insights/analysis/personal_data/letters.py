"""Letters that are spelled in small letters, and what is said between the parts of a code: 'd as in david four um one'. Pure.

All functions return a text of the same length, so that offsets stay valid.
"""

import re

_ONE = (
    r"zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
)
_NUMBER = rf"(?:\d[\w]*|(?:{_ONE}|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|double|triple)(?![a-z]))"
_EXPLAINED = re.compile(r"(?<![\w'])([a-z])( (?:as in|like|for) [a-z]+)(?= )", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<=[\w,]) (?:um|uh|er|erm|dash|hyphen|minus),?(?= )", re.IGNORECASE)
_LETTER = re.compile(rf"(?<![\w'])[a-z](?= +(?:[a-z](?![\w'])|{_NUMBER}))|(?<=(?<![\w'])[a-z] )[a-z](?![\w'])", re.IGNORECASE)
_AFTER_NUMBER = re.compile(
    r"(?:(?<=\d)|(?<=zero)|(?<=oh)|(?<=one)|(?<=two)|(?<=three)|(?<=four)|(?<=five)|(?<=six)"
    r"|(?<=seven)|(?<=eight)|(?<=nine)) +([a-z])(?![\w'])"
)


_ZERO = re.compile(rf"(?<=[a-z\d] )o(?=,? {_NUMBER})", re.IGNORECASE)
"""A zero that was heard as the letter: 'one o five'."""


def without_words_between(text: str) -> str:
    """Return the text with spaces in place of fillers, 'dash' and what explains a letter, and 0 for the letter o before a number."""
    text = _EXPLAINED.sub(lambda match: match.group(1) + " " * len(match.group(2)), text)
    text = _BETWEEN.sub(lambda match: " " * len(match.group()), text)
    return _ZERO.sub("0", text)


def with_capital_letters(text: str) -> str:
    """Return the text with capitals in place of single letters beside other letters, digits and words of digits."""
    text = _LETTER.sub(lambda match: match.group().upper(), text)
    return _AFTER_NUMBER.sub(lambda match: match.group().upper(), text)
