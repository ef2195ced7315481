"""Counts in how many conversations each word occurs, and how often as a noun: for topics, trackers and vocabulary."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from insights.analysis.text.words import tokens
from insights.training import noun_shares
from insights.training.corpora import Row, by_conversation

_STRETCH = 250
"""Number of messages counted as one conversation: long meetings are split, so that 'frequent' means frequent in many places."""

_KEPT = 14_000


def save(rows: Sequence[Row], path: Path) -> dict[str, int]:
    """Write words and counts to a compressed npz; return {"words", "stretches"}."""
    counts: Counter[str] = Counter()
    stretches = 0
    mail = [row for row in rows if row.corpus == "email"]
    talk = [row for row in rows if row.corpus != "email"]
    for conversation in [*by_conversation(talk), mail]:
        for start in range(0, len(conversation), _STRETCH):
            counts.update({word.low for row in conversation[start : start + _STRETCH] for word in tokens(row.text)})
            stretches += 1
    kept = sorted(((word, count) for word, count in counts.items() if count > 1 and word.isascii()), key=lambda item: (-item[1], item[0]))[
        :_KEPT
    ]
    words = np.frombuffer("\n".join(word for word, _ in kept).encode(), dtype=np.uint8)
    heads, modifiers = noun_shares.shares(rows, [word for word, _ in kept])
    np.savez_compressed(
        path,
        words=words,
        counts=np.array([count for _, count in kept], dtype=np.int32),
        total=np.int32(stretches),
        heads=np.round(100 * np.array(heads)).astype(np.uint8),
        modifiers=np.round(100 * np.array(modifiers)).astype(np.uint8),
    )
    return {"words": len(kept), "stretches": stretches}
