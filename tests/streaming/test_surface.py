"""FastRTC's public surface, name by name: the table in docs/reference/fastrtc.md, and what is here."""

from dataclasses import replace

import pytest

import streaming
from tests.streaming.sessions.connections import Echo
from tools.fastrtc_names import names_table
from tools.fastrtc_names.names_table import PAGE, ROWS, SURFACE, NamesRow, here, is_here, page, problems, verdict

HERE, NOT_HERE = ("same", "better", "accepted"), "not here"


def test_the_page_has_the_table() -> None:
    """`python -m tools.fastrtc_names --write` would not change the page."""
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run `python -m tools.fastrtc_names --write`"


def test_the_table_has_every_name_once() -> None:
    """There are no other names, no parameter is missing, and the table has the reasons."""
    assert list(problems()) == []
    assert len({name for row in ROWS for name in row.names}) > 140


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.names[0])
def test_each_name_is_what_the_table_says(row: NamesRow) -> None:
    """A name exists here, or it does not exist."""
    said = verdict(row)
    assert said in (*HERE, NOT_HERE)
    for name in row.names:
        if said in HERE or row.mark == "refused":
            assert here(name) is not None or SURFACE[name.rpartition(".")[0] or "names"][name.rpartition(".")[2]] is None
        else:
            assert not is_here(name)


def test_a_refused_name_raises_an_error() -> None:
    """The row of `fastphone` says so."""
    assert [row.names for row in ROWS if row.mark == "refused"] == [("Stream.fastphone",)]
    with pytest.raises(NotImplementedError, match="a number of your own"):
        streaming.Stream(Echo(), modality="audio", name="any").fastphone()


def test_wrong_facts_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is missing, one that FastRTC does not have, a row of names that are here only in part, and a missing reason."""
    first, *others = ROWS
    added = NamesRow(("Stream.pcs", "Stream.mode"), None, "internal")
    monkeypatch.setattr(names_table, "ROWS", (replace(first, names=(*first.names[1:], "Streem"), words=""), *others))
    found = list(problems_until_error())
    assert f"{first.names[0]} has no row" in found
    assert "Streem is no name of FastRTC's" in found
    with pytest.raises(ValueError, match=r"Stream\.pcs, Stream\.mode"):
        verdict(added)
    monkeypatch.setattr(names_table, "ROWS", (replace(first, words=""), *others))
    assert list(problems()) == [f"{first.names[0]}: say in what way it is better"]
    monkeypatch.setitem(SURFACE["names"], "wait_for_item", ["timeout", "queue"])
    assert "wait_for_item does not take ['timeout', 'queue'] in this order" in list(problems())


def problems_until_error() -> list[str]:
    """Return the problems that are found before names that are not here in part."""
    found: list[str] = []
    try:
        for one in problems():
            found.append(one)
    except ValueError:
        pass
    return found
