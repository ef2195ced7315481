"""Trains the weights of the end of turn: python -m streaming.training.end_of_turn --data DIR [--out FILE]. One core, deterministic.

DIR holds ami.train.jsonl.gz and ami.dev.jsonl.gz, words with times (see `corpus_pauses`). The dev part is only printed about.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insights.training.fit import logistic
from insights.training.matrix import Matrix
from streaming.audio.resample import EMPTY
from streaming.speech.end_of_turn import (
    COMPLETE,
    COMPLETE_MS,
    EARLIEST_MS,
    FILLERS,
    LATEST_MS,
    EndOfTurnWeights,
    Pause,
    WordsModel,
    bare_word,
    features,
    probability_of,
    score_of,
)
from streaming.training.corpus_pauses import Lengths, Track, durations_of, read
from streaming.training.simulated_turns import Outcome, simulate, turns

FIXED_S = 0.5
"""The fixed pause whose share of false cut-offs is matched."""
MARGIN = 0.76
"""Of that share, on the training part."""
_LEAST_COUNT = 8  # rows with a feature
_LEAST_WEIGHT = 0.02  # weights below it are not stored
_PENALTY = 20.0
_PARTS = 4  # of the meetings, for predictions on meetings that were not fitted to
_RESET_S = 0.7  # pause after which the rows of the training begin with no words
_STEP_MS = 50
_MOST_SCORE = 8.0
_SCORE_STEP = 0.1

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PauseRows:
    """The pauses of the training: their features, whether they are ends, whether a sentence is complete, seconds, number of the meeting."""

    features: list[list[str]]
    ends: Numbers
    complete: Numbers
    seconds: Numbers
    meetings: NDArray[np.int64]


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments, train, write the weights, and print what they do on the dev part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with ami.train.jsonl.gz and ami.dev.jsonl.gz")
    parser.add_argument("--out", type=Path, default=Path(str(files("streaming.speech"))) / "weights" / "end_of_turn.json")
    chosen = parser.parse_args(arguments)
    began = time.process_time()
    durations = durations_of(chosen.data / "ami.train.jsonl.gz")
    tracks = read(chosen.data / "ami.train.jsonl.gz", Lengths.ESTIMATED, durations)
    model, stored = train(tracks)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(stored, separators=(",", ":"), ensure_ascii=True) + "\n", encoding="ascii")
    print(f"{chosen.out.name}: {chosen.out.stat().st_size} bytes, sha256 {sha256(chosen.out.read_bytes()).hexdigest()}")
    for lengths in Lengths:
        dev = read(chosen.data / "ami.dev.jsonl.gz", lengths, durations)
        for name, rule in (
            ("fixed 500 ms", lambda words: FIXED_S),
            ("words", lambda words: model.silence_ms(Pause(tuple(words), EMPTY)) / 1000),
        ):
            print(f"dev, {lengths} pauses, {name}: {_described(simulate(dev, rule))}")
    print(f"took {time.process_time() - began:.0f} s of CPU")


@dataclass(frozen=True, slots=True)
class Fitted:
    """Fitted weights, and the scores by which the table of silences is chosen: those of meetings that were not fitted to."""

    rows: PauseRows
    scores: Numbers
    complete: NDArray[np.bool_]
    weights: dict[str, list[float]]
    bias: list[float]

    def model(self, margin: float = MARGIN) -> WordsModel:
        """Return the model whose table cuts that share of the holds that the fixed pause cuts."""
        end, complete = ({name: pair[number] for name, pair in self.weights.items()} for number in range(2))
        return WordsModel(EndOfTurnWeights(end, self.bias[0], complete, self.bias[1]), self.waits(margin))

    def waits(self, margin: float = MARGIN) -> list[tuple[float, int]]:
        """Return its table."""
        return _waits(self.scores, self.complete, self.rows, margin)


def train(tracks: Sequence[Track]) -> tuple[WordsModel, dict[str, object]]:
    """Return the model, and its weights as they are stored."""
    fitted = fit(tracks)
    stored: dict[str, object] = {
        "made_by": "python -m streaming.training.end_of_turn",
        "from": "AMI Meeting Corpus, manual annotations 1.6.2, the AMI Consortium, CC BY 4.0; reduced to weights of features",
        "bias": fitted.bias,
        "waits": fitted.waits(),
        "weights": fitted.weights,
    }
    return fitted.model(), stored


def fit(tracks: Sequence[Track]) -> Fitted:
    """Fit both regressions to the pauses of these tracks."""
    rows = rows_of(tracks)
    names, matrix = _matrix(rows)
    print(f"{len(rows.ends)} pauses, {int(rows.ends.sum())} of them ends of turns; {len(names)} features")
    end, complete = (_on_unseen_meetings(matrix, labels, rows.meetings) for labels in (rows.ends, rows.complete))
    for name, scores, labels in (("end", end, rows.ends), ("complete sentence", complete, rows.complete)):
        print(f"{name}, area under the curve on unseen meetings: {area_under_curve(scores, labels):.3f}")
    scores = np.array([score_of(*pair) for pair in zip(end.tolist(), complete.tolist(), strict=True)])
    fitted = np.stack([logistic(matrix, labels, _PENALTY) for labels in (rows.ends, rows.complete)], axis=1).astype(np.float64)
    rounded = {name: [round(float(weight), 2) for weight in pair] for name, pair in zip(names, fitted, strict=False)}
    kept = {name: pair for name, pair in sorted(rounded.items()) if max(map(abs, pair)) >= _LEAST_WEIGHT}
    bias = [round(float(weight), 3) for weight in fitted[-1]]
    return Fitted(rows, scores, np.array([probability_of(odds) >= COMPLETE for odds in complete.tolist()]), kept, bias)


def rows_of(tracks: Sequence[Track]) -> PauseRows:
    """Return the rows of the training: each pause with its words as they are, and where there are fillers, without them."""
    numbers = {meeting: number for number, meeting in enumerate(sorted({track.meeting for track in tracks}))}
    found: list[tuple[list[str], bool, bool, float, int]] = []
    for track, pause, words in turns(tracks, lambda words: _RESET_S):
        complete = words[-1].endswith((".", "?", "!"))
        plain = without_fillers(words)
        for each in [words, *([plain] if plain and len(plain) < len(words) else [])]:
            found.append((features(each), pause.is_end, complete, pause.seconds, numbers[track.meeting]))
    named, ends, sentences, seconds, meetings = zip(*found, strict=True)
    return PauseRows(
        list(named), np.array(ends, dtype=np.float64), np.array(sentences, dtype=np.float64), np.array(seconds), np.array(meetings)
    )


def without_fillers(words: Sequence[str]) -> list[str]:
    """Return the words that an engine writes if it leaves out fillers."""
    return [word for word in words if bare_word(word) not in FILLERS]


def area_under_curve(scores: Numbers, labels: Numbers) -> float:
    """Return the probability that an end scores higher than a hold (Mann-Whitney U)."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(1, len(scores) + 1)
    ends = int(labels.sum())
    return float((ranks[labels == 1].sum() - ends * (ends + 1) / 2) / (ends * (len(labels) - ends)))


def _matrix(rows: PauseRows) -> tuple[list[str], Matrix]:
    """Return the names of the columns, without the intercept, and the matrix with the intercept as its last column."""
    counts = Counter(name for names in rows.features for name in names)
    names = sorted(name for name, count in counts.items() if count >= _LEAST_COUNT)
    columns = {name: column for column, name in enumerate(names)}
    held = [[*(columns[name] for name in named if name in columns), len(names)] for named in rows.features]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in held])]).astype(np.int64)
    flat = np.array([column for row in held for column in row], dtype=np.int32)
    return names, Matrix(starts, flat, np.ones(len(flat), dtype=np.float32), len(names) + 1)


def _on_unseen_meetings(matrix: Matrix, labels: Numbers, meetings: NDArray[np.int64]) -> Numbers:
    """Return the logarithm of the odds of each row, from weights that were fitted without its meeting."""
    found = np.zeros(len(labels))
    for part in range(_PARTS):
        inside = meetings % _PARTS == part
        fitted = logistic(matrix.rows(np.flatnonzero(~inside)), labels[~inside], _PENALTY)
        found[inside] = matrix.rows(np.flatnonzero(inside)).times(fitted)
    return found


def _waits(scores: Numbers, complete: NDArray[np.bool_], rows: PauseRows, margin: float) -> list[tuple[float, int]]:
    """Return the table of `WordsModel`: the least expected cost at the false cut-offs of the fixed pause.

    At a price of a false cut-off, a pause with the score s gets the silence t that minimises exp(s) t + price S(t), where S(t) is the share
    of holds that are longer than t. The price is found by bisection. `complete`: the pauses whose silence has the limit `COMPLETE_MS`.
    `margin`: of the cut-offs of the fixed pause.
    """
    holds = np.sort(rows.seconds[rows.ends == 0])
    silences = np.arange(EARLIEST_MS, LATEST_MS + 1, _STEP_MS)
    survivors = 1 - np.searchsorted(holds, silences / 1000, side="right") / len(holds)
    grid = np.arange(-_MOST_SCORE, _MOST_SCORE, _SCORE_STEP)
    bins = np.clip(np.floor((scores - grid[0]) / _SCORE_STEP).astype(int), 0, len(grid) - 1)
    target = margin * float(np.mean(holds > FIXED_S))

    def table(price: float) -> NDArray[np.int64]:
        odds = np.exp(grid + _SCORE_STEP / 2)
        chosen: NDArray[np.int64] = silences[np.argmin(odds[:, None] * silences / 1000 + price * survivors, axis=1)]
        return chosen

    low, high = 0.0, 1000.0
    for _ in range(50):
        price = (low + high) / 2
        wanted = table(price)[bins]
        wanted = np.where(complete, np.minimum(wanted, COMPLETE_MS), wanted)
        cut = float(np.mean((rows.seconds > wanted / 1000)[rows.ends == 0]))
        low, high = (low, price) if cut <= target else (price, high)
    waits = table(high)
    return [(round(float(grid[n]), 3), int(waits[n])) for n in range(len(grid)) if n == 0 or waits[n] != waits[n - 1]]


def _described(outcome: Outcome) -> str:
    latencies = f"median {outcome.latency():.2f} s, mean {float(np.mean(outcome.latencies)):.2f} s, p90 {outcome.latency(0.9):.2f} s"
    found = f"latency of {len(outcome.latencies)} ends: {latencies}; {outcome.missed} missed"
    return f"{outcome.holds} holds, {outcome.false_cut_offs:.1%} cut off; {found}"


if __name__ == "__main__":
    main()
