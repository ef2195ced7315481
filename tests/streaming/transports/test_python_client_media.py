"""Audio of the Python client: blocks of 20 ms without gaps, however the program cuts its audio."""

import numpy as np
import pytest

from parley.client_media import BLOCK, RATE, AudioBlocks


@pytest.mark.parametrize("size", [100, 960, 1024, 5000])
def test_pieces_of_any_length_are_joined(size: int) -> None:
    """No silence comes between them; it fills up the last block only."""
    sent = np.arange(1, 20_001, dtype=np.int16)
    blocks = AudioBlocks()
    parts = [block for at in range(0, len(sent), size) for block in blocks.of(RATE, sent[at : at + size])]
    assert {len(part) for part in parts} == {BLOCK}
    received = np.concatenate([*parts, blocks.last()])
    assert np.array_equal(received[: len(sent)], sent)
    assert not received[len(sent) :].any()
    assert not blocks.last().any()


def test_a_resampled_tone_has_no_gaps() -> None:
    """At 44.1 kHz a piece of 20 ms is not always a block; what is more than one is not filled up."""
    tone = (8000 * np.sin(2 * np.pi * 441 * np.arange(44_100) / 44_100)).astype(np.int16)
    blocks = AudioBlocks()
    received = np.concatenate([block for at in range(0, len(tone), 882) for block in blocks.of(44_100, tone[at : at + 882])])
    assert RATE - 2 * BLOCK <= len(received) <= RATE
    levels = np.abs(received[BLOCK:].reshape(-1, BLOCK // 4)).max(axis=1)
    assert levels.min() > 5000
