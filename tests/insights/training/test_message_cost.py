"""The command that measures the cost of a message."""

import gzip
import json
from pathlib import Path

import pytest

from insights.training import message_cost
from insights.training.corpora import Row

_ROWS = [
    Row("ami", f"ami/{number // 4}", number % 4, "AB"[number % 2], f"we will talk about item {number} on Monday") for number in range(8)
]


def test_messages_have_their_context() -> None:
    """The context is of their own conversation, and the number of messages is limited."""
    found = message_cost.in_context(_ROWS, 6)
    assert [len(before) for _, before in found] == [0, 1, 2, 3, 0, 1]


def test_trackers_are_made_of_messages() -> None:
    """Each run gives the same phrases of two to four neighbouring words."""
    made = message_cost.trackers(_ROWS, 3, 5)
    assert made == message_cost.trackers(_ROWS, 3, 5)
    assert [len(tracker.vocabulary) for tracker in made] == [5, 5, 5]
    assert all(2 <= len(phrase.split()) <= 4 for tracker in made for phrase in tracker.vocabulary)
    assert all(any(phrase in row.text for row in _ROWS) for tracker in made for phrase in tracker.vocabulary)


def test_the_command_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The output has one line with percentiles for each kind of work."""
    monkeypatch.setattr(message_cost, "TRACKERS", 4)
    lines = [
        {
            "corpus": "x",
            "conversation": "c",
            "index": row.index,
            "speaker": "A",
            "text": row.text,
            "question": 0,
            "action_item": 0,
            "commit": 0,
        }
        for row in _ROWS
    ]
    content = gzip.compress("\n".join(json.dumps(line) for line in lines).encode())
    for corpus in ("ami", "mrda"):
        (tmp_path / f"{corpus}.dev.jsonl.gz").write_bytes(content)
    message_cost.main(["--data", str(tmp_path), "--messages", "8"])
    report = capsys.readouterr().out
    assert all(kind in report for kind in ("entities:", "acts:", "sentiment:", "all insights", "topics,", "trackers:", "4000 characters"))
    assert report.count("p95") == 7
