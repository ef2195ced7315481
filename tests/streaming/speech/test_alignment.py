"""Word times from attention, without a model."""

from itertools import pairwise

import numpy as np
import pytest

from streaming.speech.alignment import Attention, Weights, segment, word_spans
from streaming.speech.transcript import Transcript, UntimedWord, timed_words

STEP_S = 0.025


def read_from(*frames: tuple[int, int], width: int) -> Weights:
    """Return weights of tokens that are read from the frames [first, last) only, with a little noise."""
    weights = np.random.default_rng(1).random((len(frames), width)).astype(np.float32) * np.float32(0.05)
    for row, (first, last) in enumerate(frames):
        weights[row, first:last] += 1
    return weights


def test_segments_of_tokens() -> None:
    """Each token gets the frames from which it was read; one that was read from no frame of its own gets one."""
    assert segment(read_from((0, 4), (4, 5), (5, 12), width=12)).tolist() == [0, 4, 5]
    assert segment(np.ones((4, 4), dtype=np.float32)).tolist() == [0, 1, 2, 3]
    starts = segment(read_from((0, 6), (0, 6), (6, 12), width=12)).tolist()
    assert starts[0] == 0 < starts[1] < starts[2] == 6


def test_words_begin_and_end_with_the_speech() -> None:
    """The first word begins with the speech, and the last one ends with it; between them counts the attention."""
    attention = Attention(read_from((4, 10), (10, 20), (20, 30), width=40), STEP_S, 0.0)
    first, second = word_spans(attention, [0, 2], [(10.1, 10.8)], 10.0) or []
    assert first == pytest.approx((10.1, 10.5))
    assert second == pytest.approx((10.5, 10.8))


def test_no_word_is_in_a_pause() -> None:
    """A word ends at the pause after it, and the next one begins where the speech goes on, even if it was read from the pause."""
    attention = Attention(read_from((0, 8), (9, 25), width=40), STEP_S, 0.0)
    first, second = word_spans(attention, [0, 1], [(0.0, 0.2), (0.5, 0.9)], 0.0) or []
    assert first == pytest.approx((0.0, 0.2))
    assert second == pytest.approx((0.5, 0.9))


def test_the_delay_moves_the_frames() -> None:
    """A word begins later by the delay of the attention."""
    weights = read_from((0, 10), (10, 20), width=20)
    boundaries = [(word_spans(Attention(weights, STEP_S, delay), [0, 1], [(0.0, 0.5)], 0.0) or [])[1][0] for delay in (0.0, 0.03)]
    assert boundaries[1] - boundaries[0] == pytest.approx(0.03)


def test_spans_are_in_order() -> None:
    """Whatever the attention and the speech are, the words are in order and inside the speech."""
    random = np.random.default_rng(3)
    for _ in range(200):
        tokens, frames = int(random.integers(1, 20)), int(random.integers(20, 80))
        edges = np.sort(random.random(int(random.integers(1, 4)) * 2)) * frames * STEP_S
        voiced = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
        first = sorted({0, *random.integers(0, tokens, size=5).tolist()})
        spans = word_spans(Attention(random.random((tokens, frames), dtype=np.float32), STEP_S, 0.04), first, voiced, 0.0)
        if spans is None:
            continue
        assert len(spans) == len(first)
        times = [time for span in spans for time in span]
        assert times == pytest.approx(sorted(times))
        assert all(any(start - 1e-6 <= a <= b <= end + 1e-6 for start, _ in voiced for _, end in voiced) for a, b in spans)
        assert all(after[0] >= before[1] - 1e-6 for before, after in pairwise(spans))


def test_too_little_speech_for_the_tokens() -> None:
    """Words of more tokens than there is speech get their times by the number of letters."""
    attention = Attention(np.ones((5, 20), dtype=np.float32), STEP_S, 0.0)
    assert word_spans(attention, [0, 3], [(0.0, 0.05)], 0.0) is None
    transcript = Transcript((UntimedWord("a", 1.0, (1, 2, 3), 0), UntimedWord("b", 1.0, (4, 5), 3)), 1.0, (1, 2, 3, 4, 5), attention)
    assert [(word.start, word.end) for word in timed_words(transcript, [(0.0, 0.05)], 0.0)] == [(0.0, 0.025), (0.025, 0.05)]
    assert timed_words(Transcript(), [(0.0, 0.05)], 0.0) == ()
