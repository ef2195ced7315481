"""Fitting the tagger of names."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from insights.analysis.names import tagger as shipped
from insights.training import tagger

_NAMES = ["Odile", "Tamsin", "Brannigan", "Okafor"]


def _corpus(path: Path) -> Path:
    """Meetings in which thanked words are persons and bought ones are none, and one message without annotation."""
    rows = []
    for meeting in range(8):
        for number, name in enumerate(_NAMES):
            for text, kind in ((f"thanks a lot {name} for it", "person"), (f"we bought that {name} thing again", "")):
                spans = [[text.index(name), text.index(name) + len(name), kind]] if kind else []
                rows.append({"conversation": f"m{meeting}", "index": number, "text": text, "entities": spans})
    rows.append({"conversation": "m0", "index": 99, "text": "so says Zeb", "entities": None})
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    return path


def test_cases_are_undecided_by_the_rules(tmp_path: Path) -> None:
    """Cases are the annotated capitalised phrases with gold labels, except those that determiners decide."""
    found, missed = tagger.cases(_corpus(tmp_path / "ami.train.jsonl.gz"))
    assert len(found) == 32
    assert all(case.gold for case in found)
    assert missed == 0


def test_training_writes_weights(tmp_path: Path) -> None:
    """Each run writes the same bytes, and the weights accept a name."""
    corpus = _corpus(tmp_path / "ami.train.jsonl.gz")
    assert tagger.train(corpus, tmp_path / "a.npz") == {"cases": 32, "names": 32}
    tagger.train(corpus, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    weights, intercept = shipped.load(tmp_path / "a.npz")
    assert weights.shape == (shipped.SIZE,)
    assert intercept > 0


def test_folds_learn_from_other_meetings_only(tmp_path: Path) -> None:
    """Every case gets a probability from a model without its meeting."""
    found, _ = tagger.cases(_corpus(tmp_path / "ami.train.jsonl.gz"))
    assert (tagger.by_folds(found, 1.0) > 0.5).all()


def test_f1() -> None:
    """Names that are no case lower the recall."""
    assert tagger.f1(np.array([True, False]), np.array([True, True]), 2) == "P 1.000 R 0.250 F1 0.400"


def test_the_command_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output has the rules first, then penalties and thresholds."""
    _corpus(tmp_path / "ami.train.jsonl.gz")
    tagger.main(["--data", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("32 cases, 32 names")
    assert lines[1].startswith("rules P")
    assert len(lines) == 17
