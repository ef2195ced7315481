"""Split an utterance into sentences, one per message, each with its words and times and with the vocabulary corrected.

Pure: no database.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import accumulate

from insights.analysis.text.sentences import Sentence, sentences
from insights.analysis.vocabulary.correction import Correction, Vocabulary, corrected
from insights.recorder.event_log import clean
from insights.recorder.types import SpokenWord, Utterance


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it is stored. `original` is the recognised text if the vocabulary changed it, else empty.

    `translation` is the text in English, empty if there is none.
    """

    text: str
    original: str
    words: tuple[SpokenWord, ...]
    confidence: float
    start: datetime
    end: datetime
    translation: str = ""


def drafts(utterance: Utterance, vocabulary: Sequence[str] = ()) -> list[Draft]:
    """Return one draft per sentence, in order, without empty ones. Every word of the utterance is in exactly one draft."""
    text = clean(utterance.text)
    found = sentences(text)
    words_of = _words_by_sentence(text, utterance.words, found)
    corrector = _vocabulary(tuple(vocabulary))
    result: list[Draft] = []
    earliest = utterance.start
    translations = shared_translation(utterance.translation, [sentence.text for sentence in found])
    for sentence, words, translation in zip(found, words_of, translations, strict=True):
        draft = replace(_draft(sentence, words, utterance, earliest, corrector), translation=translation)
        result.append(draft)
        earliest = draft.end
    return result


def shared_translation(translation: str, texts: Sequence[str]) -> list[str]:
    """Return the part of a translation of a turn for each of its sentences: its sentences in order, none of them twice.

    If the turn and its translation have different numbers of sentences, each goes to where the same share of the characters has passed.
    """
    shared = [""] * len(texts)
    parts = [sentence.text for sentence in sentences(clean(translation))]
    if not texts or not parts:
        return shared
    if len(parts) == len(texts):
        return parts
    ends = list(accumulate(len(text) for text in texts))
    total, passed = sum(map(len, parts)), 0
    for part in parts:
        middle = (passed + len(part) / 2) / total * ends[-1]
        place = min(bisect_right(ends, middle), len(texts) - 1)
        shared[place] = f"{shared[place]} {part}".strip()
        passed += len(part)
    return shared


@lru_cache(maxsize=64)
def _vocabulary(phrases: tuple[str, ...]) -> Vocabulary:
    return Vocabulary(phrases)


def _words_by_sentence(text: str, words: Sequence[SpokenWord], found: Sequence[Sentence]) -> list[list[SpokenWord]]:
    """Return the words of each sentence. A word that is not found in the text stays with the word before it."""
    groups: list[list[SpokenWord]] = [[] for _ in found]
    if not found:
        return groups
    ends = [sentence.end for sentence in found]
    low, position = text.lower(), 0
    for word in words:
        at = low.find(word.text.lower(), position)
        if at >= 0 and word.text:
            position = at + len(word.text)
        groups[min(bisect_right(ends, max(position - 1, 0)), len(found) - 1)].append(word)
    return groups


def _draft(sentence: Sentence, words: list[SpokenWord], utterance: Utterance, earliest: datetime, corrector: Vocabulary) -> Draft:
    text, corrections = _correct(sentence.text, words, corrector)
    start = words[0].start if words else max(earliest, _time_of(utterance, sentence.start))
    end = words[-1].end if words else _time_of(utterance, sentence.end)
    confidence = sum(word.confidence for word in words) / len(words) if words else utterance.confidence
    return Draft(
        text=text,
        original="" if text == sentence.text else sentence.text,
        words=_corrected(words, corrections),
        confidence=min(1.0, max(0.0, confidence)),
        start=start,
        end=max(start, end),
    )


def _correct(text: str, words: list[SpokenWord], corrector: Vocabulary) -> tuple[str, list[Correction]]:
    """Return the corrected text and the corrections of the words, which usually are the words of the text."""
    pieces, recognised = text.split(), [word.text for word in words]
    confidences = [word.confidence for word in words]
    corrections = corrector.correct(pieces, confidences)
    return corrected(text, corrections), corrections if recognised == pieces else corrector.correct(recognised, confidences)


def _time_of(utterance: Utterance, offset: int) -> datetime:
    """Return the estimated time of a character, assuming that all characters take equally long."""
    share = min(1.0, offset / max(1, len(utterance.text)))
    return utterance.start + (utterance.end - utterance.start) * share


def _corrected(words: Sequence[SpokenWord], corrections: Sequence[Correction]) -> tuple[SpokenWord, ...]:
    """Replace the words that a correction covers by the corrected words, spread evenly over the same time."""
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
