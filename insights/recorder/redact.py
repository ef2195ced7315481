"""Redact personal data before a message is analysed, stored or sent, or when it is read. Pure: no database.

`insights.analysis.personal_data` says what personal data is. When a message is recorded, the rest of the recorder never sees the redacted
words; insights, topics and trackers are found in the remaining text.
"""

import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from insights.analysis import personal_data
from insights.analysis.entities import lower
from insights.analysis.personal_data import LIVE_TYPES, UNKNOWN, Span, masked
from insights.analysis.types import FoundEntity, Person
from insights.recorder.segment import Draft
from insights.recorder.types import SpokenWord

logger = logging.getLogger(__name__)

_MASK = re.compile(r"[\[<{][^\[\]<>{}]{1,64}[\]>}]")
"""A mask in words, such as '[PII_PCI_ENTITY]'. Recognised speech has no such brackets."""


def redacted(
    draft: Draft, mask: str, members: Sequence[Person], timezone_offset: int, *, keep_masks: bool = False
) -> tuple[Draft, list[FoundEntity]]:
    """Return the draft with personal data replaced by the mask, and an entity for each replacement: its text is the mask, its value empty.

    The text before vocabulary correction (`original`) is removed. On any error the whole text is replaced.

    Args:
        keep_masks: whether the text may have masks of an earlier call. They stay as they are, also one that reads like a name.
    """
    spans = spans_of(draft, members, timezone_offset, LIVE_TYPES)
    if keep_masks:
        masks = [(one.start(), one.end()) for one in re.finditer(rf"(?<!\w){re.escape(mask)}(?!\w)", draft.text)]
        spans = [span for span in spans if not any(first <= span[0] and span[1] <= last for first, last in masks)]
    hidden = [FoundEntity(kind, mask, len(masked(draft.text, spans, mask, 0, start))) for start, _, kind in spans]
    return without(draft, spans, mask), hidden


def spans_of(draft: Draft, members: Sequence[Person], timezone_offset: int, hidden: Collection[str]) -> list[Span]:
    """Return the spans of a draft that have the types `hidden`; on any error the whole text."""
    try:
        return personal_data.spans_of(draft.text, draft.start, timezone_offset, members, hidden)
    except Exception as error:  # only the type is logged: the text of an error may contain spoken words
        logger.error("redacting a message failed (%s); its whole text is replaced", type(error).__name__)
        return [(0, len(draft.text), UNKNOWN)]


def without_masks(text: str) -> str:
    """Return a text without masks in words, which are no subject of a conversation; what is around them stays apart."""
    return _MASK.sub(";", text)


def without(draft: Draft, spans: Sequence[Span], mask: str) -> Draft:
    """Return the draft with the spans replaced by the mask, in its text and in its words, and without `original`."""
    return replace(draft, text=masked(draft.text, spans, mask), original="", words=tuple(_words(draft, spans, mask)))


def _words(draft: Draft, spans: Sequence[Span], mask: str) -> list[SpokenWord]:
    """Return the redacted words; the words of one span become one word that lasts from the first to the last of them."""
    kept: list[SpokenWord] = []
    low, position = lower(draft.text), 0
    for word in draft.words:
        start = low.find(lower(word.text), position)
        if start < 0:  # the word is not in the text, so it cannot be checked
            kept.append(replace(word, text=mask))
            continue
        position = end = start + len(word.text)
        hidden = masked(draft.text, spans, mask, start, end)
        if kept and any(first < start < last for first, last, _ in spans):  # the span began in the word before
            kept[-1] = replace(kept[-1], text=kept[-1].text + hidden, end=word.end)
        else:
            kept.append(replace(word, text=hidden))
    return kept
