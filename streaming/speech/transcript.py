"""What an engine makes of one stretch of sound, and how its words get their place in time.

Knows no engine: `Transcriber` is what hearing asks of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from streaming.audio.pcm import Samples
from streaming.speech.engines.base import Word

_SPLIT = {
    ("to", "day"): "today",
    ("to", "morrow"): "tomorrow",
    ("to", "night"): "tonight",
    ("per", "cent"): "percent",
    ("good", "bye"): "goodbye",
}
_EDGE = ".,;:!?\"'"
_LEAST_CONFIDENCE = 0.5  # noise that passed for speech comes out below it, speech at about 0.9
_BRIEF_S = 0.4  # of speech; only turns so short are judged by their pace
_MOST_LETTERS_PER_S = 31.0  # words that were read right had 23 at most, see docs/develop/speech.md


@dataclass(frozen=True, slots=True)
class Spoken:
    """One word without a time: its text with punctuation, and how sure the engine is, in [0, 1]."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one stretch of sound.

    `confidence` is the mean token probability, in [0, 1]; `tokens` mean something to the engine only: they can be given back
    as the draft of a later decode of the same stretch, continued.
    """

    words: tuple[Spoken, ...] = ()
    confidence: float = 0.0
    tokens: tuple[int, ...] = ()


class Transcriber(Protocol):
    """Turns stretches of sound into words. Called from several worker threads at the same time; blocks while it works."""

    def final(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        """Return the words of a whole turn, as well as the engine can."""

    def interim(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        """Return the words of a turn so far, as cheaply as the engine can."""


def join_split_words(words: Sequence[Spoken]) -> tuple[Spoken, ...]:
    """Return the words with those joined that the models write apart ('to day', 'per cent'), capitals and punctuation kept.

    'Day to day' stays as it is.
    """
    joined: list[Spoken] = []
    for word in words:
        last = joined[-1] if joined else None
        whole = _SPLIT.get((last.text.lower(), word.text.rstrip(_EDGE).lower())) if last else None
        if last and whole and not (whole == "today" and len(joined) > 1 and joined[-2].text.lower() == "day"):
            text = whole.capitalize() if last.text[0].isupper() else whole
            ending = word.text[len(word.text.rstrip(_EDGE)) :]
            joined[-1] = Spoken(text + ending, min(last.confidence, word.confidence))
        else:
            joined.append(word)
    return tuple(joined)


def is_believable(transcript: Transcript, voiced_s: float) -> bool:
    """Tell whether the words can have been said in `voiced_s` seconds of speech: the engine is sure enough, and nobody talks so fast.

    A breath or a click that passes for speech is read as the commonest words of all, now and then with confidence: 'Thank you.'
    in a tenth of a second.
    """
    if transcript.confidence < _LEAST_CONFIDENCE:
        return False
    letters = sum(character.isalpha() for word in transcript.words for character in word.text)
    return voiced_s > _BRIEF_S or letters <= _MOST_LETTERS_PER_S * voiced_s


def place_words(words: Sequence[Spoken], voiced: Sequence[tuple[float, float]]) -> tuple[Word, ...]:
    """Return the words with times: spread by their length over the voiced stretches (seconds, in order, not overlapping).

    The engines here tell no word times. Letters take about equally long, pauses are known from pause detection, so that a word
    is placed within about a quarter of a second of where it was said; a word never spans a pause that it can avoid.
    """
    if not words or not voiced:
        return ()
    length = sum(end - start for start, end in voiced)
    weights = [len(word.text) + 1 for word in words]
    per_weight = length / sum(weights)
    placed: list[Word] = []
    passed = 0.0
    for word, weight in zip(words, weights, strict=True):
        start = _at(passed, voiced, after_pause=True)
        passed += weight * per_weight
        end = _at(passed, voiced, after_pause=False)
        placed.append(Word(word.text, round(start, 3), round(max(start, end), 3), word.confidence))
    return tuple(placed)


def _at(voiced_s: float, voiced: Sequence[tuple[float, float]], *, after_pause: bool) -> float:
    """Return the time at which so many voiced seconds have passed; at a pause, its end or its beginning."""
    for start, end in voiced:
        length = end - start
        if voiced_s < length - 1e-6 or (not after_pause and voiced_s <= length + 1e-6):
            return start + voiced_s
        voiced_s -= length
    return voiced[-1][1]
