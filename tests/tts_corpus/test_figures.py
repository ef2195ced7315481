"""The page's figures, computed from few transcripts."""

from pathlib import Path

import pytest

from tests.bench.report import begin_mark, end_mark
from tests.bench.tts_corpus import figures, table, vocabulary_tables
from tests.bench.tts_corpus.table import ReadingTranscript

PARTS = ("hearing", "insights", "entities", "demo", "vocabulary", "texts")


def heard(name: str, voice: str, text: str, sure: float) -> ReadingTranscript:
    """A transcript whose last word is surer than the others."""
    pieces = text.split()
    return ReadingTranscript(name, voice, tuple(pieces), (*(sure for _ in pieces[1:]), 0.99))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[ReadingTranscript]:
    """The demo, a mishearing, an ordinary sentence and a row of each corpus, for both models."""
    demo = [one for one in table.read("tiny") if one.name.startswith("demo/")]
    clips = [
        heard("name/16", "slt", "I have never worked with Kuvar Netties before.", 0.4),
        heard("plain/1", "rms", "I partly agree with what you said.", 0.9),
    ]
    dev = [heard("style/1", voice, "Which room are we in?", 0.9) for voice in ("slt", "joe", "espeak")]
    corpora = [heard("mrda/one/0", "rms", "Shall we begin now.", 0.9), heard("email/one/1", "rms", "I will send you the minutes.", 0.9)]
    everything = [*demo, *clips, *dev, *corpora]
    monkeypatch.setattr(table, "read", lambda model: everything)
    return everything


def test_tables_are_written_into_the_page(
    few: list[ReadingTranscript], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each part goes between its markers, and is printed as well."""
    page = tmp_path / "page.md"
    page.write_text("\n".join(f"{begin_mark(part)}\nold\n{end_mark(part)}" for part in PARTS), encoding="utf-8")
    monkeypatch.setattr(figures, "PAGE", page)
    figures.main(["--data", str(data), "--write"])
    told = page.read_text(encoding="utf-8")
    assert "old" not in told
    assert "- heard, tiny: 5 of 5 question" in told
    assert capsys.readouterr().out.count("\n## ") == len(PARTS)


def test_the_vocabulary_by_size(few: list[ReadingTranscript]) -> None:
    """One clip, mended at every size; nothing broken."""
    rows = vocabulary_tables.mending_table({"tiny": few}, []).rows
    assert [row[:6] for row in rows] == [[size, "tiny", "1", "0", "1", "0"] for size in ("5", "50", "500")]
    assert {(row[7], row[8]) for row in rows} == {("0", "0 of 1")}


def test_hearing_by_voice(few: list[ReadingTranscript]) -> None:
    """Word errors are told for each voice that read, a dash for the others."""
    row = next(row for row in figures.hearing({"tiny": few}, []).rows if row[0] == "plain (1)")
    assert row == ["plain (1)", "tiny", "-", "0.0", "-", "-", "0.0", "0", "0 of 0"]


def test_costs_are_times(few: list[ReadingTranscript]) -> None:
    """A line for each size."""
    assert [line.split()[1] for line in vocabulary_tables.costs(few)] == ["5", "50", "500"]
