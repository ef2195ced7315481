"""Persons, organisations, places."""

import pytest

from insights.analysis import Person
from insights.analysis.names.find_names import names
from tests.insights.analysis.talk import BOB, JANE


def _found(text: str, *members: Person) -> list[tuple[str, str]]:
    return [(entity.type, entity.text) for entity in names(text, members)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Priya will send the quote.", ["Priya"]),
        ("Tom and Aisha need to finish the audit.", ["Tom", "Aisha"]),
        ("Mark, could you ask them?", ["Mark"]),
        ("I'll touch base with Rosa tomorrow.", ["Rosa"]),
        ("May is on holiday.", ["May"]),
        ("Please remind Dr. Weber.", ["Weber"]),
        ("Hello, my name's Adam.", ["Adam"]),
        ("What do you think about it, Odile?", ["Odile"]),
        ("Um do you want to start Odile?", ["Odile"]),
        ("That touches on your point, Odile.", ["Odile"]),
        ("I will ask uh Odile about it.", ["Odile"]),
        ("Thank you Odile for the help.", ["Odile"]),
        ("Odile, you can begin.", ["Odile"]),
    ],
)
def test_persons_by_position(text: str, wanted: list[str]) -> None:
    """A person is found before certain verbs, after a verb of asking, and as an addressee."""
    assert _found(text) == [("person", name) for name in wanted]


@pytest.mark.parametrize(
    "text",
    [
        "We will see.",
        "Uh is it done",
        "Screen is over there.",
        "Cost, you know, matters",
        "F_ has to go",
        "Please call me.",
        "The API is down.",
        "Chances are good.",
        "On Monday May starts.",
        "German is hard.",
        "I think so",
    ],
)
def test_ordinary_capitals_are_no_names(text: str) -> None:
    """Sentence starts, calendar words and abbreviations are no persons."""
    assert ("person", text.split()[0]) not in _found(text)


@pytest.mark.parametrize("text", ["I work with PowerPoint a lot.", "it belongs to the Titanic", "we give it to the Marketing team"])
def test_products_and_titles_are_no_persons(text: str) -> None:
    """A capital inside a word and an article before it exclude a person."""
    assert "person" not in {kind for kind, _ in _found(text)}


def test_organisations_and_places() -> None:
    """They are found by their last word, by preceding words and by a list."""
    found = _found("We signed with Siemens and Deutsche Bank in Frankfurt last year.")
    assert found == [("organization", "Siemens"), ("organization", "Deutsche Bank"), ("location", "Frankfurt")]


def test_a_member_is_found_in_lower_case() -> None:
    """A recogniser may write names in lower case."""
    assert _found("can you ask jane doe about it", JANE, BOB) == [("person", "jane doe")]


def test_an_ambiguous_first_name_has_no_user_id() -> None:
    """A first name of two members gets no userId."""
    other = Person("Jane Roe", "roe@example.com")
    found = names("Jane will do it.", (JANE, other))
    assert [entity.value for entity in found] == [{"name": "Jane", "alias": "Jane"}]


@pytest.mark.parametrize("name", ["José Álvarez", "Jose\u0301 A\u0301lvarez"])
def test_accents_are_optional(name: str) -> None:
    """A member with accents in the name is found with and without them, in every Unicode form."""
    jose = Person(name, "jose@example.com")
    for text, alias in (("Ask Jose about it.", "Jose"), ("José's slides are good.", "José"), ("Alvarez has them.", "Alvarez")):
        (found,) = names(text, (jose, BOB))
        assert (found.text, found.value["userId"]) == (alias, "jose@example.com")
        assert text[found.offset : found.end] == alias


def test_a_possessive_is_not_part_of_the_name() -> None:
    """'Jane's' gives Jane."""
    assert _found("I read Jane's report.", JANE) == [("person", "Jane")]


def test_a_member_called_will_is_not_the_verb() -> None:
    """A name that is an ordinary word is found only with a capital."""
    will = Person("Will Hunt", "will@example.com")
    assert _found("I will do it", will) == []
    assert _found("Ask Will about it", will) == [("person", "Will")]
