"""Diarization error rate: missed speech, false alarms and wrong speakers, per 10 ms frame, without collar. Pure numpy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STEP_S = 0.01


@dataclass(frozen=True, slots=True)
class Speech:
    """Speech of one speaker."""

    start_s: float
    end_s: float
    speaker: str


@dataclass(frozen=True, slots=True)
class DiarizationErrors:
    """Seconds of reference speech (overlapped speech counts once per speaker), and of errors."""

    speech: float = 0.0
    missed: float = 0.0
    false_alarm: float = 0.0
    confusion: float = 0.0

    def __add__(self, other: "DiarizationErrors") -> "DiarizationErrors":
        return DiarizationErrors(
            self.speech + other.speech,
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
        )

    def percent(self, seconds: float) -> float:
        """Return seconds as a percentage of the reference speech."""
        return 100 * seconds / self.speech if self.speech else 0.0

    @property
    def rate(self) -> float:
        """The diarization error rate in percent."""
        return self.percent(self.missed + self.false_alarm + self.confusion)


def diarization_errors(reference: Sequence[Speech], found: Sequence[Speech]) -> DiarizationErrors:
    """Compare two labellings; speakers are mapped to each other such that they agree for as long as possible."""
    frames = 1 + max((round(one.end_s / STEP_S) for one in (*reference, *found)), default=0)
    truth, guess = _activity(reference, frames), _activity(found, frames)
    spoken, guessed = truth.sum(axis=0), guess.sum(axis=0)
    together = truth.astype(np.int64) @ guess.T.astype(np.int64)
    right = _best_agreement(together)
    return DiarizationErrors(
        float(spoken.sum() * STEP_S),
        float(np.maximum(spoken - guessed, 0).sum() * STEP_S),
        float(np.maximum(guessed - spoken, 0).sum() * STEP_S),
        float((np.minimum(spoken, guessed).sum() - right) * STEP_S),
    )


def one_speaker(found: Iterable[Speech]) -> list[Speech]:
    """Return the same voice activity with one label, without overlap."""
    joined: list[Speech] = []
    for one in sorted(found, key=lambda speech: speech.start_s):
        if joined and one.start_s <= joined[-1].end_s:
            joined[-1] = Speech(joined[-1].start_s, max(joined[-1].end_s, one.end_s), "1")
        else:
            joined.append(Speech(one.start_s, one.end_s, "1"))
    return joined


def pauses_closed(found: Iterable[Speech], pause_s: float) -> list[Speech]:
    """Return the speech with pauses of a speaker that are shorter than `pause_s`, and in which nobody else speaks, as speech."""
    ordered = sorted(found, key=lambda speech: speech.start_s)
    closed: list[Speech] = []
    last: dict[str, int] = {}
    for one in ordered:
        place = last.get(one.speaker)
        before = closed[place] if place is not None else None
        if before is not None and one.start_s - before.end_s < pause_s and not _others(ordered, one.speaker, before.end_s, one.start_s):
            closed[last[one.speaker]] = Speech(before.start_s, max(before.end_s, one.end_s), one.speaker)
        else:
            last[one.speaker] = len(closed)
            closed.append(one)
    return closed


def _others(found: Iterable[Speech], speaker: str, start_s: float, end_s: float) -> bool:
    """Return whether another speaker speaks between two times."""
    return any(one.speaker != speaker and one.start_s < end_s and one.end_s > start_s for one in found)


def _activity(labelled: Sequence[Speech], frames: int) -> NDArray[np.int8]:
    speakers = sorted({one.speaker for one in labelled})
    active = np.zeros((len(speakers), frames), dtype=np.int8)
    for one in labelled:
        active[speakers.index(one.speaker), round(one.start_s / STEP_S) : round(one.end_s / STEP_S)] = 1
    return active


def _best_agreement(together: NDArray[np.int64]) -> int:
    """Return the frames on which the best one-to-one mapping of rows to columns agrees, by dynamic programming over sets of rows."""
    if together.size == 0:
        return 0
    if together.shape[0] > together.shape[1]:
        together = together.T
    best = {0: 0}
    for column in together.T.tolist():
        following = dict(best)
        for used, total in best.items():
            for row, frames in enumerate(column):
                if not used >> row & 1:
                    wider = used | 1 << row
                    following[wider] = max(following.get(wider, 0), total + frames)
        best = following
    return max(best.values())


def read_rttm(path: Path) -> list[Speech]:
    """Return the speech in a file of the format RTTM."""
    rows = (line.split() for line in path.read_text().splitlines())
    return [Speech(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows if row and row[0] == "SPEAKER"]


def rttm(name: str, found: Iterable[Speech]) -> str:
    """Return a labelling in the format RTTM."""
    return "".join(f"SPEAKER {name} 1 {one.start_s:.3f} {one.end_s - one.start_s:.3f} <NA> <NA> {one.speaker} <NA> <NA>\n" for one in found)
