"""Fits the weights of `insights.analysis.vocabulary.mishearing`: python -m tests.bench.tts_corpus.fit --data DIR

A logistic regression over all possible mishearings of the 500 phrases, in both models' transcripts of the dev readings and of the half
of our clips that is not held out. Prints the weights; they are rounded and copied into the code by hand.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insights.analysis.vocabulary.correction import Vocabulary
from insights.analysis.vocabulary.mishearing import MishearingWeights, signs, word
from tests.bench.tts_corpus import choose, table
from tests.bench.tts_corpus.corrections import holds, is_held_out

Floats = NDArray[np.float64]

_LEAST = 0.0005
"""Candidates with a lower probability by the current weights are skipped: they would not change the fit."""

_ALIKE = 0.5
"""Minimum similarity of the words to the spoken phrase to count as its transcript."""

_HOLD = 1.0
"""L2 penalty on the weights, each scaled by its feature's standard deviation."""


def examples(data: Path) -> tuple[Floats, Floats]:
    """Return (features, shape (n, 6), and whether each is the spoken phrase, shape (n,))."""
    phrases = choose.phrases()
    vocabulary = Vocabulary(phrases)
    spoken = {(one.name, one.voice): one for one in choose.clips() if not is_held_out(one)}
    spoken |= {(one.name, one.voice): one for one in choose.dev(data)}
    rows: list[tuple[tuple[float, ...], bool]] = []
    for model in table.MODELS:
        for one in table.read(model):
            reading = spoken.get((one.name, one.voice))
            if reading is not None:
                rows += _of(vocabulary, one, reading.phrase)
    return np.array([row for row, _ in rows]), np.array([float(good) for _, good in rows])


def _of(vocabulary: Vocabulary, one: table.ReadingTranscript, phrase: str) -> Iterator[tuple[tuple[float, ...], bool]]:
    """Yield all candidates in a transcript; for the spoken phrase only the most similar one, if it is similar enough."""
    everything = vocabulary.candidates([word(text) for text in one.words], one.confidences, _LEAST)
    found = [(signs(here, meant), meant.text == phrase) for _, _, here, meant in everything]
    likely = [row for row, good in found if good and row[0] >= _ALIKE and not holds(one.text, phrase)]
    best = max(likely, default=None)
    return ((row, good) for row, good in found if not good or row is best)


def fit(rows: Floats, good: Floats) -> Floats:
    """Return the bias and the weights, shape (7,), by Newton's method."""
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    inputs = np.column_stack((np.ones(len(rows)), (rows - middle) / spread))
    penalty = _HOLD * np.diag([0.0, *np.ones(rows.shape[1])])
    weights = np.zeros(inputs.shape[1])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (likely - good) + penalty @ weights
        bend = (inputs * (likely * (1 - likely))[:, None]).T @ inputs + penalty
        weights = weights - np.linalg.solve(bend, slope)
    scaled = weights[1:] / spread
    return np.array([weights[0] - float(scaled @ middle), *scaled])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the weights by name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the dev parts and style.dev.tsv")
    rows, good = examples(parser.parse_args(arguments).data)
    print(f"{len(good)} candidates, {int(good.sum())} of them right")
    for field, value in zip(fields(MishearingWeights), fit(rows, good), strict=True):
        print(f"{field.name} {value:.2f}")


if __name__ == "__main__":
    main()
