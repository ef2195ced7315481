"""IBANs that are spoken or written in small letters, after the word. Pure."""

import re
from collections.abc import Iterator

from insights.analysis.personal_data.personal_data_kinds import PersonalData, PersonalDataKind

_DIGIT = (
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple|ten|eleven|twelve"
    r"|\w{3,5}teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
)
_CUE = re.compile(r"(?<!\w)(?:ibans?|bank account number)(?!\w)")
_COUNTRY = re.compile(rf"(?<!\w)(?:[a-z] ?[a-z]) *(?={_DIGIT}(?!\w)|\d)")
_PART = re.compile(rf"{_DIGIT}(?!\w)|[a-z\d]*\d[a-z\d]*|[a-z](?!\w)|[a-z]{{4}}(?= +(?:{_DIGIT}(?!\w)|\w*\d))")
_REACH = 40
_FEWEST, _MOST = 13, 32
"""Characters after the country."""


def spoken_ibans(low: str) -> Iterator[PersonalData]:
    """Yield the IBAN after each cue, from its country on."""
    for cue in _CUE.finditer(low):
        country = _COUNTRY.search(low, cue.end(), min(len(low), cue.end() + _REACH + 4))
        while country is not None:
            end, size = _end(low, country.end())
            if _FEWEST <= size <= _MOST:
                yield PersonalData(country.start(), end, PersonalDataKind.IBAN)
                break
            country = _COUNTRY.search(low, country.end(), min(len(low), cue.end() + _REACH + 4))


def _end(low: str, at: int) -> tuple[int, int]:
    """Return where the parts of an IBAN end that begin here, and how many characters they have."""
    end, size = at, 0
    while size <= _MOST and (part := _PART.match(low, at)):
        text = part.group()
        size += len(text) if any(map(str.isdigit, text)) or len(text) in (1, 4) and not re.fullmatch(_DIGIT, text) else 1
        end = at = part.end()
        while at < len(low) and low[at] in " ,.-":
            at += 1
    return end, size
