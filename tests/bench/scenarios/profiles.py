"""Enrolled voices among strangers: how many are named, how many strangers get a name."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.speech.speakers import EnrolledVoices, LiveDiarizer, SpeakerModels
from streaming.speech.speakers.profiles import IDENTIFIED_S
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.types import Vectors
from tests.bench.report import Goal, Table, number
from tests.bench.speaker_data import read_audio, voices

SPEECH_S = 3.0
LEAST_RIGHT, MOST_FALSE = 97.0, 1.0
_ENROLMENT_FILES = 3
_ENROLMENT_S = 10.0
_CLIPS = 3
_FOLDS = 5
_THRESHOLDS = tuple(float(one) for one in np.arange(0.0, 20.0, 0.1))


@dataclass(frozen=True, slots=True)
class _Named:
    """A clip: whose voice it is, and the enrolled voice that is most like it, with the likeness; none if there is too little speech."""

    voice: str
    best: str
    likeness: float


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many clips of enrolled voices got the right name, and how many of others got a name."""

    right: int = 0
    enrolled: int = 0
    false: int = 0
    others: int = 0

    def __add__(self, other: "_Counts") -> "_Counts":
        return _Counts(self.right + other.right, self.enrolled + other.enrolled, self.false + other.false, self.others + other.others)

    @property
    def shares(self) -> tuple[float, float]:
        """Percent of the clips of enrolled voices with the right name, and of others with a name."""
        return 100 * self.right / max(1, self.enrolled), 100 * self.false / max(1, self.others)


def measure(folder: Path, models: SpeakerModels) -> tuple[Table, list[Goal], dict[str, Any]]:
    """Enrol the voices that have several files with the first three, and name clips of 3 s of all voices.

    Beside the shipped threshold: for each fifth of the voices, the threshold that is best for all other voices.
    """
    found = voices(folder)
    enrolled = {name: files for name, files in found.items() if len(files) > _ENROLMENT_FILES}
    profiles = {name: _enrol(models, [read_audio(file) for file in files[:_ENROLMENT_FILES]]) for name, files in enrolled.items()}
    ready = EnrolledVoices(profiles, models)
    clips = [
        _best(models, ready, name, clip)
        for name, files in found.items()
        for clip in _clips(files[_ENROLMENT_FILES:] if name in enrolled else files)
    ]
    shipped, chosen = _counts(clips, enrolled, Tuning().same_voice), cross_validated(clips, enrolled)
    others = str(len(found) - len(enrolled))
    rows = [
        [way, str(len(enrolled)), str(one.enrolled), number(one.shares[0], 1), others, str(one.others), number(one.shares[1], 1)]
        for way, one in (("shipped", shipped), ("cross-validated over voices", chosen))
    ]
    head = ["threshold", "enrolled voices", "clips", "named rightly %", "other voices", "clips", "named wrongly %"]
    right, false = chosen.shares
    goals = [
        Goal("enrolled voices named rightly, 3 s", f">= {LEAST_RIGHT:g} %", number(right, 1, " %"), "-", right >= LEAST_RIGHT),
        Goal("other voices named wrongly, 3 s", f"<= {MOST_FALSE:g} %", number(false, 1, " %"), "-", false <= MOST_FALSE),
    ]
    data = {"profiles": asdict(chosen), "profiles, shipped threshold": asdict(shipped)}
    return Table("Voice profiles, clips of 3 s", head, rows), goals, data


def cross_validated(clips: Sequence[_Named], enrolled: Collection[str]) -> _Counts:
    """Return the counts with a threshold for each fifth of the voices that was chosen on the other voices."""
    names = [*sorted({clip.voice for clip in clips} & set(enrolled)), *sorted({clip.voice for clip in clips} - set(enrolled))]
    total = _Counts()
    for fold in range(_FOLDS):
        held = set(names[fold::_FOLDS])
        threshold = _threshold([clip for clip in clips if clip.voice not in held], enrolled)
        total += _counts([clip for clip in clips if clip.voice in held], enrolled, threshold)
    return total


def _threshold(clips: Sequence[_Named], enrolled: Collection[str]) -> float:
    """Return the threshold with which most clips are named rightly while at most 1 % of others get a name; of several, the middle one."""
    rated = [(_counts(clips, enrolled, one), one) for one in _THRESHOLDS]
    allowed = [(counts.right, one) for counts, one in rated if counts.shares[1] <= MOST_FALSE]
    best = [one for right, one in allowed if right == max(allowed)[0]]
    return float(np.median(best))


def _counts(clips: Sequence[_Named], enrolled: Collection[str], threshold: float) -> _Counts:
    named = [(clip.voice, clip.best if clip.likeness >= threshold else "") for clip in clips]
    known = [(voice, best) for voice, best in named if voice in enrolled]
    others = [best for voice, best in named if voice not in enrolled]
    return _Counts(sum(voice == best for voice, best in known), len(known), sum(map(bool, others)), len(others))


def _best(models: SpeakerModels, enrolled: EnrolledVoices, voice: str, clip: Samples) -> _Named:
    """Return the enrolled voice that is most like one of the voices in a clip."""
    diarizer = LiveDiarizer(models)
    diarizer.turn(clip, 0.0)
    scores = enrolled.scores(diarizer.voices(IDENTIFIED_S))
    return _Named(voice, scores[0].key, scores[0].likeness) if scores else _Named(voice, "", float("-inf"))


def _enrol(models: SpeakerModels, readings: list[Samples]) -> Vectors:
    """Return the profile of a person who reads some sentences."""
    diarizer = LiveDiarizer(models, expected=1)
    for number_, reading in enumerate(readings):
        diarizer.turn(reading[: round(_ENROLMENT_S * RATE)], number_ * (_ENROLMENT_S + 1))
    profile = diarizer.voice(0)
    if profile is None:
        raise ValueError("the files of a voice hold no speech")
    return profile


def _clips(files: list[Path]) -> list[Samples]:
    length = round(SPEECH_S * RATE)
    audio = [read_audio(file) for file in files]
    per_file = _CLIPS if len(files) == 1 else 2
    return [one[at * length : (at + 1) * length].astype(np.float32) for one in audio for at in range(min(per_file, len(one) // length))]
