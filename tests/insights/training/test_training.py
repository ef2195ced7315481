"""Two runs of a small training."""

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

from insights.analysis.acts import weights
from insights.analysis.acts.mixture import TASKS
from insights.training import corpora, train
from insights.training.corpora import Row, read_own
from insights.training.heads import FOLDS, folds_of, labels_of

_SUBJECTS = ["the pump", "a lamp", "this door", "our roof", "the red cable", "that engine"]
_QUESTIONS = ["where is {}?", "did you see {}?", "what does {} cost?"]
_TASKS = ["I will repair {}.", "please order {}.", "we need to check {}."]
_PLAIN = ["{} is fine.", "yes, {}.", "I like {}.", "{} was cheap."]


def _corpus(name: str, seed: int, meetings: int) -> bytes:
    pick = random.Random(seed)
    lines = []
    for meeting in range(meetings):
        for index in range(12):
            kind = pick.choice(["q", "a", "n", "n"])
            text = pick.choice({"q": _QUESTIONS, "a": _TASKS, "n": _PLAIN}[kind]).format(pick.choice(_SUBJECTS))
            row = {"corpus": name, "conversation": f"m{meeting}", "index": index, "speaker": pick.choice("AB"), "text": text}
            row |= {"question": int(kind == "q") if name != "email" else None, "action_item": None, "commit": None}
            row["da"] = {"q": "qw^d", "a": "s^cc", "n": "s"}[kind] if name == "mrda" else "inf"
            row["commit" if name == "mrda" else "action_item"] = int(kind == "a")
            lines.append(json.dumps(row))
    return gzip.compress("\n".join(lines).encode())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three small corpora."""
    folder = tmp_path_factory.mktemp("corpora")
    for number, name in enumerate(train.CORPORA):
        (folder / f"{name}.train.jsonl.gz").write_bytes(_corpus(name, number, 12))
        (folder / f"{name}.dev.jsonl.gz").write_bytes(_corpus(name, 50 + number, 4))
    return folder


def test_training_twice_gives_the_same_bytes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs write the same files, report the same digests, and the result loads."""
    monkeypatch.setattr(corpora, "read_own", lambda text: read_own(text)[::12])
    reports = []
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        train.main(["--data", str(data), "--out", str(tmp_path / run)])
        reports.append(capsys.readouterr().out)
    assert reports[0] == reports[1]
    assert "sha256" in reports[0]
    for name in ("acts.npz", "background.npz", "names.npz"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    model = weights.load(tmp_path / "one" / "acts.npz")
    assert len(model.combiner.experts) == len(TASKS)
    assert model.classes.of
    assert np.isfinite(model.table).all()


def test_a_conversation_stays_in_one_fold() -> None:
    """All rows of one origin are in one fold."""
    rows = [Row("ami", f"ami/{number // 5}", number, "A", "x") for number in range(100)]
    folds = folds_of(rows)
    assert all(len(set(folds[at : at + 5])) == 1 for at in range(0, 100, 5))
    assert 1 < len(set(folds.tolist())) <= FOLDS


def test_labels_of_heads() -> None:
    """A head learns from its own corpus only, and the gate's labels are the types."""
    rows = [Row("ami", "a", 0, "A", "x", 1, None), Row("mrda", "b", 0, "A", "x", 0, 1), Row("own", "c", 0, "A", "x", 0, 0, 1)]
    assert labels_of(rows, "ami/question").tolist() == [1, -1, -1]
    assert labels_of(rows, "mrda/action").tolist() == [-1, 1, -1]
    assert labels_of(rows, "own/follow_up").tolist() == [-1, -1, 1]
    assert labels_of(rows, "is/ami").tolist() == [1, 0, -1]
    assert labels_of(rows, "is/own").tolist() == [0, 0, 1]
