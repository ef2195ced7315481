"""Finds the turns of one speaker in a row of speech probabilities. A pure state machine: frames of 32 ms in, events out.

A turn begins a little before its first voiced frame (pre-roll: soft first sounds are seldom voiced for the detector) and ends
after a silence, or is cut at its weakest pause when it gets too long. All positions are frame numbers, counted from 0.
"""

from collections import deque
from dataclasses import dataclass

FRAME_S = 0.032

_ONSET = 0.5  # probability from which a frame of silence may begin a turn
_HOLD = 0.3  # probability down to which a frame goes on with a turn
_HELD = 3  # frames that are taken for speech behind the last of it, about; measured, see docs/develop/speech.md
_ONSET_FRAMES = 2  # in a row: 64 ms, so that speech is noticed within 100 ms
_LEAST_VOICED = 3  # frames of a turn that must be speech, at the very least: a click is at most two
_TAIL = 6  # frames of silence kept at the end of a turn: 0.19 s
_PAUSE = 12  # frames of silence after which the turn may well be over: 0.38 s, longer than most breaths inside a sentence
_BREATH = 3  # frames of silence after which no interim is begun: the decode ahead may come soon
_FIRST_PROGRESS = 31  # frames of a turn before its first interim: 1 s
_LEAST_PROGRESS = 62  # frames between two interims: 2 s
_GROWTH = 0.75  # later interims wait for this part of the turn's length, for each decodes the whole turn
_EARLIEST_CUT = 0.5  # part of the longest turn before which it is not cut
_SMOOTH = 2  # frames on each side that a cut should be quiet, too


@dataclass(frozen=True, slots=True)
class Span:
    """The frames [start, end) of a turn; `voiced` are the stretches of speech among them, as frame numbers [first, last)."""

    start: int
    end: int
    voiced: tuple[tuple[int, int], ...]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start) * FRAME_S

    @property
    def voiced_s(self) -> float:
        """How long its stretches of speech are together."""
        return sum(last - first for first, last in self.voiced) * FRAME_S

    @property
    def speech(self) -> list[tuple[float, float]]:
        """The stretches of speech, in seconds since the first frame of all, without what the detector holds on to in the silence behind."""
        held = [_HELD if last < self.end else 0 for _, last in self.voiced]
        return [(first * FRAME_S, max(first + 1, last - more) * FRAME_S) for (first, last), more in zip(self.voiced, held, strict=True)]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak in frame `at`."""

    at: int


@dataclass(frozen=True, slots=True)
class Progress:
    """The turn goes on; its text so far is due. Repeated with each frame until `Endpointer.progress_made`."""


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """A silence that may end the turn: its text may be decoded ahead. If the turn ends, it ends with this very span."""

    span: Span


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The turn is over."""

    span: Span


@dataclass(frozen=True, slots=True)
class SpeechDiscarded:
    """What had begun was no speech."""


Event = SpeechStarted | Progress | SpeechPaused | SpeechEnded | SpeechDiscarded


class Endpointer:
    """One speaker's turns. `push` a frame's probability of speech and its loudness (any linear measure); get events.

    `onset` is the probability from which a turn may begin; it holds down to 0.3. A turn with less than `least_speech_ms` of speech in
    it is dropped; it begins `pre_roll_ms` before the first of it.
    """

    def __init__(
        self,
        end_of_turn_ms: int = 500,
        longest_turn_s: float = 12.0,
        *,
        onset: float = _ONSET,
        least_speech_ms: int = 100,
        pre_roll_ms: int = 320,
    ) -> None:
        self._onset_from = onset
        self._hold_from = min(_HOLD, onset)
        self._least_voiced = max(_LEAST_VOICED, round(least_speech_ms / 1000 / FRAME_S))
        self._pre_roll = round(pre_roll_ms / 1000 / FRAME_S)
        self._end_frames = max(_ONSET_FRAMES, round(end_of_turn_ms / 1000 / FRAME_S))
        self._longest = max(4 * _PAUSE, round(longest_turn_s / FRAME_S))
        self._now = 0  # number of the next frame
        self._onset = 0  # voiced frames in a row while silent
        self._free_from = 0  # end of the turn before: the next may not begin earlier
        self._speaking = False
        self._start = self._last_voiced = self._next_progress = 0
        self._frames: list[tuple[float, float]] = []  # (probability, loudness) since the start of the turn
        self._before: deque[tuple[float, float]] = deque(maxlen=self._pre_roll + _ONSET_FRAMES)

    @property
    def speaking(self) -> bool:
        """Tell whether a turn is open."""
        return self._speaking

    @property
    def keep_from(self) -> int:
        """Number of the earliest frame whose sound may still be asked for."""
        return self._start if self._speaking else max(self._free_from, self._now - self._pre_roll - _ONSET_FRAMES)

    def push(self, probability: float, loudness: float) -> list[Event]:
        """Take the next frame in; return what happened, in order."""
        number, self._now = self._now, self._now + 1
        if not self._speaking:
            self._before.append((probability, loudness))
            self._onset = self._onset + 1 if probability >= self._onset_from else 0
            return [self._begin(number)] if self._onset >= _ONSET_FRAMES else []
        self._frames.append((probability, loudness))
        if probability >= self._hold_from:
            self._last_voiced = number
        silence = number - self._last_voiced
        if silence >= self._end_frames:
            return [self._end()]
        if len(self._frames) >= self._longest:
            return [self._cut()]
        if silence == _PAUSE:
            self.progress_made()
            return [SpeechPaused(self._span(self._end_of_speech()))]
        if silence < _BREATH and self._now >= self._next_progress:
            return [Progress()]
        return []

    def flush(self) -> list[Event]:
        """End what is open; the sound is over."""
        return [self._end()] if self._speaking else []

    def so_far(self) -> Span:
        """Return the open turn up to now."""
        return self._span(self._now)

    def progress_made(self) -> None:
        """The text so far is being decoded: ask for the next only after some more speech."""
        self._next_progress = self._now + max(_LEAST_PROGRESS, int(_GROWTH * len(self._frames)))

    def _begin(self, number: int) -> Event:
        first = number - self._onset + 1
        self._start = max(self._free_from, first - self._pre_roll)
        self._frames = list(self._before)[-(self._now - self._start) :]
        self._speaking, self._last_voiced = True, number
        self._next_progress = first + _FIRST_PROGRESS
        return SpeechStarted(first)

    def _end_of_speech(self) -> int:
        """Return the end of the turn if it ends now: some silence is kept, which the engines like."""
        return min(self._now, self._last_voiced + 1 + _TAIL)

    def _end(self) -> Event:
        end = self._end_of_speech()
        span = self._span(end)
        real = sum(probability >= self._onset_from for probability, _ in self._frames) >= self._least_voiced
        self._speaking, self._free_from, self._onset = False, end, 0
        self._before.clear()
        self._before.extend(self._frames[end - self._start :])
        self._frames = []
        return SpeechEnded(span) if real else SpeechDiscarded()

    def _cut(self) -> Event:
        """End the turn at its weakest pause; what comes after it begins the next turn at once."""
        middle = int(_EARLIEST_CUT * len(self._frames))
        peak = max(loudness for _, loudness in self._frames) or 1.0
        score = [probability + loudness / peak for probability, loudness in self._frames]
        candidates = range(max(_SMOOTH, middle), len(self._frames) - _SMOOTH)
        at = min(candidates, key=lambda n: sum(score[n - _SMOOTH : n + _SMOOTH + 1]))
        span = self._span(self._start + at)
        self._frames = self._frames[at:]
        self._start = self._free_from = span.end
        self._next_progress = max(self._now, self._start + _LEAST_PROGRESS)
        return SpeechEnded(span)

    def _span(self, end: int) -> Span:
        """Return the turn up to `end` with its voiced stretches; stretches that are at most two frames apart are one."""
        voiced: list[tuple[int, int]] = []
        for number, (probability, _) in enumerate(self._frames[: end - self._start], self._start):
            if probability >= self._hold_from:
                if voiced and number - voiced[-1][1] <= 2:
                    voiced[-1] = (voiced[-1][0], number + 1)
                else:
                    voiced.append((number, number + 1))
        return Span(self._start, end, tuple(voiced))
