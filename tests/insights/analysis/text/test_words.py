"""Tokens, words written apart, stems."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.text.words import joined, plain, stem, tokens


def test_tokens_keep_their_place() -> None:
    """A token's offsets give its text; apostrophes and hyphens stay inside words."""
    text = "I’ll check-in at Bob's, OK?"
    found = tokens(text)
    assert [token.low for token in found] == ["i'll", "check-in", "at", "bob's", "ok"]
    assert all(text[token.start : token.end] == token.text for token in found)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("see you to morrow", "see you tomorrow"),
        ("fifty per cent to day", "fifty percent today"),
        ("good bye to night", "goodbye tonight"),
        ("to date", "to date"),
    ],
)
def test_words_written_apart_are_joined(heard: str, meant: str) -> None:
    """What the recogniser writes apart is read as one word."""
    assert joined(heard)[0] == meant


@given(st.text("to day morrow percngbi .", max_size=60))
def test_every_joined_character_knows_its_origin(text: str) -> None:
    """The map gives for each character of the joined text the same character of the original."""
    clean, places = joined(text)
    assert len(places) == len(clean) + 1
    assert "".join(text[place] for place in places[:-1]) == clean


@pytest.mark.parametrize(
    "family",
    [
        "cancel cancels cancelled cancelling",
        "price prices priced pricing",
        "try tries tried trying",
        "plan plans planned planning",
        "send sends sent sending",
        "invoice invoices invoice's",
    ],
)
def test_inflections_share_a_stem(family: str) -> None:
    """All forms of a word meet."""
    assert len({stem(word) for word in family.split()}) == 1


def test_different_words_keep_apart() -> None:
    """Short words and words on -ss or -us lose nothing."""
    assert [stem(word) for word in ("bus", "glass", "this", "red")] == ["bus", "glass", "this", "red"]


def test_plain_words_have_no_accents() -> None:
    """Lower case, accents gone, other scripts as they are."""
    assert [plain(word) for word in ("Café", "ÉTÉ", "Übung", "Договор", "R&D")] == ["cafe", "ete", "ubung", "договор", "r&d"]
