"""The mixture of experts."""

import numpy as np
import pytest

from insights.analysis.acts import mixture, rule_features, talk_type


def _logits(*numbers: float) -> mixture.Floats:
    return np.array([numbers], dtype=np.float32)


def test_a_certain_gate_selects_one_expert() -> None:
    """The mixture with a certain gate is the output of that expert."""
    assert mixture.mixture(_logits(20, -20), _logits(0.7, 0.1))[0] == pytest.approx(0.7, abs=1e-4)


def test_an_uncertain_gate_gives_the_mean() -> None:
    """Equal shares of 0.2 and 0.6 give 0.4."""
    assert mixture.mixture(_logits(0, 0), _logits(0.2, 0.6))[0] == pytest.approx(0.4, abs=1e-4)


def test_calibrations() -> None:
    """Slope and shift depend on whether the question mark is shown, missing or irrelevant; the result is scaled last."""
    calibration = np.array([[2, 1, -3, 0.5, 4, 0.5]], dtype=np.float32)
    facts = np.zeros((3, mixture.FACTS), dtype=np.float32)
    facts[1, 1] = facts[2, 0] = 1
    logits = np.ones((3, 1), dtype=np.float32)
    wanted = 0.5 * mixture.sigmoid(np.array([[3], [0], [4.5]], dtype=np.float32))
    assert mixture.calibrated(logits, facts, calibration) == pytest.approx(wanted)
    assert mixture.calibrated(logits, facts, mixture.unchanged(1)) == pytest.approx(mixture.sigmoid(logits))


def test_inputs_have_a_fixed_order() -> None:
    """The logits are first, then the cues, then the facts, with a constant last."""
    row = mixture.inputs(np.array([0.5, -0.5], dtype=np.float32), (0, 2), (True, True), 3, 6, 0)
    assert len(row) == 2 + len(rule_features.NAMES) + mixture.FACTS
    assert row[:5].tolist() == [0.5, -0.5, 1, 0, 1]
    assert row[-mixture.FACTS :].tolist() == pytest.approx([1, 0, np.log(4), 1, 0, 1])


@pytest.mark.parametrize(("marks", "wanted"), [((False, False), [0, 0]), ((False, True), [0, 1]), ((True, True), [1, 0])])
def test_a_missing_question_mark_counts_only_after_others(marks: tuple[bool, bool], wanted: list[float]) -> None:
    """A missing question mark counts only for a recogniser that writes them."""
    assert list(mixture.facts(marks, 3, 0, 0)[:2]) == wanted


def _row(so_far: int) -> mixture.Floats:
    past = np.full(talk_type.SIGNS, 0.5, dtype=np.float32)
    past[-1] = so_far / talk_type.PAST
    signs = np.concatenate([np.array([3.0, -2.0], dtype=np.float32), past])
    return mixture.inputs(signs, (1,), (True, False), 5, so_far, so_far)[np.newaxis]


def test_the_gate_uses_the_message_at_the_beginning() -> None:
    """The first message alone decides the gate; after half of the remembered messages it no longer counts."""
    first, later = mixture.gate_view(_row(0))[0], mixture.gate_view(_row(12))[0]
    own = 2 + len(rule_features.NAMES)
    assert first[:own].tolist() == [3, -2, 0, 1] + [0] * (len(rule_features.NAMES) - 2)
    assert not later[:own].any()
    assert not first[own + talk_type.SIGNS : own + 2 * talk_type.SIGNS].any()
    assert later[own : own + talk_type.SIGNS].tolist() == later[own + talk_type.SIGNS : own + 2 * talk_type.SIGNS].tolist()


def test_huge_logits_do_not_overflow() -> None:
    """Probabilities stay inside (0, 1)."""
    assert 0 < mixture.sigmoid(_logits(-1e9))[0, 0] < mixture.sigmoid(_logits(1e9))[0, 0] < 1
