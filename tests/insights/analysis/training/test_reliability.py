"""The table that says whether confidence is probability."""

import gzip
import json
from pathlib import Path

import pytest

from insights.analysis.training import reliability


def test_bins() -> None:
    """Each tenth has its count, mean confidence and share of right ones; 1.0 falls into the last."""
    found = reliability.bins([(0.05, False), (0.125, True), (0.1875, False), (1.0, True)])
    assert [one.count if one else 0 for one in found] == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found[1] == reliability.Bin(2, 0.15625, 0.5)


def test_error() -> None:
    """Nothing is wrong where share and confidence agree; else the distance, weighed by how many messages."""
    assert reliability.error([reliability.Bin(9, 0.3, 0.3), None]) == 0
    assert reliability.error([reliability.Bin(3, 0.2, 0.2), reliability.Bin(1, 0.9, 0.5)]) == pytest.approx(0.1)
    assert reliability.error([]) == 0


def test_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each corpus, task and style that has gold."""
    row = {"corpus": "mrda", "conversation": "c", "speaker": "A", "question": 1, "action_item": None, "commit": 0}
    lines = [json.dumps({**row, "index": number, "text": f"Is it {number}?"}) for number in range(5)]
    (tmp_path / "mrda.dev.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    reliability.main(["--data", str(tmp_path)])
    told = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in told[2:]] == [
        "| mrda question text",
        "| mrda action_item text",
        "| mrda question noq",
        "| mrda action_item noq",
    ]
