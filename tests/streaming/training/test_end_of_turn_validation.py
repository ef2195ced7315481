"""The validation of the end of a turn, on a small made corpus."""

import gzip
import json
import random
from pathlib import Path

import pytest

from streaming.training import end_of_turn_validation as validation
from streaming.training.corpus_pauses import Lengths, durations_of, read
from streaming.training.end_of_turn import fit

OPEN = ("the", "and", "of", "because")
CLOSED = ("report", "budget", "today", "again")


def meeting(name: str, seed: int) -> str:
    """Return a meeting of two people: turns with a pause after a word that leaves them open, which end after one that does not."""
    chosen = random.Random(seed)
    speakers: dict[str, list[list[object]]] = {"A": [], "B": []}
    at = 0.0
    for number in range(60):
        said = speakers["AB"[number % 2]]
        for part in range(2):
            for word in ("we", "need", chosen.choice(OPEN if part == 0 else CLOSED)):
                said.append([round(at, 2), round(at + 0.3, 2), word, "." if word in CLOSED else ""])
                at += 0.3
            at += chosen.choice((0.3, 0.6, 1.0)) if part == 0 else 0.8
    return json.dumps({"conversation": name, "speakers": speakers}) + "\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with eight meetings to train on and four others."""
    for part, count in (("train", 8), ("dev", 4)):
        with gzip.open(tmp_path / f"ami.{part}.jsonl.gz", "wt") as out:
            out.writelines(meeting(f"{part}{number}", 10 * number + len(part)) for number in range(count))
    return tmp_path


def test_every_pause_is_reported_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both tables count the holds of all meetings, for each view and each rule; the words beat the fixed pause where they decide."""
    validation.main(["--data", str(data)])
    tables = capsys.readouterr().out.split("\n| pauses |")[1:]
    durations = durations_of(data / "ami.train.jsonl.gz")
    for table, part in zip(tables, ("dev", "train"), strict=True):
        rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines() if line.startswith("| ")]
        assert len(rows) == 2 * len(validation.VIEWS)
        for lengths, _, _, holds, *_ in rows:
            tracks = read(data / f"ami.{part}.jsonl.gz", Lengths(lengths), durations)
            assert int(holds) == sum(not pause.is_end for track in tracks for pause in track.pauses)
        cut = {row[2]: float(row[4].rstrip("%")) for row in rows[:2]}
        assert cut["words"] < cut["500 ms"]


def test_the_margin_is_the_fastest_that_cuts_no_more(data: Path) -> None:
    """On meetings where even the first margin cuts fewer holds than the fixed pause, it is chosen."""
    durations = durations_of(data / "ami.train.jsonl.gz")
    tracks = {lengths: read(data / "ami.train.jsonl.gz", lengths, durations) for lengths in Lengths}
    fitted = fit(tracks[Lengths.ESTIMATED])
    margin = validation.choose_margin(fitted, {lengths: [found] for lengths, found in tracks.items()})
    assert margin in validation.MARGINS
    for fixed, ours in validation.outcomes(fitted.model(margin), {lengths: [found] for lengths, found in tracks.items()}).values():
        assert ours.false_cut_offs <= fixed.false_cut_offs
