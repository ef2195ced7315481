"""The words of an open turn, from decodes of its end only. Pure.

Words that two successive decodes agree on are stable: they do not change until the final result. Once the stable words are long enough,
the next decode starts between two of them, so that its cost does not grow with the turn. It repeats the last stable words, which shows
where its new words begin.

The method is LocalAgreement-2 (Machacek et al., 2023, "Turning Whisper into real-time transcription system", section 2), with the place
of the cut found by sound, because the engines return no word times.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.speech.endpointing import FRAME_S, TurnSpan
from streaming.speech.engines.base import Word
from streaming.speech.transcript import Transcript, UntimedWord, assign_times, plain

REPEATED = 2
"""Stable words that the next decode repeats."""
LONG_S = 1.2
"""Seconds of a decode after which the next one starts later, if enough of its words are stable."""
TOO_LONG_S = 4.0
"""Seconds of a decode from which on its words are stable without agreement, except for the last three."""
_UNSURE = 3
_LEAST_CUT_S = 0.3  # a cut that saves less is not made
_AROUND_S = 0.15  # the quietest place this near to the estimated end of a word is the cut
_QUIET_S = 0.02  # seconds over which the loudness at a place is measured
_SURE = 0.7  # least confidence of a word that is shown before it is stable
_SURE_HALF = 0.95  # the same of the last word, which may be half a word
_SURE_FIRST = 0.7  # the same if it is the first word of the turn
_OTHER_LENGTH = 0.1  # of a change: what each word costs that there are more or less than expected
_STILL = 2  # frames of silence after which the last word is complete


class StableWords:
    """The words of one open turn. Positions are frames, times are seconds, both since the start of the audio."""

    def __init__(self) -> None:
        self._start = 0  # frame at which the next decode starts
        self._words: list[Word] = []  # stable
        self._repeated = 0  # stable words that the next decode repeats
        self._last: list[str] = []  # words of the last decode that are not stable
        self._tokens: tuple[int, ...] = ()  # of the stable words
        self._rest: tuple[int, ...] = ()  # of the words of the last decode that are not stable
        self.draft: tuple[int, ...] = ()
        """Tokens that the decode of the unstable part probably repeats: those of the last decode."""
        self._shown: tuple[Word, ...] = ()

    def unstable(self, turn: TurnSpan) -> TurnSpan:
        """Return the part of the turn so far that is to be decoded."""
        start = max(self._start, turn.start)
        voiced = tuple((max(first, start), last) for first, last in turn.voiced if last > start)
        return TurnSpan(start, turn.end, voiced)

    @property
    def whole_draft(self) -> tuple[int, ...]:
        """Tokens that a decode of the whole turn probably repeats."""
        return (*self._tokens, *self._rest)

    def add(self, span: TurnSpan, pcm: Samples, transcript: Transcript) -> tuple[Word, ...]:
        """Take the decode of the unstable part; return all words of the turn that may be shown.

        A decode whose start is not the present one is outdated, and ignored.
        """
        timed = assign_times(transcript.words, span.speech)
        if not timed or (self._words and span.start != self._start):
            return ()
        self._start, self.draft = span.start, transcript.tokens
        first = _first_new([plain(word.text) for word in self._words[len(self._words) - self._repeated :]], timed)
        new = timed[first:]
        agreed = _common(self._last, new)
        if span.seconds > TOO_LONG_S:
            agreed = max(agreed, len(new) - _UNSURE)
        for word in new[:agreed]:
            start = max(word.start, self._words[-1].end) if self._words else word.start
            self._words.append(replace(word, start=start, end=max(start, word.end)))
        self._tokens += _tokens(transcript.words[first : first + agreed])
        self._rest = _tokens(transcript.words[first + agreed :])
        self._repeated += agreed
        self._last = [plain(word.text) for word in new[agreed:]]
        if span.seconds > LONG_S and self._repeated > REPEATED:
            self._move(span, pcm, timed, transcript.words, first + agreed - REPEATED)
        is_still = not span.voiced or span.end - span.voiced[-1][1] >= _STILL
        self._shown = (*self._words, *_sure(new[agreed:], is_still=is_still, is_first=not self._shown))
        return self._shown

    def replace(self, span: TurnSpan, transcript: Transcript) -> tuple[Word, ...]:
        """Take the decode of the whole turn at a pause: its words are stable, and the next decode starts after it. Return them."""
        timed = assign_times(transcript.words, span.speech)
        self._words, self._tokens, self._rest, self.draft = list(timed), transcript.tokens, (), ()
        self._start, self._repeated, self._last, self._shown = span.end, 0, [], timed
        return timed

    def _move(self, span: TurnSpan, pcm: Samples, timed: Sequence[Word], words: Sequence[UntimedWord], kept: int) -> None:
        """Let the next decode start before word number `kept` of this one."""
        if not 0 < kept < len(timed):
            return
        estimate = (timed[kept - 1].end + timed[kept].start) / 2 - span.start * FRAME_S
        start = span.start + int(_quietest(pcm, estimate) / FRAME_S)
        if (start - span.start) * FRAME_S < _LEAST_CUT_S:
            return
        self._start, self._repeated = start, REPEATED
        self.draft = _tokens(words[kept:])


def _sure(words: Sequence[Word], *, is_still: bool, is_first: bool) -> tuple[Word, ...]:
    """Return the words at the start that probably do not change, of those that are not stable. `is_first`: nothing is shown yet."""
    shown: list[Word] = []
    for number, word in enumerate(words, 1):
        may_be_half = number == len(words) and not is_still
        least = (_SURE_FIRST if is_first and number == 1 else _SURE_HALF) if may_be_half else _SURE
        if word.confidence < least:
            break
        shown.append(word)
    return tuple(shown)


def _tokens(words: Sequence[UntimedWord]) -> tuple[int, ...]:
    return tuple(token for word in words for token in word.tokens)


def _first_new(repeated: Sequence[str], timed: Sequence[Word]) -> int:
    """Return how many words of a decode repeat the given ones: the number with the fewest changes from one to the other."""
    costs = list(range(len(repeated) + 1))  # changes from the first n repeated words to the words so far
    best, fewest = 0, costs[-1] + _OTHER_LENGTH * len(repeated)
    for number, word in enumerate(timed, 1):
        changed = [number]
        for place, other in enumerate(repeated, 1):
            same = costs[place - 1] + (other != plain(word.text))
            changed.append(min(same, costs[place] + 1, changed[place - 1] + 1))
        costs = changed
        changes = costs[-1] + _OTHER_LENGTH * abs(number - len(repeated))
        if changes < fewest:
            best, fewest = number, changes
    return best


def _common(last: Sequence[str], new: Sequence[Word]) -> int:
    """Return the number of words at the start that are the same."""
    count = 0
    while count < min(len(last), len(new)) and last[count] == plain(new[count].text):
        count += 1
    return count


def _quietest(pcm: Samples, near_s: float) -> float:
    """Return the second of the quietest place near the given one."""
    size = int(_QUIET_S * RATE)
    first = max(0, int((near_s - _AROUND_S) * RATE))
    part = pcm[first : int((near_s + _AROUND_S) * RATE)]
    count = len(part) // size
    if not count:
        return near_s
    blocks = part[: count * size].reshape(count, size)
    loudness = np.einsum("ij,ij->i", blocks, blocks)
    return (first + (int(loudness.argmin()) + 0.5) * size) / RATE
