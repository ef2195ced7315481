"""The result of decoding one block of audio, and how its words get their times.

Independent of the engine, which implements `Transcriber`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from streaming.audio.pcm import Samples
from streaming.speech.alignment import Attention, word_spans
from streaming.speech.engines.base import FoundLanguage, Word

_SPLIT = {
    ("to", "day"): "today",
    ("to", "morrow"): "tomorrow",
    ("to", "night"): "tonight",
    ("per", "cent"): "percent",
    ("good", "bye"): "goodbye",
}
_EDGE = ".,;:!?\"'"
_LEAST_CONFIDENCE = 0.5  # noise detected as speech scores below this, speech about 0.9
_BRIEF_S = 0.4  # of speech; the speaking rate is checked only for turns up to this length
_MOST_LETTERS_PER_S = 31.0  # correctly recognised words had at most 23, see docs/develop/speech.md


@dataclass(frozen=True, slots=True)
class UntimedWord:
    """One word without times: its text with punctuation, and the engine's confidence in [0, 1].

    `tokens` are those of the word, as in `Transcript`; empty if the engine does not know them. `first` is the place of the first one.
    """

    text: str
    confidence: float
    tokens: tuple[int, ...] = ()
    first: int = 0


class Punctuation(Protocol):
    """Corrects the marks of recognised words."""

    def of(self, words: Sequence[Word], *, is_final: bool = True) -> tuple[Word, ...]:
        """Return the words of a turn with better marks and capital letters, as many as before; takes about a millisecond."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one block of audio.

    `confidence` is the mean token probability, in [0, 1]. `tokens` are opaque: they can be passed to the engine as the draft of a
    later decode of the same audio and what follows it. `language` and `translation` are those of `RecognitionResult`.
    `attention` has a row for each token, if the engine gives one. `punctuation` corrects the marks, if it is known for the language.
    """

    words: tuple[UntimedWord, ...] = ()
    confidence: float = 0.0
    tokens: tuple[int, ...] = ()
    language: FoundLanguage | None = None
    translation: str = ""
    attention: Attention | None = field(default=None, compare=False, repr=False)
    punctuation: Punctuation | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, text: str, confidence: float = 1.0) -> "Transcript":
        """Return the transcript of a text, for an engine without word confidences and drafts."""
        return cls(tuple(UntimedWord(word, confidence) for word in text.split()), confidence)


class Transcriber(Protocol):
    """Turns blocks of audio into words. Called from several worker threads at the same time; blocks while it decodes."""

    def final(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        """Return the words of a whole turn, as accurately as the engine can."""

    def interim(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        """Return the words of the end of a turn so far, as cheaply as the engine can; the audio may begin between two words."""


def plain(text: str) -> str:
    """Return a word without capitals and without punctuation at its ends, to compare it with others."""
    return text.strip(_EDGE).lower()


def join_split_words(words: Sequence[UntimedWord]) -> tuple[UntimedWord, ...]:
    """Return the words, joining those that the models split ('to day', 'per cent'); capitals and punctuation are kept.

    'Day to day' is not changed.
    """
    joined: list[UntimedWord] = []
    for word in words:
        last = joined[-1] if joined else None
        whole = _SPLIT.get((last.text.lower(), word.text.rstrip(_EDGE).lower())) if last else None
        if last and whole and not (whole == "today" and len(joined) > 1 and joined[-2].text.lower() == "day"):
            text = whole.capitalize() if last.text[0].isupper() else whole
            ending = word.text[len(word.text.rstrip(_EDGE)) :]
            joined[-1] = UntimedWord(text + ending, min(last.confidence, word.confidence), (*last.tokens, *word.tokens), last.first)
        else:
            joined.append(word)
    return tuple(joined)


def is_plausible(transcript: Transcript, voiced_s: float) -> bool:
    """Return whether the words can have been spoken in `voiced_s` seconds of speech, judged by confidence and speaking rate.

    A breath or a click detected as speech is recognised as the most common words, sometimes with high confidence: 'Thank you.' in a
    tenth of a second.
    """
    if transcript.confidence < _LEAST_CONFIDENCE:
        return False
    letters = sum(character.isalpha() for word in transcript.words for character in word.text)
    return voiced_s > _BRIEF_S or letters <= _MOST_LETTERS_PER_S * voiced_s


def timed_words(transcript: Transcript, voiced: Sequence[tuple[float, float]], at: float) -> tuple[Word, ...]:
    """Return the words of a block of audio with times: from the attention of the engine if there is one, else by `assign_times`.

    Args:
        voiced: the speech segments in seconds, in order, not overlapping.
        at: start of the block in seconds, on the same clock.
    """
    words = transcript.words
    if transcript.attention is not None and words and voiced:
        spans = word_spans(transcript.attention, [word.first for word in words], voiced, at)
        if spans is not None:
            timed = zip(words, spans, strict=True)
            return tuple(Word(word.text, round(start, 3), round(end, 3), word.confidence) for word, (start, end) in timed)
    return assign_times(words, voiced)


def assign_times(words: Sequence[UntimedWord], voiced: Sequence[tuple[float, float]]) -> tuple[Word, ...]:
    """Return the words with times, spread by their length over the speech segments (seconds, in order, not overlapping).

    For engines that return no word times. Letters take about equally long and the VAD finds the pauses, so a word is timed within
    about a quarter of a second of its real time. A word spans a pause only if it cannot be avoided.
    """
    if not words or not voiced:
        return ()
    length = sum(end - start for start, end in voiced)
    weights = [len(word.text) + 1 for word in words]
    per_weight = length / sum(weights)
    timed: list[Word] = []
    passed = 0.0
    for word, weight in zip(words, weights, strict=True):
        start = _at(passed, voiced, after_pause=True)
        passed += weight * per_weight
        end = _at(passed, voiced, after_pause=False)
        timed.append(Word(word.text, round(start, 3), round(max(start, end), 3), word.confidence))
    return tuple(timed)


def _at(voiced_s: float, voiced: Sequence[tuple[float, float]], *, after_pause: bool) -> float:
    """Return the time at which `voiced_s` seconds of speech have passed; at a pause its end (`after_pause`) or its start."""
    for start, end in voiced:
        length = end - start
        if voiced_s < length - 1e-6 or (not after_pause and voiced_s <= length + 1e-6):
            return start + voiced_s
        voiced_s -= length
    return voiced[-1][1]
