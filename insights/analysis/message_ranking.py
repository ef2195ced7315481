"""The order of messages that a question may be about, by their similarity to it, what is said around them, and their words. Pure numpy."""

import numpy as np
from numpy.typing import NDArray

CANDIDATES = 300
"""Messages of the greatest similarity that are looked at, beside those with words of the question."""
AROUND, BEST_AROUND = 15, 5
"""How many messages before and after count, and how many of them: the most similar."""
APART = 15
"""Of messages that are fewer messages apart, only the best one is listed, so that the list has several places."""
COMMON = 100
"""The messages of which the mean vector is taken, the best ones; with fewer candidates there is none."""
_AROUND, _WORDS, _NAMED, _COMMON = 0.65, 0.07, 0.4, -0.55
"""The weights beside that of the similarity, 1; learned on meetings of the training part of QMSum (docs/develop/search.md)."""


def candidates(similar: NDArray[np.float32], words: NDArray[np.float32], least: float) -> NDArray[np.intp]:
    """Return the places of the messages that are worth ranking: those with words, and the most similar ones above `least`."""
    most = min(CANDIDATES, len(similar))
    nearest = np.argpartition(-similar, most - 1)[:most] if most else np.zeros(0, np.intp)
    chosen = np.union1d(nearest[similar[nearest] >= least], np.flatnonzero(words))
    return chosen.astype(np.intp)


def ranked(
    chosen: NDArray[np.intp],
    vectors: NDArray[np.float32],
    similar: NDArray[np.float32],
    words: NDArray[np.float32],
    conversations: NDArray[np.int64],
    named: NDArray[np.bool_],
    most: int,
) -> list[int]:
    """Return the best of the chosen places, best first.

    `similar`, `words` and `conversations` have one entry for each message, in the order of conversations and messages: the similarity
    (-1 to 1), the score of its words (0 to 1) and its conversation. `vectors` and `named` have one entry for each chosen place: its vector
    of unit length, and whether the question names its speaker.
    """
    around = np.array([_around(similar, conversations, int(place)) for place in chosen], np.float32)
    scores = similar[chosen] + _AROUND * around + _WORDS * words[chosen] + _NAMED * named
    scores += _COMMON * _common(vectors, similar[chosen] + around)
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


def _common(vectors: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the similarity of each message to the mean of the best ones.

    It is that of messages which fit many questions, such as "What do you think about that?"; it is 0 where there are few messages, whose
    mean would be that of what is wanted.
    """
    if len(scores) <= COMMON:
        return np.zeros(len(scores), np.float32)
    mean = vectors[np.argsort(-scores, kind="stable")[:COMMON]].mean(axis=0)
    found: NDArray[np.float32] = vectors @ (mean / np.linalg.norm(mean))
    return found


def _around(similar: NDArray[np.float32], conversations: NDArray[np.int64], place: int) -> float:
    """Return the mean of the greatest similarities around a place, in the same conversation."""
    first, last = max(0, place - AROUND), min(len(similar), place + AROUND + 1)
    near = similar[first:last][conversations[first:last] == conversations[place]]
    return float(np.sort(near)[-BEST_AROUND:].mean())
