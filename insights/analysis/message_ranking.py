"""The order of messages that a question may be about, by their similarity to it, their words, and what is said around them. Pure numpy."""

import numpy as np
from numpy.typing import NDArray

CANDIDATES = 300
"""Messages of the greatest similarity that are looked at, beside those with words of the question."""
AROUND, BEST_AROUND = 15, 5
"""How many messages before and after count, and how many of them: the most similar."""
APART = 15
"""Of messages that are fewer messages apart, only the best one is listed, so that the list has several places."""
_AROUND, _WORDS, _WORDS_AROUND, _NAMED = 0.3, 0.1, 0.2, 0.2
"""The weights beside that of the similarity, 1; fitted on the development set of QMSum (docs/develop/search.md)."""
_WORDS_REACH, _BEST_WORDS = 8, 3


def candidates(similar: NDArray[np.float32], words: NDArray[np.float32], least: float) -> NDArray[np.intp]:
    """Return the places of the messages that are worth ranking: those with words, and the most similar ones above `least`."""
    most = min(CANDIDATES, len(similar))
    nearest = np.argpartition(-similar, most - 1)[:most] if most else np.zeros(0, np.intp)
    chosen = np.union1d(nearest[similar[nearest] >= least], np.flatnonzero(words))
    return chosen.astype(np.intp)


def ranked(
    chosen: NDArray[np.intp],
    similar: NDArray[np.float32],
    words: NDArray[np.float32],
    conversations: NDArray[np.int64],
    named: NDArray[np.bool_],
    most: int,
) -> list[int]:
    """Return the best of the chosen places, best first.

    The arrays have one entry for each message, in the order of conversations and messages: the similarity (-1 to 1), the score of its words
    (0 to 1) and its conversation. `named`: for each chosen one, whether the question names its speaker.
    """
    scores = similar[chosen] + _WORDS * words[chosen] + _NAMED * named
    for number, place in enumerate(chosen):
        scores[number] += _AROUND * _best(similar, conversations, int(place), AROUND, BEST_AROUND)
        scores[number] += _WORDS_AROUND * _best(words, conversations, int(place), _WORDS_REACH, _BEST_WORDS)
    kept: list[int] = []
    taken = np.zeros(len(similar), np.bool_)
    for number in np.argsort(-scores, kind="stable"):
        place = int(chosen[number])
        if taken[place]:
            continue
        kept.append(place)
        if len(kept) == most:
            break
        first, last = max(0, place - APART + 1), min(len(similar), place + APART)
        taken[first:last] |= conversations[first:last] == conversations[place]
    return kept


def _best(values: NDArray[np.float32], conversations: NDArray[np.int64], place: int, reach: int, most: int) -> float:
    """Return the mean of the greatest values around a place, in the same conversation."""
    first, last = max(0, place - reach), min(len(values), place + reach + 1)
    around = values[first:last][conversations[first:last] == conversations[place]]
    return float(np.sort(around)[-most:].mean())
