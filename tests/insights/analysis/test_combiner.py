"""The mixture of experts."""

import numpy as np
import pytest

from insights.analysis import combiner, cues


def _logits(*numbers: float) -> combiner.Floats:
    return np.array([numbers], dtype=np.float32)


def test_a_sure_gate_chooses_one_expert() -> None:
    """Where the gate is certain, the mixture is that expert."""
    assert combiner.mixture(_logits(20, -20), _logits(1.5, -3))[0] == pytest.approx(1.5, abs=1e-3)


def test_an_unsure_gate_takes_the_mean_of_probabilities() -> None:
    """Two equal shares of 0.2 and 0.6 make 0.4."""
    mixed = combiner.mixture(_logits(0, 0), np.log(_logits(0.2 / 0.8, 0.6 / 0.4)))
    assert combiner.sigmoid(mixed)[0] == pytest.approx(0.4, abs=1e-4)


def test_inputs_have_one_place_for_each_fact() -> None:
    """Logits first, then cues, then the facts, the last one constant."""
    row = combiner.inputs(np.array([0.5, -0.5], dtype=np.float32), (0, 2), True, 3, 6, 0)
    assert len(row) == 2 + len(cues.NAMES) + combiner.FACTS
    assert row[:5].tolist() == [0.5, -0.5, 1, 0, 1]
    assert row[-combiner.FACTS :].tolist() == pytest.approx([1, np.log(4), 1, 0, 1])


def test_huge_logits_do_not_overflow() -> None:
    """Probabilities stay inside (0, 1)."""
    assert 0 < combiner.sigmoid(_logits(-1e9))[0, 0] < combiner.sigmoid(_logits(1e9))[0, 0] < 1
