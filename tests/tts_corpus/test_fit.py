"""Weights from examples."""

from pathlib import Path

import numpy as np
import pytest

from tests.bench.tts_corpus import fit, table


def test_weights_follow_the_examples() -> None:
    """What goes with being right gets a weight above 0, what speaks against it one below, and what says nothing hardly any."""
    random = np.random.default_rng(5)
    rows = random.normal(size=(4000, 3))
    good = (rows[:, 0] - rows[:, 1] + 0.5 * random.normal(size=4000) > 1).astype(float)
    bias, first, second, third = fit.fit(rows, good)
    assert first > 1 > abs(third)
    assert second < -1
    assert bias < 0


def test_examples_of_clips_in_sight(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a clip that is not held out, one candidate is right; a transcript that was heard right has none."""
    said = [one for one in table.read("tiny") if (one.name, one.voice) in {("name/13", "joe"), ("name/14", "joe")}]
    assert [one.text for one in said] == ["Our services run on Kuber Ned is now.", "The Kubernetes cluster needs two more nodes."]
    monkeypatch.setattr(table, "read", lambda model: said if model == "tiny" else [])
    rows, good = fit.examples(data)
    assert rows.shape == (len(good), 6)
    assert good.sum() == 1


def test_the_weights_are_printed_by_name(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each weight of the code."""
    monkeypatch.setattr(fit, "examples", lambda folder: (np.random.default_rng(1).normal(size=(50, 6)), np.arange(50) % 2.0))
    fit.main(["--data", str(data)])
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert names == ["bias", "likeness", "confidence", "english", "length", "split", "spelt"]
