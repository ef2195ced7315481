"""Hiding what tells who somebody is or how to reach or charge them, before anything is analysed, stored or told.

The rest of the recorder never sees the hidden words: whatever is found in a message is found in what is left of it. Pure: no database.
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
"""Types of entities that are hidden; besides, all numbers and codes of LEAST_DIGITS digits and more, but for dates."""

LEAST_DIGITS = 4

_DATES = frozenset({"date", "time", "datetime", "daterange"})
_ONES = r"zero|oh|one|two|three|four|five|six|seven|eight|nine"
_TEENS = r"ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_PART = rf"(?:\d++|{_TEENS}|{_TENS}|{_ONES}|double|triple)"
_NUMBER = re.compile(rf"(?<!\w){_PART}(?:[\s,.-]{{0,3}}{_PART})*(?!\w)", re.IGNORECASE)
"""Digits written, or said one by one or two by two, as numbers of cards, accounts and telephones are.

Digits on end are one part and never cut: else a row of them with a letter behind would be tried in each of its 2^n cuts.
"""

_CODE = re.compile(r"(?<!\w)\w++(?:[-.,]\w++)*")
"""Letters and digits in one, as in '1234x' or 'C01-X00'; never cut either, as nothing follows that could ask for less.

No group is possessive here: early releases of Python 3.11 leave in the match what the last, failed turn of such a group had taken.
"""

_DECADE = re.compile(r"(?:[a-z]+-)?(?:19|20)\d0s", re.IGNORECASE)
_JOINT = re.compile(r"(?<=[^\W\d_])[-_./](?=[^\W\d_])")
_COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:[-_./][^\W\d_]++)+")
"""Words that are written as one: 'Maria-Lopez'."""

Span = tuple[int, int, str]
"""First character, first character behind, type."""


def redacted(draft: Draft, mask: str, members: Sequence[Person], timezone_offset: int) -> tuple[Draft, list[Entity]]:
    """Return a draft with everything hidden behind the mask, and what was hidden where: entities whose text is the mask, without a value.

    What was heard before the vocabulary put it right goes, too. A draft that cannot be looked through is hidden as a whole.
    """
    try:
        spans = _spans(draft, members, timezone_offset)
    except Exception as error:  # whatever it is, nothing may slip through; its text may hold spoken words
        logger.error("a message could not be redacted and is hidden as a whole (%s)", type(error).__name__)
        spans = [(0, len(draft.text), "unknown")]
    hidden = [Entity(kind, mask, len(_shown(draft.text, spans, mask, 0, start))) for start, _, kind in spans]
    text = _shown(draft.text, spans, mask, 0, len(draft.text))
    return replace(draft, text=text, original="", words=tuple(_words(draft, spans, mask))), hidden


def _spans(draft: Draft, members: Sequence[Person], timezone_offset: int) -> list[Span]:
    """Return what is to be hidden in a text, in order; none of them touches the next."""
    text = draft.text
    found = entities.extract(text, draft.start, timezone_offset, members)
    if len(found) >= entities.MOST:  # the search stopped there: what else is in it nobody knows
        return [(0, len(text), "unknown")]
    spans = [(entity.offset, entity.end, entity.type) for entity in found if entity.type in HIDDEN]
    spans += _names_in_compounds(draft, members, timezone_offset)
    spans += _numbers(text, [entity for entity in found if entity.type in _DATES])
    if len(text) > LONGEST:  # beyond which nobody looks
        spans.append((LONGEST, len(text), "unknown"))
    return _merged(sorted(spans))


def _names_in_compounds(draft: Draft, members: Sequence[Person], timezone_offset: int) -> list[Span]:
    """Return names that are written as one word, 'Maria-Lopez': found where the joints are taken for spaces.

    Only members count where a part begins with a small letter ('Maria-led'), else all of the word is hidden ('Anna-Maria').
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
    """Return numbers, and codes of letters and digits, that are long enough to be hidden and part of no date."""
    undated = text
    for date in dates:  # '10:00am-11:30am' is no code
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
    """Return how many digits a number has at least: 'forty two' two, 'double four' two."""
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


def _shown(text: str, spans: Sequence[Span], mask: str, start: int, end: int) -> str:
    """Return what may be told of text[start:end]; a span's mask stands where the span begins."""
    shown, at = "", start
    for first, last, _ in spans:
        if first >= end:
            break
        if last > start:
            shown += text[at : max(first, at)] + (mask if first >= start else "")
            at = max(at, last)
    return shown + text[at:end]


def _words(draft: Draft, spans: Sequence[Span], mask: str) -> list[SpokenWord]:
    """Return the words that are left; those of one span are one word, as long as all of them."""
    kept: list[SpokenWord] = []
    low, position = entities.lower(draft.text), 0
    for word in draft.words:
        start = low.find(entities.lower(word.text), position)
        if start < 0:  # not where it should be: whether it may be told cannot be known
            kept.append(replace(word, text=mask))
            continue
        position = end = start + len(word.text)
        shown = _shown(draft.text, spans, mask, start, end)
        if kept and any(first < start < last for first, last, _ in spans):  # it goes on with what the word before began
            kept[-1] = replace(kept[-1], text=kept[-1].text + shown, end=word.end)
        else:
            kept.append(replace(word, text=shown))
    return kept
