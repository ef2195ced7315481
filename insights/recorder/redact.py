"""Redact personal data (who a person is, how to reach or charge them) before a message is analysed, stored or sent.

The rest of the recorder never sees the redacted words; insights, topics and trackers are found in the remaining text. Pure: no database.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace

from insights.analysis import entities, personal_data
from insights.analysis.text.words import LONGEST
from insights.analysis.types import Entity, Person
from insights.recorder.segment import Draft
from insights.recorder.types import SpokenWord

logger = logging.getLogger(__name__)

_IN_COMPOUNDS = frozenset({"person", "location"})
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
    spans = [(one.start, one.end, one.category.entity_type) for one in personal_data.find(text, found)]
    spans += _names_in_compounds(draft, members, timezone_offset)
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
        if entity.type not in _IN_COMPOUNDS:
            continue
        touched = [word for word in compounds if word.start() < entity.end and entity.offset < word.end()]
        whole = [word for word in touched if all(part[0].isupper() for part in re.split(r"[-_./]", word.group()))]
        if whole or (touched and "userId" in entity.value):
            start = min([entity.offset, *(word.start() for word in whole)])
            spans.append((start, max([entity.end, *(word.end() for word in whole)]), entity.type))
    return spans


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
