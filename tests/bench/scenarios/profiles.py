"""Enrolled voices among strangers: how many are named, how many strangers get a name."""

from pathlib import Path
from typing import Any

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.speech.speakers import LiveDiarizer, SpeakerModels
from streaming.speech.speakers.types import Vectors
from tests.bench.report import Goal, Table, number
from tests.bench.speaker_data import read_audio, voices

SPEECH_S = 3.0
LEAST_RIGHT, MOST_FALSE = 97.0, 1.0
_ENROLMENT_FILES = 3
_ENROLMENT_S = 10.0
_CLIPS = 3


def measure(folder: Path, models: SpeakerModels) -> tuple[Table, list[Goal], dict[str, Any]]:
    """Enrol the voices that have several files with the first three, and name clips of 3 s of all voices."""
    found = voices(folder)
    enrolled = {name: files for name, files in found.items() if len(files) > _ENROLMENT_FILES}
    profiles = {name: _enrol(models, [read_audio(file) for file in files[:_ENROLMENT_FILES]]) for name, files in enrolled.items()}
    right, named, false, strangers = 0, 0, 0, 0
    for name, files in found.items():
        for clip in _clips(files[_ENROLMENT_FILES:] if name in enrolled else files):
            diarizer = LiveDiarizer(models)
            diarizer.turn(clip, 0.0)
            names = {match.key for match in diarizer.identify(profiles).values()}
            if name in enrolled:
                named += 1
                right += names == {name}
            else:
                strangers += 1
                false += bool(names)
    shares = 100 * right / max(1, named), 100 * false / max(1, strangers)
    head = ["enrolled voices", "clips", "named rightly %", "other voices", "clips", "named wrongly %"]
    row = [
        str(len(enrolled)),
        str(named),
        number(shares[0], 1),
        str(len(found) - len(enrolled)),
        str(strangers),
        number(shares[1], 1),
    ]
    goals = [
        Goal("enrolled voices named rightly, 3 s", f">= {LEAST_RIGHT:g} %", number(shares[0], 1, " %"), "-", shares[0] >= LEAST_RIGHT),
        Goal("other voices named wrongly, 3 s", f"<= {MOST_FALSE:g} %", number(shares[1], 1, " %"), "-", shares[1] <= MOST_FALSE),
    ]
    return (
        Table("Voice profiles, clips of 3 s", head, [row]),
        goals,
        {"profiles": {"right": right, "of": named, "false": false, "out of": strangers}},
    )


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
