"""Measures of topics."""

import gzip
import json
from pathlib import Path

import pytest

from insights.training import topic_measures


def test_recurring_and_common_words() -> None:
    """'forklift' recurs here only, 'visitors' here and elsewhere, 'pelican' never."""
    here = topic_measures.meeting(
        "a", ["visitors saw the forklift", "the pelican", "the forklift and visitors", "the forklift", "visitors"]
    )
    there = topic_measures.meeting("b", ["it rained", "it rained", "visitors came", "visitors went"])
    assert here.first == ("visitors saw the forklift", "the pelican")

    def share(phrase: str) -> tuple[float, float]:
        return topic_measures.shares([here, there], lambda texts: [(phrase,)] if "pelican" in texts[1] else [])

    assert share("forklift") == (1.0, 0.0)
    assert share("pelican") == (0.0, 0.0)
    assert share("visitor") == (1.0, 1.0)


def test_all_rankings_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report has our topics and the compared rankings, over the longer meetings."""
    for corpus in ("ami", "mrda"):
        row = {"corpus": corpus, "conversation": "m1", "speaker": "A", "question": 0, "action_item": None, "commit": 0}
        lines = [json.dumps({**row, "index": number, "text": f"the forklift and the {corpus} roof"}) for number in range(220)]
        (tmp_path / f"{corpus}.dev.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    topic_measures.main(["--data", str(tmp_path)])
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == ["topics", "most frequent phrases", "words by tf-idf"]
    assert all("come back 1.000" in line for line in told[:2])
    assert all("meetings 2;" in line and "on script" in line for line in told)


def test_meetings_are_measured_by_their_phase() -> None:
    """Half of the topics of the only meeting with a phase are its subjects, and none are others'."""
    talks = [("c", ["solar panels"]), ("x", ["no phase"])]
    assert topic_measures.script_shares(talks, lambda texts: [("solar",), ("forklift",)]) == (0.5, 0.5 / 3)
