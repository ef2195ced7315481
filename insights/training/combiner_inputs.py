"""The combiner's inputs for whole corpora: the same as mixture.inputs for one message, but for rows in order."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts import mixture, rule_features, talk_type
from insights.analysis.acts.mixture import FACTS, HEADS, Floats, facts
from insights.training.corpora import Row
from insights.training.matrix import Seen

HANDS = 3
"""Copies of each row for the combiner: without question marks, with its question marks, and with a third of them lost."""


def hands(rows: Sequence[Row], heard: Sequence[Row], seen: Seen, heads: Floats, net: Floats) -> Floats:
    """Return (HANDS * rows, inputs) of rows.

    Args:
        heard: the rows as recognised.
        heads: (rows, ALL_HEADS) logits.
        net: (rows, HEADS) logits.
    """
    found = signs(heard, heads, net)
    marks = np.array(["?" in row.text for row in rows])
    kept = np.random.default_rng(22).random(len(rows)) > 1 / 3
    return np.concatenate(
        [inputs(heard, found, seen.shown, seen.words, shown) for shown in (np.zeros(len(rows), dtype=bool), marks, marks & kept)]
    )


def signs(rows: Sequence[Row], heads: Floats, net: Floats) -> Floats:
    """Return (rows, SIGNS) from the logits (rows, ALL_HEADS) of heads and (rows, HEADS) of the network."""
    past = np.zeros((len(rows), talk_type.SIGNS), dtype=np.float32)
    likeness = heads[:, len(HEADS) :]
    start, last = 0, ""
    for number, row in enumerate(rows):
        if row.conversation != last:
            start, last = number, row.conversation
        past[number] = talk_type.history(likeness[max(start, number - talk_type.PAST) : number])
    return mixture.signs(heads, net, past)


def inputs(
    rows: Sequence[Row], signs: Floats, shown: Sequence[tuple[int, ...]], words: NDArray[np.int32], marks: NDArray[np.bool_]
) -> Floats:
    """Return (rows, SIGNS + cues + FACTS) as mixture.inputs does for one message; marks: which messages have a question mark."""
    width = signs.shape[1]
    table = np.zeros((len(rows), width + len(rule_features.NAMES) + FACTS), dtype=np.float32)
    table[:, :width] = signs
    start, last = 0, ""
    for number, row in enumerate(rows):
        if row.conversation != last:
            start, last = number, row.conversation
        lately = bool(marks[max(start, number - talk_type.PAST) : number].any())
        table[number, [width + cue for cue in shown[number]]] = 1.0
        table[number, -FACTS:] = facts((bool(marks[number]), lately), int(words[number]), number - start, row.index)
    return table
