"""Tokens, split words, stems."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.text.words import joined, plain, stem, tokens


def test_tokens_have_offsets() -> None:
    """A token's offsets give its text, and apostrophes and hyphens stay inside words."""
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
def test_split_words_are_joined(heard: str, meant: str) -> None:
    """Words that the recogniser splits are read as one word."""
    assert joined(heard)[0] == meant


@given(st.text("to day morrow percngbi .", max_size=60))
def test_joined_characters_have_their_offsets(text: str) -> None:
    """The map gives the original character for each character of the joined text."""
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
    """All forms of a word have one stem."""
    assert len({stem(word) for word in family.split()}) == 1


def test_different_words_have_different_stems() -> None:
    """Short words and words in -ss or -us are not cut."""
    assert [stem(word) for word in ("bus", "glass", "this", "red")] == ["bus", "glass", "this", "red"]


def test_plain_words_have_no_accents() -> None:
    """Plain words are in lower case without accents, and other scripts are unchanged."""
    assert [plain(word) for word in ("Café", "ÉTÉ", "Übung", "Договор", "R&D")] == ["cafe", "ete", "ubung", "договор", "r&d"]
