"""The type of a conversation, from the messages so far."""

import numpy as np
import pytest

from insights.analysis.acts import talk_type


def _likeness(*rows: tuple[float, float, float]) -> talk_type.Floats:
    return np.array(rows, dtype=np.float32)


def test_the_first_message_has_no_history() -> None:
    """The first message has a history of zeros."""
    assert talk_type.history([]).tolist() == [0.0] * talk_type.SIGNS


def test_sums_means_and_counts() -> None:
    """The history has the clipped sums, the means and the number of messages."""
    signs = talk_type.history(_likeness((3, -1, 0), (6, -100, 0)))
    assert signs.tolist() == pytest.approx([3, -10, 0, 4.5, -50.5, 0, 2 / talk_type.PAST])


def test_only_the_last_messages_count() -> None:
    """Only the last PAST messages count."""
    recent = _likeness(*[(1, 2, 3)] * talk_type.PAST)
    assert talk_type.history(np.concatenate([_likeness((90, 90, 90)), recent])).tolist() == talk_type.history(recent).tolist()
