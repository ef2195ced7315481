"""Reading corpora, and the styles of a message."""

import gzip
import json
from importlib.resources import files
from pathlib import Path

import pytest

from insights.training import corpora


def _line(**changes: object) -> str:
    raw: dict[str, object] = {"corpus": "mrda", "conversation": "c1", "index": 0, "speaker": "A", "text": "I'll do it."}
    return json.dumps({**raw, "question": 0, "action_item": None, "commit": 1, **changes})


def test_a_corpus_is_read(tmp_path: Path) -> None:
    """Plain and gzipped lines become rows; 'commit' is the action label if there is no other."""
    (tmp_path / "a.jsonl").write_text(_line() + "\n\n" + _line(action_item=0, commit=None, question=None))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(_line(index=4).encode()))
    rows = corpora.read([tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"])
    assert [(row.question, row.action, row.index) for row in rows] == [(0, 1, 0), (None, 0, 0), (0, 1, 4)]
    assert rows[0].origin == "mrda/c1"


@pytest.mark.parametrize(
    ("corpus", "told", "wanted"),
    [
        ("mrda", "fh|s^co^rt:qw.%--", {"mrda/fh", "mrda/s", "mrda/co", "mrda/rt", "mrda/qw", "mrda/%--"}),
        ("ami", "el.inf", {"ami/el.inf", "ami/el"}),
        ("ami", "sug", {"ami/sug"}),
        ("email", "No", set()),
        ("ami", None, set()),
    ],
)
def test_dialogue_acts(tmp_path: Path, corpus: str, told: str | None, wanted: set[str]) -> None:
    """Annotations of meetings become acts under the corpus's name, and mail has none."""
    (tmp_path / "a.jsonl").write_text(_line(corpus=corpus, da=told))
    assert corpora.read([tmp_path / "a.jsonl"])[0].acts == wanted


@pytest.mark.parametrize(
    ("style", "wanted"),
    [
        ("text", "Um, do do you th- think so?"),
        ("noq", "Um, do do you th- think so."),
        ("lower", "um do do you th- think so"),
        ("heard", "Do you think so."),
    ],
)
def test_styles(style: str, wanted: str) -> None:
    """The same message in each style."""
    assert corpora.as_transcribed("Um, do do you th- think so?", style) == wanted


def test_mixed_styles_are_the_same_every_time() -> None:
    """The random generator is seeded, and no question mark is left."""
    rows = [corpora.Row("ami", "c", number, "A", f"Is it number {number}?") for number in range(30)]
    once = corpora.restyled(rows, "mixed")
    assert once == corpora.restyled(rows, "mixed")
    assert not any("?" in row.text for row in once)
    assert len({row.text[:1] for row in once}) == 2


def test_own_sentences() -> None:
    """Every line of the project's own sentences has labels and is unique; a follow-up has no label of a task."""
    text = (files("insights.analysis") / "data" / "business.tsv").read_text(encoding="utf-8")
    rows = corpora.read_own(text)
    assert len(rows) > 500
    assert len({row.text.lower() for row in rows}) == len(rows)
    assert sum(row.follow_up or 0 for row in rows) >= 100
    assert not any(row.action for row in rows if row.follow_up)


def test_own_sentences_in_talks_stay_in_their_fold() -> None:
    """A shuffled copy has the origin of its original, so they are in the same fold."""
    rows = corpora.read_own("a\tI will do it.\nn\tIt is done.")
    placed = corpora.placed(rows)
    assert len(placed) == 4
    assert {row.text: row.origin for row in placed[:2]} == {row.text: row.origin for row in placed[2:]}


def test_isolated_messages_have_no_context() -> None:
    """Copies of meeting messages begin a conversation of their own and keep their origin."""
    rows = [corpora.Row("ami", "ami/c", number, "A", "this one has enough words") for number in range(24)]
    torn = corpora.torn_out(rows, every=12)
    assert [(row.index, row.origin) for row in torn] == [(0, "ami/c"), (0, "ami/c")]
    assert len({row.conversation for row in torn}) == 2
