"""Endpointing: finds the turns of one speaker in a sequence of speech probabilities. A pure state machine: frames of 32 ms in, events out.

A turn starts a little before its first voiced frame (pre-roll, because the detector often misses soft first sounds). It ends after a
silence, or is cut at its weakest pause when it gets too long. All positions are frame numbers, counted from 0.
"""

from collections import deque
from dataclasses import dataclass

FRAME_S = 0.032

_ONSET = 0.5  # minimum probability of a frame that starts a turn
_HOLD = 0.3  # minimum probability of a frame that continues a turn
_POSSIBLE = 0.3  # minimum probability of a frame that may be the first of a turn
_POSSIBLE_FRAMES = 5  # frames after it within which a turn may start: 0.16 s
_HELD = 3  # approximate frames after the end of speech that the detector still reports as speech; measured, see docs/develop/speech.md
_ONSET_FRAMES = 2  # consecutive frames that start a turn: 64 ms, so that speech is detected within 100 ms
_LEAST_VOICED = 3  # minimum frames of speech in a turn: a click is at most two
_TAIL = 6  # frames of silence kept at the end of a turn: 0.19 s
_PAUSE = 12  # frames of silence after which the turn is probably over: 0.38 s, longer than most breaths inside a sentence
_EARLY_PAUSE = _TAIL  # the same if words decide about the end: 0.19 s, the earliest at which the span of the turn is known
_BREATH = 3  # frames of silence after which no interim is started: a speculative decode may follow soon
_EARLIEST_CUT = 0.5  # fraction of a too long turn before which it is not cut
_SMOOTH = 2  # frames on each side of a cut that are taken into account


@dataclass(frozen=True, slots=True)
class InterimPace:
    """When `Progress` is due: the frames of speech before the first, and the least frames and the least growth of the turn between two.

    `early`: the least frames between two in the first `early_until` frames of speech of a turn.
    """

    first: int
    least: int
    growth: float = 0.0
    early: int = 0
    early_until: int = 0


WHOLE_TURN = InterimPace(31, 62, 0.75)
"""For a listener that decodes the whole turn each time: after 1 s, 2 s later, and then less and less often."""
UNSTABLE_PART = InterimPace(8, 10, early=3, early_until=20)
"""For one that decodes a part of bounded length: after 0.26 s, each 0.1 s up to 0.64 s of speech, for the first words, then each 0.32 s."""


@dataclass(frozen=True, slots=True)
class TurnSpan:
    """The frames [start, end) of a turn; `voiced` holds its speech segments as frame numbers [first, last)."""

    start: int
    end: int
    voiced: tuple[tuple[int, int], ...]

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return (self.end - self.start) * FRAME_S

    @property
    def voiced_s(self) -> float:
        """Total duration of the speech segments, in seconds."""
        return sum(last - first for first, last in self.voiced) * FRAME_S

    @property
    def speech(self) -> list[tuple[float, float]]:
        """The speech segments in seconds since frame 0, without the frames that the detector holds after the end of speech."""
        held = [_HELD if last < self.end else 0 for _, last in self.voiced]
        return [(first * FRAME_S, max(first + 1, last - more) * FRAME_S) for (first, last), more in zip(self.voiced, held, strict=True)]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech started in frame `at`."""

    at: int


@dataclass(frozen=True, slots=True)
class SpeechPossible:
    """A frame may be the beginning of speech: `SpeechStarted` or `SpeechImprobable` follows. Only if `asks_onset`."""


@dataclass(frozen=True, slots=True)
class SpeechImprobable:
    """No speech followed `SpeechPossible`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The turn continues and an interim result is due. Repeated with each frame until `Endpointer.progress_made` is called."""


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """A silence that may end the turn, so it may be decoded speculatively. If the turn ends now, it ends with exactly this span.

    `Endpointer.end_after` takes the span with the silence that is to end the turn.
    """

    span: TurnSpan


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The turn ended."""

    span: TurnSpan


@dataclass(frozen=True, slots=True)
class SpeechDiscarded:
    """The open turn contained no speech."""


Event = SpeechPossible | SpeechImprobable | SpeechStarted | Progress | SpeechPaused | SpeechEnded | SpeechDiscarded


class Endpointer:
    """Finds the turns of one speaker. `push` takes the speech probability and the loudness (any linear measure) of each frame.

    Args:
        end_of_turn_ms: silence that ends a turn.
        longest_turn_s: length at which a turn is cut.
        onset: probability in [0, 1] that starts a turn; a turn continues down to 0.3.
        least_speech_ms: a turn with less speech is discarded.
        pre_roll_ms: audio kept before the first frame of speech.
        asks_onset: whether `SpeechPossible` and `SpeechImprobable` are reported.
        asks_early: whether a pause is reported after 0.19 s instead of 0.38 s, so that `end_after` can end the turn early.
        pace: when `Progress` is due.
    """

    def __init__(
        self,
        end_of_turn_ms: int = 500,
        longest_turn_s: float = 12.0,
        *,
        onset: float = _ONSET,
        least_speech_ms: int = 100,
        pre_roll_ms: int = 320,
        asks_onset: bool = False,
        asks_early: bool = False,
        pace: InterimPace = WHOLE_TURN,
    ) -> None:
        self._pace = pace
        self._onset_from = onset
        self._hold_from = min(_HOLD, onset)
        self._least_voiced = max(_LEAST_VOICED, round(least_speech_ms / 1000 / FRAME_S))
        self._pre_roll = round(pre_roll_ms / 1000 / FRAME_S)
        self._usual_end = _frames_of(end_of_turn_ms)
        self._end_frames = self._usual_end  # of the present pause
        self.asks_early = asks_early
        """Whether a pause is reported after 0.19 s instead of 0.38 s."""
        self._longest = max(4 * _PAUSE, round(longest_turn_s / FRAME_S))
        self._now = 0  # number of the next frame
        self._onset = 0  # consecutive voiced frames while no turn is open
        self._asks_onset = asks_onset
        self._possible = 0  # frames within which a turn may still start after `SpeechPossible`
        self._free_from = 0  # end of the previous turn: the next may not start earlier
        self.speaking = False
        """Whether a turn is open."""
        self._start = self._first_voiced = self._last_voiced = self._next_progress = 0
        self._frames: list[tuple[float, float]] = []  # (probability, loudness) since the start of the turn
        self._voiced: list[tuple[int, int]] = []  # the speech segments of the turn
        self._before: deque[tuple[float, float]] = deque(maxlen=self._pre_roll + _ONSET_FRAMES)

    @property
    def keep_from(self) -> int:
        """Number of the earliest frame whose audio may still be needed."""
        return self._start if self.speaking else max(self._free_from, self._now - self._pre_roll - _ONSET_FRAMES)

    def push(self, probability: float, loudness: float) -> list[Event]:
        """Process the next frame; return the events in order."""
        number, self._now = self._now, self._now + 1
        if not self.speaking:
            self._before.append((probability, loudness))
            self._onset = self._onset + 1 if probability >= self._onset_from else 0
            return [self._begin(number)] if self._onset >= _ONSET_FRAMES else self._possible_onset(probability)
        self._frames.append((probability, loudness))
        if probability >= self._hold_from:
            self._last_voiced, self._end_frames = number, self._usual_end
            _add_voiced(self._voiced, number)
        silence = number - self._last_voiced
        if silence >= self._end_frames:
            return [self._end()]
        if len(self._frames) >= self._longest:
            return [self._cut()]
        if silence == (_EARLY_PAUSE if self.asks_early else _PAUSE):
            self.progress_made()
            return [SpeechPaused(self._span(self._end_of_speech()))]
        if silence < _BREATH and self._now >= self._next_progress:
            return [Progress()]
        return []

    def end_after(self, span: TurnSpan, silence_ms: int) -> list[Event]:
        """Let the turn end after another silence than `end_of_turn_ms`, in the pause that was reported with `span`; return the events.

        Nothing happens if speech went on since, or the turn has ended. If the silence is so long already, the turn ends now.
        """
        if not self.speaking or span.start != self._start or span.end != self._last_voiced + 1 + _TAIL:
            return []
        self._end_frames = _frames_of(silence_ms)
        return [self._end()] if self._now - 1 - self._last_voiced >= self._end_frames else []

    def flush(self) -> list[Event]:
        """End the open turn, at the end of the audio."""
        return [self._end()] if self.speaking else []

    def so_far(self) -> TurnSpan:
        """Return the open turn up to now."""
        return self._span(self._now)

    def progress_made(self) -> None:
        """Record that an interim is being decoded: the next `Progress` comes only after more speech."""
        early = self._now - self._first_voiced < self._pace.early_until
        least = self._pace.early if early else self._pace.least
        self._next_progress = self._now + max(least, int(self._pace.growth * len(self._frames)))

    def _possible_onset(self, probability: float) -> list[Event]:
        """Report the first frame that may begin a turn, and that nothing followed it."""
        if not self._asks_onset:
            return []
        before = self._possible
        self._possible = _POSSIBLE_FRAMES if probability >= min(_POSSIBLE, self._onset_from) else max(0, before - 1)
        if self._possible and not before:
            return [SpeechPossible()]
        return [SpeechImprobable()] if before and not self._possible else []

    def _begin(self, number: int) -> Event:
        first = number - self._onset + 1
        self._possible = 0
        self._first_voiced = first
        self._start = max(self._free_from, first - self._pre_roll)
        self._frames = list(self._before)[-(self._now - self._start) :]
        self._voiced = self._segments(self._now)
        self.speaking, self._last_voiced, self._end_frames = True, number, self._usual_end
        self._next_progress = first + self._pace.first
        return SpeechStarted(first)

    def _end_of_speech(self) -> int:
        """Return the end of the turn if it ends now; some silence is kept, which improves recognition."""
        return min(self._now, self._last_voiced + 1 + _TAIL)

    def _end(self) -> Event:
        end = self._end_of_speech()
        span = self._span(end)
        real = sum(probability >= self._onset_from for probability, _ in self._frames) >= self._least_voiced
        self.speaking, self._free_from, self._onset = False, end, 0
        self._before.clear()
        self._before.extend(self._frames[end - self._start :])
        self._frames = []
        return SpeechEnded(span) if real else SpeechDiscarded()

    def _cut(self) -> Event:
        """End the turn at its weakest pause; the rest starts the next turn at once."""
        middle = int(_EARLIEST_CUT * len(self._frames))
        peak = max(loudness for _, loudness in self._frames) or 1.0
        score = [probability + loudness / peak for probability, loudness in self._frames]
        candidates = range(max(_SMOOTH, middle), len(self._frames) - _SMOOTH)
        at = min(candidates, key=lambda n: sum(score[n - _SMOOTH : n + _SMOOTH + 1]))
        end = self._start + at
        span = TurnSpan(self._start, end, tuple(self._segments(end)))
        self._frames = self._frames[at:]
        self._start = self._free_from = end
        self._voiced = self._segments(self._now)
        self._next_progress = max(self._now, self._start + self._pace.least)
        return SpeechEnded(span)

    def _span(self, end: int) -> TurnSpan:
        """Return the turn up to `end`, which is behind its speech, with its speech segments."""
        return TurnSpan(self._start, end, tuple(self._voiced))

    def _segments(self, end: int) -> list[tuple[int, int]]:
        """Return the speech segments up to `end`."""
        voiced: list[tuple[int, int]] = []
        for number, (probability, _) in enumerate(self._frames[: end - self._start], self._start):
            if probability >= self._hold_from:
                _add_voiced(voiced, number)
        return voiced


def _add_voiced(voiced: list[tuple[int, int]], number: int) -> None:
    """Add a frame of speech to the segments before it; segments at most two frames apart are merged."""
    if voiced and number - voiced[-1][1] <= 2:
        voiced[-1] = (voiced[-1][0], number + 1)
    else:
        voiced.append((number, number + 1))


def _frames_of(end_of_turn_ms: int) -> int:
    """Return the frames of silence that end a turn."""
    return max(_ONSET_FRAMES, round(end_of_turn_ms / 1000 / FRAME_S))
