"""Custom entities: listed words are found with their place, whatever their case."""

import pytest

from insights.analysis.custom_entities import MOST, CustomEntity, CustomEntityIndex

HONDA = CustomEntity("Vehicle", ("hrv", "cr v", "Civic Type R", "Civic"), "Honda")


def found(text: str, *entities: CustomEntity) -> list[tuple[str, int, str]]:
    """Return (words, offset, value) of the entities in a text."""
    return [(one.text, one.offset, str(one.value["value"])) for one in CustomEntityIndex(entities or (HONDA,)).find(text)]


def test_a_word_is_found_in_any_case_with_its_types() -> None:
    """The text is as it was said; the value has both types, the category and the listed word."""
    (one,) = CustomEntityIndex([HONDA]).find("Is the HRV here?")
    assert (one.type, one.text, one.offset) == ("custom", "HRV", 7)
    assert one.value == {"customType": "Vehicle", "subType": "Honda", "category": "Custom", "value": "hrv"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My Civic Type R is faster than a civic.", [("Civic Type R", 3, "Civic Type R"), ("civic", 33, "Civic")]),
        ("A CR-V and a cr v", [("CR-V", 2, "cr v"), ("cr v", 13, "cr v")]),
        ("The Civic's engine", [("Civic", 4, "Civic")]),
        ("civics and hrvs", []),
        ("", []),
        ("Civic", [("Civic", 0, "Civic")]),
    ],
)
def test_words(text: str, expected: list[tuple[str, int, str]]) -> None:
    """Whole words only; the longest value wins; hyphens and a possessive 's do not matter; offsets fit."""
    assert found(text) == expected
    assert all(text[offset : offset + len(words)] == words for words, offset, _ in expected)


def test_accents_do_not_matter() -> None:
    """Words are compared without accents."""
    assert found("We met at Cafe Zoe.", CustomEntity("Place", ("Café Zoé",))) == [("Cafe Zoe", 10, "Café Zoé")]


def test_values_with_symbols_are_compared_exactly() -> None:
    """'C++' is not found in 'C', and not inside a word."""
    language = CustomEntity("Language", ("C++", "C#", "#1"))
    assert found("I write c++ and C#, not C.", language) == [("c++", 8, "C++"), ("C#", 16, "C#")]
    assert found("ABC++ #12 C#m", language) == []


def test_one_word_may_stand_for_two_entities_but_counts_once_for_each() -> None:
    """Both entities of the same words are found; a value that is listed twice is found once."""
    sky = CustomEntity("Channel", ("Sky", "sky"), "TV")
    dog = CustomEntity("Pet", ("Sky",), value="the dog Sky")
    assert found("Sky barks", sky, dog) == [("Sky", 0, "Sky"), ("Sky", 0, "the dog Sky")]


def test_the_number_is_bounded() -> None:
    """A message has at most MOST custom entities."""
    assert len(found("hrv " * 900)) == MOST
