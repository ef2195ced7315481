"""The command that counts false positives of trackers."""

import gzip
import json
from pathlib import Path

import pytest

from insights.training import tracker_false_positives

_TEXTS = ["Please cancel the contract.", "The contract has to be cancelled.", "It is raining.", "So we go on."]


def test_exact_and_similar_hits_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output has each similar hit and both counts."""
    for corpus in ("ami", "mrda", "email"):
        rows = [
            {"corpus": corpus, "conversation": "c", "index": at, "speaker": "A", "text": text, "question": 0, "action_item": 0, "commit": 0}
            for at, text in enumerate(_TEXTS if corpus == "ami" else [])
        ]
        (tmp_path / f"{corpus}.dev.jsonl.gz").write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    tracker_false_positives.main(["--data", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "4 messages: 1 exact, 1 similar (25.00%)"
    assert lines[0].startswith("Cancellation: 'cancel ")
    assert lines[0].endswith("' for 'contract has to be cancelled'")
