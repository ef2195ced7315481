"""Online speaker diarization of one audio source: turns go in, spans of speakers come out; later evidence corrects earlier spans."""

import json
from dataclasses import replace

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.speech.speakers.activity import SpeechPart
from streaming.speech.speakers.memory import Memory, Sums
from streaming.speech.speakers.profiles import EnrolledVoices
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.turn_voices import TurnVoice, TurnVoices
from streaming.speech.speakers.types import WINDOW_S, ProfileMatch, SpeakerModels, SpeakerSpan, TurnSpeakers, Vectors

_LONGEST_GAP_S = 0.5  # longer pauses between turns are shortened in the audio that the segmentation model gets before a turn
_LEAST_RECOGNISED_S = 0.8  # shorter audio is not compared with the known speakers
_NOTHING = np.zeros(0, dtype=np.float32)


class LiveDiarizer:
    """Tells the speakers of one audio source apart. Not thread-safe; `turn` and `finish` use CPU time, so call them in an executor.

    Args:
        models: the speaker models, shared by all sources.
        expected: number of speakers, if it is known.
        most: limit of the number of speakers.
        tuning: thresholds.
    """

    def __init__(self, models: SpeakerModels, *, expected: int | None = None, most: int = 10, tuning: Tuning | None = None) -> None:
        self._models = models
        self._tuning = tuning or Tuning()
        self._turn_voices = TurnVoices(models, self._tuning)
        self._memory = Memory(models.between, self._tuning, expected, most)
        self._before = _NOTHING  # the last seconds of audio
        self._before_s = 0.0  # when they end

    def turn(self, samples: Samples, start_s: float, *, speech: bool = True) -> TurnSpeakers:
        """Return the speakers of a turn (float32, 16 kHz), whose first sample is at `start_s`.

        A part of a turn may be given first: the whole turn, with the same start, replaces it. With `speech`, the turn certainly contains
        speech, even if the segmentation model finds none.
        """
        found = self._voices(samples, start_s, speech)
        known = self._memory.spans(until_s=start_s)
        self._memory.add_turn(found)
        self._memory.label()
        return TurnSpeakers(self._memory.spans(from_s=start_s), _changed(known, self._memory.spans(until_s=start_s)))

    def _voices(self, samples: Samples, start_s: float, speech: bool) -> list[TurnVoice]:
        """Return the voices of a turn, with times on the clock of the source."""
        before = self._audio_before(start_s)
        before = before[max(0, len(before) - round(self._tuning.context_s * RATE)) :]
        self._memory.remove_from(start_s)
        voices = self._turn_voices.find(before, samples, self._memory.known_voices(), speech=speech)
        self._keep_audio(samples, start_s)
        return [
            replace(voice, parts=tuple(SpeechPart(part.start_s + start_s, part.end_s + start_s, part.overlap) for part in voice.parts))
            for voice in voices
        ]

    def _audio_before(self, start_s: float) -> Samples:
        """Return the audio before a turn, with a short pause in place of what was not given."""
        gap_s = start_s - self._before_s
        if not len(self._before) or gap_s > WINDOW_S:
            return _NOTHING
        if gap_s < 0:  # the start of this turn was given before
            return self._before[: max(0, len(self._before) + round(gap_s * RATE))]
        return np.concatenate((self._before, np.zeros(round(min(gap_s, _LONGEST_GAP_S) * RATE), dtype=np.float32)))

    def _keep_audio(self, samples: Samples, start_s: float) -> None:
        self._before = np.concatenate((self._audio_before(start_s), samples))[-round(WINDOW_S * RATE) :]
        self._before_s = start_s + len(samples) / RATE

    def finish(self) -> tuple[SpeakerSpan, ...]:
        """Cluster all segments again, with all that is known at the end; return all spans."""
        self._memory.label(again=True)
        return self._memory.spans()

    def settle(self) -> None:
        """Keep the speakers, and forget when they spoke: what comes now may be other audio of the same time."""
        self._memory.settle()
        self._before, self._before_s = _NOTHING, 0.0

    def spans(self) -> tuple[SpeakerSpan, ...]:
        """Return all spans as they are labelled now."""
        return self._memory.spans()

    def merge(self, keep: int, other: int) -> None:
        """Give the speech of `other` the label `keep`, for good: they are one person."""
        self._memory.merge(keep, other)

    def unmerge(self, other: int) -> None:
        """Undo the merging of a label with another one: they are two persons."""
        self._memory.unmerge(other)

    def merged(self) -> dict[int, int]:
        """Return the labels that were merged, and the label that is shown in the place of each."""
        return self._memory.merged()

    def split(self, speaker: int, from_s: float) -> int:
        """Give the speech of a label from `from_s` on a new label, for good; return the new label."""
        return self._memory.split(speaker, from_s)

    def pin(self, span: tuple[float, float], speaker: int) -> None:
        """Give the speech in [start, end) seconds a label, for good."""
        self._memory.pin(span, speaker)

    def unpin(self, span: tuple[float, float], speaker: int) -> None:
        """Undo `pin`: the speech had the label `speaker` before."""
        self._memory.unpin(span, speaker)

    def relabel(self, known: tuple[SpeakerSpan, ...] | None = None) -> tuple[SpeakerSpan, ...]:
        """Label the segments again after corrections; return the spans whose label is another than in `known`, which are those of now."""
        before = self._memory.spans() if known is None else known
        self._memory.label()
        return _changed(before, self._memory.spans())

    def recognise(self, samples: Samples) -> int | None:
        """Return the known speaker whose voice the start of a turn has, None if there is none. Nothing is learned from it."""
        if len(samples) < _LEAST_RECOGNISED_S * RATE or not self._memory.speakers():
            return None
        seconds = len(samples) / RATE
        (vector,) = self._models.vectors(self._models.columns(samples), [[(0.0, seconds)]])
        return self._memory.nearest(vector, seconds)

    def voice(self, speaker: int) -> Vectors | None:
        """Return the mean voice vector of a speaker, shape (dimensions,), or None if less than half a second is known."""
        sums = self._memory.sums(speaker)
        return None if sums is None else (sums.vector / sums.precision).astype(np.float32)

    def voices(self, least_s: float = 0.0) -> dict[int, Sums]:
        """Return what is known of each speaker with at least so many seconds of speech during which nobody else speaks."""
        found = {speaker: self._memory.sums(speaker) for speaker in self._memory.speakers()}
        return {speaker: sums for speaker, sums in found.items() if sums is not None and sums.seconds >= least_s}

    def identify(self, enrolled: EnrolledVoices, least_s: float = 0.0) -> dict[int, ProfileMatch]:
        """Return the enrolled voice of each speaker that has one and so many seconds of speech."""
        return enrolled.match(self.voices(least_s))

    def state(self) -> bytes:
        """Return what is needed to continue with the same labels: no audio, at most about 60 kB."""
        return json.dumps(self._memory.state(), separators=(",", ":")).encode()

    def restore(self, state: bytes) -> None:
        """Continue from what `state` returned. Raises ValueError if it is not valid."""
        self._memory.restore(json.loads(state))


def _changed(known: tuple[SpeakerSpan, ...], now: tuple[SpeakerSpan, ...]) -> tuple[SpeakerSpan, ...]:
    """Return the spans that have another label now; both hold the same spans in the same order."""
    return tuple(new for old, new in zip(known, now, strict=True) if old.speaker != new.speaker)
