"""Capitalised phrases and their classification by rules."""

import pytest

from insights.analysis.names.proper_nouns import NameCandidate, candidates
from insights.analysis.text.words import tokens


def _candidates(text: str) -> list[NameCandidate]:
    return list(candidates(tokens(text), text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("We moved from Nokia phones to Samsung ones.", ["Nokia", "Samsung"]),
        ("Sony Pictures made it.", ["Sony Pictures"]),
        ("I saw it on eBay.", ["eBay"]),
        ("It is an I_B_M_ machine.", ["I_B_M_"]),
        ("Apple will pay.", ["Apple"]),
    ],
)
def test_well_known_organisations(text: str, wanted: list[str]) -> None:
    """A list has the names in their own spelling."""
    assert [one.guess.text for one in _candidates(text) if one.guess and one.guess.type == "organization"] == wanted


@pytest.mark.parametrize("text", ["Apple is a fruit.", "She needs a Visa-free trip.", "Orange juice, please.", "Zoom in a bit."])
def test_ordinary_words_are_no_organisations(text: str) -> None:
    """A word with a capital at the start of a sentence is no organisation."""
    assert not [one for one in _candidates(text) if one.guess and one.guess.type == "organization"]


@pytest.mark.parametrize(
    ("text", "place"), [("He lives in the US.", "US"), ("Made in the U_K_ mostly.", "U_K_"), ("We met in Dakar.", "Dakar")]
)
def test_places(text: str, place: str) -> None:
    """A place is spelt in letters, or follows a word of place."""
    assert [one.guess.text for one in _candidates(text) if one.guess and one.guess.type == "location"] == [place]


def test_us_in_capitals_is_the_pronoun() -> None:
    """'US' in a message of capitals is the pronoun."""
    assert not [one for one in _candidates("TELL US NOW") if one.guess and one.guess.type == "location"]


def test_a_title_decides() -> None:
    """A name after 'doctor' is a person, without the title and without the tagger."""
    (one,) = _candidates("I met Doctor Okafor there.")
    assert (one.settled, one.guess.text if one.guess else "") == (True, "Okafor")


def test_repeated_syllables_are_dropped() -> None:
    """'Ma Maarika' gives Maarika."""
    (one,) = _candidates("so Ma Maarika will explain it")
    assert one.guess is not None
    assert one.guess.text == "Maarika"


@pytest.mark.parametrize("text", ["the Project Manager said so", "'Kay, what now?", "it plays DVDs", "all those V_C_R_s"])
def test_roles_and_abbreviations_are_no_names(text: str) -> None:
    """Roles and abbreviations in capitals are no names."""
    assert not [one for one in _candidates(text) if one.guess]


def test_features_mark_first_names() -> None:
    """Common first names have a feature of their own."""
    listed = {one.words[one.place].text: one.listed for one in _candidates("we asked Heather and Bluetooth")}
    assert listed == {"Heather": True, "Bluetooth": False}
