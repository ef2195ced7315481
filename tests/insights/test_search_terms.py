"""The parts of a search: words, phrases, exclusions, operators and their errors."""

from datetime import date

import pytest
from django.utils.translation import override

from insights.queries.search_terms import LONGEST_SEARCH, MOST_TERMS, SearchTerms, day_of, parse_search


def words(found: SearchTerms) -> list[str]:
    """Return the words and phrases as typed."""
    return [term.text for term in found.words]


def test_words_phrases_and_exclusions() -> None:
    """Words, quoted phrases and what follows a minus; a phrase without an end ends with the search."""
    found = parse_search('hotel "in Porto" -full -"on fire" "and more')
    assert words(found) == ["hotel", "in Porto", "and more"]
    assert [term.text for term in found.excluded] == ["full", "on fire"]
    assert [term.phrase for term in found.words] == [False, True, True]
    assert found.errors == []


def test_operators() -> None:
    """Each operator has its own place, in any case, with quotes where the value has spaces."""
    found = parse_search('FROM:ada from:"Bob Lee" type:Action-Items title:plan before:2026-03 after:2026-01-05 budget')
    assert (found.people, found.kinds, found.titles) == (["ada", "Bob Lee"], ["action_item"], ["plan"])
    assert (found.before, found.after) == (date(2026, 3, 1), date(2026, 1, 5))
    assert words(found) == ["budget"]


def test_other_colons_are_words() -> None:
    """A colon that follows no operator is part of a word."""
    assert words(parse_search("at 10:30 see:this https://example.org")) == ["at", "10:30", "see:this", "https://example.org"]


@pytest.mark.parametrize(
    ("search", "error"),
    [
        ("type:nonsense", "type: there is no type “nonsense”. Use one of question, action_item, follow_up."),
        ("before:tomorrow", "before: “tomorrow” is not a date. Use YYYY-MM-DD"),
        ("after:2026-02-31", "after: “2026-02-31” is not a date."),
        ("budget -from:ada", "-from: cannot be excluded."),
        ('from:""', "from: needs a value, such as from:Ada."),
        ("-budget", "A minus only narrows a search."),
    ],
)
def test_errors_name_the_operator(search: str, error: str) -> None:
    """An operator that cannot be used is named, with what is allowed."""
    found = parse_search(search)
    assert len(found.errors) == 1
    assert found.errors[0].startswith(error)


def test_the_language_of_the_page() -> None:
    """Errors are in it, and the kinds of insights can be named in it."""
    with override("de"):
        found = parse_search("type:Fragen before:gestern")
    assert found.kinds == ["question"]
    assert found.errors[0].startswith("before: „gestern“ ist kein Datum.")


def test_a_search_is_cut() -> None:
    """Only the first characters and terms count; NUL separates words."""
    assert len(parse_search("x" * 9999).text) == LONGEST_SEARCH
    assert len(parse_search("a " * 99).words) == MOST_TERMS
    assert words(parse_search("a\x00b")) == ["a", "b"]


def test_days() -> None:
    """A day, a month or a year is a day; everything else is none."""
    assert [day_of(text) for text in ("2026-3-9", "2026-03", "2026")] == [date(2026, 3, 9), date(2026, 3, 1), date(2026, 1, 1)]
    assert [day_of(text) for text in ("", "26-03-01", "2026-13", "0000", "2026-03-01x")] == [None] * 5
