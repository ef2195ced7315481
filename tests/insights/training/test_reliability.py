"""The table of calibration."""

import gzip
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from insights.training import reliability
from insights.training.diagram import ConfidenceBin


def test_bins() -> None:
    """Each tenth has its count, mean confidence and share of correct ones; 1.0 is in the last."""
    found = reliability.bins([(0.05, False), (0.125, True), (0.1875, False), (1.0, True)])
    assert [one.count if one else 0 for one in found] == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found[1] == ConfidenceBin(2, 0.15625, 0.5)


def test_error() -> None:
    """The error is the distance of share and confidence, weighted by messages."""
    assert reliability.error([ConfidenceBin(9, 0.3, 0.3), None]) == 0
    assert reliability.error([ConfidenceBin(3, 0.2, 0.2), ConfidenceBin(1, 0.9, 0.5)]) == pytest.approx(0.1)
    assert reliability.error([]) == 0


def test_summary() -> None:
    """The summary counts confidences above .9; chance is the error of calibrated confidences, and falls with more messages."""
    found = reliability.summary([(0.95, True), (0.9, False), (0.89, True), (0.01, False)])
    assert (found.reported, found.right) == (2, 1)
    few, many = (reliability.summary([(0.5, number % 2 == 0) for number in range(count)]) for count in (20, 2000))
    assert 0 < many.chance[0] < few.chance[0]
    assert many.chance[0] == many.chance[1]
    assert many.ece == 0


def _corpus(folder: Path) -> None:
    row = {"corpus": "mrda", "speaker": "A", "action_item": None, "commit": 0}
    lines = [
        json.dumps({**row, "conversation": f"c{number // 3}", "index": number % 3, "text": text, "question": int("?" in text)})
        for number, text in enumerate(["Is it ready?", "Yes.", "Who did it?"] * 5)
    ]
    (folder / "mrda.dev.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


def test_table_and_diagram(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is a row for each corpus, task and style with gold labels, and a panel for each corpus and task."""
    _corpus(tmp_path)
    reliability.main(["--data", str(tmp_path), "--svg", str(tmp_path / "drawn.svg")])
    told = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in told[2:]] == [
        "| mrda question text",
        "| mrda action item text",
        "| mrda question noq",
        "| mrda action item noq",
    ]
    drawn = ElementTree.parse(tmp_path / "drawn.svg").getroot()
    assert [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")].count("mrda question") == 1
