"""Redact personal data (who a person is, how to reach or charge them) before a message is analysed, stored or sent.

The rest of the recorder never sees the redacted words; insights, topics and trackers are found in the remaining text. Pure: no database.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace

from insights.analysis import entities
from insights.analysis.text.words import LONGEST
from insights.analysis.types import Entity, Person
from insights.recorder.segment import Draft
from insights.recorder.types import SpokenWord

logger = logging.getLogger(__name__)

HIDDEN = frozenset({"person", "location", "email", "phone", "url", "money"})
"""Types of entities that are redacted. Numbers and codes with at least LEAST_DIGITS digits are redacted as well, except dates."""

LEAST_DIGITS = 4

_DATES = frozenset({"date", "time", "datetime", "daterange"})
_ONES = r"zero|oh|one|two|three|four|five|six|seven|eight|nine"
_TEENS = r"ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_PART = rf"(?:\d++|{_TEENS}|{_TENS}|{_ONES}|double|triple)"
_NUMBER = re.compile(rf"(?<!\w){_PART}(?:[\s,.-]{{0,3}}{_PART})*(?!\w)", re.IGNORECASE)
"""Digits, written or spoken one by one or in pairs, as in the numbers of cards, accounts and telephones.

A run of digits is possessive (`\\d++`): backtracking would try 2^n ways to split a run of n digits with a letter behind it.
"""

_CODE = re.compile(r"(?<!\w)\w++(?:[-.,]\w++)*")
"""Letters and digits in one word, as in '1234x' or 'C01-X00'. Possessive runs, as for _NUMBER.

No group is possessive: early releases of Python 3.11 leave what the last, failed iteration of such a group consumed in the match.
"""

_DECADE = re.compile(r"(?:[a-z]+-)?(?:19|20)\d0s", re.IGNORECASE)
_JOINT = re.compile(r"(?<=[^\W\d_])[-_./](?=[^\W\d_])")
_COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:[-_./][^\W\d_]++)+")
"""Several words written as one, such as 'Maria-Lopez'."""

Span = tuple[int, int, str]
"""Start and end offset (end exclusive), and type."""


def redacted(draft: Draft, mask: str, members: Sequence[Person], timezone_offset: int) -> tuple[Draft, list[Entity]]:
    """Return the draft with personal data replaced by the mask, and an entity for each replacement: its text is the mask, its value empty.

    The text before vocabulary correction (`original`) is removed. On any error the whole text is replaced.
    """
    try:
        spans = _spans(draft, members, timezone_offset)
    except Exception as error:  # only the type is logged: the text of an error may contain spoken words
        logger.error("redacting a message failed (%s); its whole text is replaced", type(error).__name__)
        spans = [(0, len(draft.text), "unknown")]
    hidden = [Entity(kind, mask, len(_masked(draft.text, spans, mask, 0, start))) for start, _, kind in spans]
    text = _masked(draft.text, spans, mask, 0, len(draft.text))
    return replace(draft, text=text, original="", words=tuple(_words(draft, spans, mask))), hidden


def _spans(draft: Draft, members: Sequence[Person], timezone_offset: int) -> list[Span]:
    """Return the spans to redact, in order; no two of them touch."""
    text = draft.text
    found = entities.extract(text, draft.start, timezone_offset, members)
    if len(found) >= entities.MOST:  # the search stopped at its limit, so the rest is unchecked
        return [(0, len(text), "unknown")]
    spans = [(entity.offset, entity.end, entity.type) for entity in found if entity.type in HIDDEN]
    spans += _names_in_compounds(draft, members, timezone_offset)
    spans += _numbers(text, [entity for entity in found if entity.type in _DATES])
    if len(text) > LONGEST:  # the analysis does not look further
        spans.append((LONGEST, len(text), "unknown"))
    return _merged(sorted(spans))


def _names_in_compounds(draft: Draft, members: Sequence[Person], timezone_offset: int) -> list[Span]:
    """Return the spans of names inside compounds such as 'Maria-Lopez', found by reading the joints as spaces.

    If all parts are capitalised, the whole word is redacted ('Anna-Maria'); otherwise only names of members are ('Maria-led').
    """
    compounds = list(_COMPOUND.finditer(draft.text, 0, LONGEST))
    if not compounds:
        return []
    spans: list[Span] = []
    found = entities.extract(_JOINT.sub(" ", draft.text), draft.start, timezone_offset, members)
    if len(found) >= entities.MOST:
        return [(0, len(draft.text), "unknown")]
    for entity in found:
        if entity.type not in {"person", "location"}:
            continue
        touched = [word for word in compounds if word.start() < entity.end and entity.offset < word.end()]
        whole = [word for word in touched if all(part[0].isupper() for part in re.split(r"[-_./]", word.group()))]
        if whole or (touched and "userId" in entity.value):
            start = min([entity.offset, *(word.start() for word in whole)])
            spans.append((start, max([entity.end, *(word.end() for word in whole)]), entity.type))
    return spans


def _numbers(text: str, dates: Sequence[Entity]) -> list[Span]:
    """Return the spans of numbers and codes with at least LEAST_DIGITS digits that are not part of a date."""
    undated = text
    for date in dates:  # '10:00am-11:30am' is not a code
        undated = undated[: date.offset] + " " * (date.end - date.offset) + undated[date.end :]
    found = [match for match in _NUMBER.finditer(text) if _digits(match.group()) >= LEAST_DIGITS]
    found += [match for match in _CODE.finditer(text) if sum(map(str.isdecimal, undated[match.start() : match.end()])) >= LEAST_DIGITS]
    return [
        (match.start(), match.end(), "number")
        for match in found
        if not _DECADE.fullmatch(match.group())
        and not any(entity.offset <= match.start() and match.end() <= entity.end for entity in dates)
    ]


def _digits(number: str) -> int:
    """Return the minimum number of digits of a number: 2 for 'forty two', 2 for 'double four'."""
    count, after_tens = 0, False
    for part in re.findall(_PART, number, re.IGNORECASE):
        tens = re.fullmatch(_TENS, part, re.IGNORECASE) is not None
        if part.isdigit():
            count += len(part)
        elif tens or re.fullmatch(rf"{_TEENS}|triple", part, re.IGNORECASE):
            count += 2
        else:
            count += not after_tens
        after_tens = tens
    return count


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end, kind in spans:
        if merged and start <= merged[-1][1]:
            first, last, before = merged[-1]
            merged[-1] = (first, max(last, end), kind if before == "number" else before)
        else:
            merged.append((start, end, kind))
    return merged


def _masked(text: str, spans: Sequence[Span], mask: str, start: int, end: int) -> str:
    """Return text[start:end] with each span removed; the mask is written where a span begins."""
    masked, at = "", start
    for first, last, _ in spans:
        if first >= end:
            break
        if last > start:
            masked += text[at : max(first, at)] + (mask if first >= start else "")
            at = max(at, last)
    return masked + text[at:end]


def _words(draft: Draft, spans: Sequence[Span], mask: str) -> list[SpokenWord]:
    """Return the redacted words; the words of one span become one word that lasts from the first to the last of them."""
    kept: list[SpokenWord] = []
    low, position = entities.lower(draft.text), 0
    for word in draft.words:
        start = low.find(entities.lower(word.text), position)
        if start < 0:  # the word is not in the text, so it cannot be checked
            kept.append(replace(word, text=mask))
            continue
        position = end = start + len(word.text)
        masked = _masked(draft.text, spans, mask, start, end)
        if kept and any(first < start < last for first, last, _ in spans):  # the span began in the word before
            kept[-1] = replace(kept[-1], text=kept[-1].text + masked, end=word.end)
        else:
            kept.append(replace(word, text=masked))
    return kept
