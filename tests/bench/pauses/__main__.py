"""Whether the sound before a pause tells more than the words: python -m tests.bench.pauses --audio DIR [--smart-turn FILE].

DIR holds files of real speech of one speaker each (LibriSpeech, named speaker-chapter-utterance.flac). The pauses are those that the VAD
reports after 0.19 s. A pause counts as the end of a sentence if the recogniser, which is given what follows too, writes a full stop, a
question mark or an exclamation mark there. Printed: the area under the curve of the words, of the prosody, and of both, by regressions
that were fitted to other speakers; the CPU time of a decision; with --smart-turn, the same for that model (`smart_turn`).
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples
from streaming.speech.end_of_turn import words_model
from streaming.speech.endpointing import FRAME_S, Endpointer, SpeechPaused
from streaming.speech.engines.base import EngineOptions
from streaming.speech.engines.moonshine import MoonshineRecogniser
from streaming.speech.vad import FRAME, VadModel
from tests.bench.pauses.prosody import NAMES, prosody
from tests.bench.pauses.smart_turn import SmartTurn
from tests.bench.speaker_data import read_audio

BEFORE_S, AFTER_S = 6.0, 4.0
"""Audio around a pause from which the recogniser writes its mark."""
FOLDS = 5
PENALTY = 3.0
_LATE_S = 0.12  # a word that starts so soon after the start of the pause is before it: the times of words are estimates
_EDGE_S = 1.0  # a pause so near to the end of the file is not used: what follows is not known

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpokenPause:
    """A pause in real speech: its speaker, the audio up to 0.19 s after the last sound, the words before it, whether a sentence ends."""

    speaker: str
    pcm: Samples
    words: tuple[str, ...]
    is_end: bool


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments, collect the pauses, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", type=Path, required=True, help="folder with files of speech")
    parser.add_argument("--smart-turn", type=Path, help="smart-turn-v3.2-cpu.onnx")
    chosen = parser.parse_args(arguments)
    recogniser = MoonshineRecogniser(EngineOptions(1, Path()))
    recogniser.load()
    try:
        pauses = [pause for file in sorted(chosen.audio.glob("*.flac")) for pause in pauses_of(file, recogniser)]
    finally:
        recogniser.close()
    labels = np.array([pause.is_end for pause in pauses], dtype=np.float64)
    speakers = sorted({pause.speaker for pause in pauses})
    print(f"{len(pauses)} pauses of {len(speakers)} speakers, {int(labels.sum())} at the end of a sentence")
    folds = np.array([speakers.index(pause.speaker) % FOLDS for pause in pauses])
    columns = {"words": np.array([words_model().odds(pause.words) for pause in pauses])}
    columns["prosody"], prosody_ms = _timed([pause.pcm for pause in pauses], prosody)
    for number, name in enumerate(NAMES):
        print(f"{name}: {area(columns['prosody'][:, number], labels):.3f} alone")
    costs = f"prosody {prosody_ms:.2f} ms of CPU"
    if chosen.smart_turn:
        model = SmartTurn(chosen.smart_turn)
        found, smart_ms = _timed([pause.pcm for pause in pauses], lambda pcm: np.array([_odds(model.probability(pcm))]))
        columns["Smart Turn"] = found
        costs += f", Smart Turn {smart_ms:.0f} ms"
    print(f"a decision: {costs}")
    sets = [["words"], ["prosody"], ["words", "prosody"]]
    sets += [["Smart Turn"], ["words", "Smart Turn"]] if chosen.smart_turn else []
    for names in sets:
        scores = on_unseen_speakers(np.concatenate([columns[name] for name in names], axis=1), labels, folds)
        low, high = _interval(scores, labels)
        print(f"{' and '.join(names)}: area under the curve {area(scores, labels):.3f} (95 %: {low:.3f} to {high:.3f})")


def pauses_of(file: Path, recogniser: MoonshineRecogniser) -> list[SpokenPause]:
    """Return the pauses of a file, but for the last one."""
    pcm = read_audio(file)
    found = []
    for start, end in _pause_spans(pcm):
        if end + int(_EDGE_S * RATE) > len(pcm):
            continue
        first, last = max(start, end - int(BEFORE_S * RATE)), end + int(AFTER_S * RATE)
        around = recogniser.transcribe(pcm[first:last], thorough=False)
        before = [word for word in around if word.start < (end - first) / RATE - 6 * FRAME_S + _LATE_S]
        words = tuple(word.text for word in recogniser.transcribe(pcm[start:end], thorough=False))
        if before and words:
            found.append(SpokenPause(file.name.split("-")[0], pcm[start:end], words, before[-1].text.endswith((".", "?", "!"))))
    return found


def _pause_spans(pcm: Samples) -> list[tuple[int, int]]:
    """Return the spans up to each pause that the endpointer reports, in samples, from the last pause of half a second on."""
    model, endpointer = VadModel(), Endpointer(asks_early=True, longest_turn_s=BEFORE_S * 2)
    slots, found = [model.take_slot()], []
    for at in range(0, len(pcm) - FRAME + 1, FRAME):
        frame = pcm[at : at + FRAME]
        for event in endpointer.push(model.probabilities(slots, [frame])[0], float(frame @ frame) ** 0.5):
            if isinstance(event, SpeechPaused):
                found.append((event.span.start * FRAME, event.span.end * FRAME))
    return found


def on_unseen_speakers(columns: Numbers, labels: Numbers, folds: NDArray[np.int64]) -> Numbers:
    """Return the logarithm of the odds of each pause, by a logistic regression that was fitted to other speakers."""
    normal = (columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-9)
    rows = np.concatenate([normal, np.ones((len(normal), 1))], axis=1)
    found = np.zeros(len(labels))
    for fold in np.unique(folds):
        inside = folds == fold
        found[inside] = rows[inside] @ _fitted(rows[~inside], labels[~inside])
    return found


def _fitted(rows: Numbers, labels: Numbers) -> Numbers:
    """Return the weights of a logistic regression with a quadratic penalty, by Newton's method."""
    weights, ridge = np.zeros(rows.shape[1]), np.diag([PENALTY] * (rows.shape[1] - 1) + [1e-6])
    for _ in range(25):
        probability = 1 / (1 + np.exp(-rows @ weights))
        gradient = rows.T @ (probability - labels) + ridge @ weights
        curvature = (rows * (probability * (1 - probability))[:, None]).T @ rows + ridge
        weights = weights - np.linalg.solve(curvature, gradient)
    return weights


def area(scores: Numbers, labels: Numbers) -> float:
    """Return the probability that the end of a sentence scores higher than another pause; equal scores count half."""
    ends, others = scores[labels == 1], scores[labels == 0]
    return float(np.mean((ends[:, None] > others) + 0.5 * (ends[:, None] == others)))


def _interval(scores: Numbers, labels: Numbers, times: int = 500) -> tuple[float, float]:
    """Return the interval of 95 % of the area, by drawing the pauses again."""
    random = np.random.default_rng(1)
    drawn = []
    for _ in range(times):
        chosen = random.integers(0, len(labels), len(labels))
        if 0 < labels[chosen].sum() < len(chosen):
            drawn.append(area(scores[chosen], labels[chosen]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _timed(audio: Sequence[Samples], function: Callable[[Samples], Numbers]) -> tuple[Numbers, float]:
    """Return what a function makes of each audio, as rows, and its mean CPU time in milliseconds."""
    began = time.thread_time()
    rows = np.array([function(pcm) for pcm in audio])
    return rows, 1000 * (time.thread_time() - began) / max(1, len(audio))


def _odds(probability: float) -> float:
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(inside / (1 - inside)))


if __name__ == "__main__":
    main()
