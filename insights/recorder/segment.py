"""Cuts an utterance into the sentences that become messages, each with its own words and times, vocabulary put right.

Pure: no database.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from insights.analysis.text.sentences import Sentence, sentences
from insights.analysis.vocabulary.correction import Correction, Vocabulary, mended
from insights.recorder.event_log import clean
from insights.recorder.types import SpokenWord, Utterance


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be: `original` is what was heard where the vocabulary changed it, else empty."""

    text: str
    original: str
    words: tuple[SpokenWord, ...]
    confidence: float
    start: datetime
    end: datetime


def drafts(utterance: Utterance, vocabulary: Sequence[str] = ()) -> list[Draft]:
    """Return one draft per sentence, in order, none of them empty; every word of the utterance is in exactly one."""
    text = clean(utterance.text)
    found = sentences(text)
    shares = _share_out(text, utterance.words, found)
    right = _vocabulary(tuple(vocabulary))
    made: list[Draft] = []
    earliest = utterance.start
    for sentence, words in zip(found, shares, strict=True):
        draft = _draft(sentence, words, utterance, earliest, right)
        made.append(draft)
        earliest = draft.end
    return made


@lru_cache(maxsize=64)
def _vocabulary(phrases: tuple[str, ...]) -> Vocabulary:
    return Vocabulary(phrases)


def _share_out(text: str, words: Sequence[SpokenWord], found: Sequence[Sentence]) -> list[list[SpokenWord]]:
    """Give each word to the sentence in which it stands; a word that is not found in the text goes with its neighbour."""
    shares: list[list[SpokenWord]] = [[] for _ in found]
    if not found:
        return shares
    ends = [sentence.end for sentence in found]
    low, position = text.lower(), 0
    for word in words:
        at = low.find(word.text.lower(), position)
        if at >= 0 and word.text:
            position = at + len(word.text)
        shares[min(bisect_right(ends, max(position - 1, 0)), len(found) - 1)].append(word)
    return shares


def _draft(sentence: Sentence, words: list[SpokenWord], utterance: Utterance, earliest: datetime, right: Vocabulary) -> Draft:
    text, corrections = _put_right(sentence.text, words, right)
    start = words[0].start if words else max(earliest, _moment(utterance, sentence.start))
    end = words[-1].end if words else _moment(utterance, sentence.end)
    confidence = sum(word.confidence for word in words) / len(words) if words else utterance.confidence
    return Draft(
        text=text,
        original="" if text == sentence.text else sentence.text,
        words=_corrected(words, corrections),
        confidence=min(1.0, max(0.0, confidence)),
        start=start,
        end=max(start, end),
    )


def _put_right(text: str, words: list[SpokenWord], right: Vocabulary) -> tuple[str, list[Correction]]:
    """Return the text as it should read, and what is to change in the words; mostly these are the words of the text."""
    pieces, heard = text.split(), [word.text for word in words]
    sure = [word.confidence for word in words]
    corrections = right.correct(pieces, sure)
    return mended(text, corrections), corrections if heard == pieces else right.correct(heard, sure)


def _moment(utterance: Utterance, offset: int) -> datetime:
    """Return when a character was said, taking all characters for equally long."""
    share = min(1.0, offset / max(1, len(utterance.text)))
    return utterance.start + (utterance.end - utterance.start) * share


def _corrected(words: Sequence[SpokenWord], corrections: Sequence[Correction]) -> tuple[SpokenWord, ...]:
    """Replace the words that a correction covers by its own words, which share the time of the old ones evenly."""
    result: list[SpokenWord] = []
    at = 0
    for correction in corrections:
        result += words[at : correction.start_index]
        result += _spread(words[correction.start_index : correction.end_index], correction.text)
        at = correction.end_index
    return (*result, *words[at:])


def _spread(old: Sequence[SpokenWord], text: str) -> list[SpokenWord]:
    pieces = text.split()
    tail = re.search(r"\W*$", old[-1].text)
    pieces[-1] += tail.group() if tail else ""
    start, step = old[0].start, (old[-1].end - old[0].start) / len(pieces)
    confidence = min(word.confidence for word in old)
    return [SpokenWord(piece, start + step * i, start + step * (i + 1), confidence) for i, piece in enumerate(pieces)]
