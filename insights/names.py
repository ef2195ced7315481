"""Clean names and titles before they are stored: remove invisible and bidirectional control characters. Pure: no Django.

With a right-to-left override, a line break or a zero-width character, a name can make a page, list or file show misleading text. Letters
of every script are kept, and so are the joiners that Persian and Indic words and emoji need.
"""

import re
import unicodedata

LONGEST_NAME = 320
"""Characters of a member's name, user id and e-mail address."""

UNNAMED = re.compile(r"Speaker (\d+)")
"""The name of a voice's member until somebody names it: stored and sent in English, shown in the language of the page."""

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_EMOJI_STYLE, _KEYCAP, _FLAG, _TAG_END = "\ufe0f", "\u20e3", "\U0001f3f4", "\U000e007f"

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065")
"""Characters that count as letters, marks or symbols but show nothing."""

_SHOWN_FORMATS = frozenset(map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)))
"""Format characters (category Cf) that are visible: the signs before Arabic, Syriac and Kaithi numbers."""

_JOINING = (
    (0x0600, 0x109F),
    (0x1780, 0x18AF),
    (0x1B00, 0x1BFF),
    (0xA800, 0xABFF),
    (0xFB50, 0xFEFC),
    (0x10A00, 0x11FFF),
    (0x1E900, 0x1E95F),
)
"""Code point ranges of the scripts in which joiners change how a word is written: Arabic to Myanmar, Khmer, Mongolian, Balinese, others."""


_MOST_READ = 4096
"""Characters of a name that are processed; the rest is dropped, which bounds the time for a long one."""


def clean_name(text: str, limit: int | None = None) -> str:
    """Return a name of at most `limit` characters that every database can store and that cannot mislead a reader. It may be empty.

    Bidirectional controls, zero-width and other invisible characters and control characters are removed. Line and paragraph breaks and
    tabs become spaces, lone surrogates question marks. White space at both ends is removed.
    """
    kept: list[str] = []
    for place, char in enumerate(text[:_MOST_READ]):
        if char in "\t\n\v\f\r\x85\u2028\u2029":
            kept.append(" ")
        elif "\ud800" <= char <= "\udfff":
            kept.append("?")
        elif _is_visible(char, kept) or _is_joiner(char, kept, text[place + 1 : place + 2]):
            kept.append(char)
    return "".join(kept)[:limit].strip().strip(_ZWNJ + _ZWJ)


def isolated(name: str) -> str:
    """Return a name for use inside a line of text. One with right-to-left letters gets Unicode isolates, so that it does not reorder
    the text after it.
    """
    turns = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in name)
    return f"\u2068{name}\u2069" if turns else name


def _is_visible(char: str, before: list[str]) -> bool:
    """Return whether a character is visible, by itself or by changing the ones before it."""
    if char in _SHOWN_FORMATS:
        return True
    if "\U000e0020" <= char <= _TAG_END:  # tag characters, in the flags of England, Scotland and Wales
        return _FLAG in before[-7:]
    if "\ufe00" <= char <= _EMOJI_STYLE or "\U000e0100" <= char <= "\U000e01ef":  # variation selectors of a symbol, digit or ideograph
        return bool(before) and (before[-1] >= "\u1800" or not before[-1].isalpha()) and not before[-1].isspace()
    return char not in _BLANK and unicodedata.category(char) not in ("Cc", "Cf") and not "\U000e0000" <= char <= "\U000e0fff"


def _is_joiner(char: str, before: list[str], after: str) -> bool:
    """Return whether a character is a joiner inside a word of a script that uses joiners, or inside an emoji."""
    if char not in (_ZWNJ, _ZWJ) or not before or not after:
        return False
    if _uses_joiners(before[-1]) and _uses_joiners(after):
        return True
    emoji = before[-1] in (_EMOJI_STYLE, _KEYCAP) or unicodedata.category(before[-1]) in ("So", "Sk")
    return char == _ZWJ and emoji and unicodedata.category(after) == "So"


def _uses_joiners(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM" and any(first <= ord(char) <= last for first, last in _JOINING)
