"""Entities by format and by cue, with exact offsets and values."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.entities import extract
from tests.insights.analysis.talk import BOB, JANE, NOW


def _found(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [(entity.type, entity.text, entity.value) for entity in extract(text, NOW, 0, (JANE, BOB))]


@pytest.mark.parametrize(
    ("text", "span", "amount", "currency"),
    [
        ("It comes to $4,250.75 in total.", "$4,250.75", 4250.75, "USD"),
        ("about twelve thousand five hundred dollars", "twelve thousand five hundred dollars", 12_500, "USD"),
        ("they raised 2.5 million pounds", "2.5 million pounds", 2_500_000, "GBP"),
        ("it costs twelve euros fifty", "twelve euros fifty", 12.5, "EUR"),
        ("that is €3k", "€3k", 3000, "EUR"),
        ("300 € each", "300 €", 300, "EUR"),
        ("USD 40 a head", "USD 40", 40, "USD"),
        ("eighty cents", "eighty cents", 0.8, "USD"),
        ("fifty bucks", "fifty bucks", 50, "USD"),
    ],
)
def test_money(text: str, span: str, amount: float, currency: str) -> None:
    """Amounts with signs, in words and mixed."""
    assert _found(text) == [("money", span, {"amount": amount, "currency": currency})]


@pytest.mark.parametrize(
    ("text", "span", "percent"),
    [
        ("about 75 percent", "75 percent", 75),
        ("fifty per cent of it", "fifty per cent", 50),
        ("up 2.5%", "2.5%", 2.5),
        ("half a percent", "half a percent", 0.5),
    ],
)
def test_percent(text: str, span: str, percent: float) -> None:
    """Percentages with signs and in words."""
    assert _found(text) == [("percent", span, {"percent": percent})]


@pytest.mark.parametrize(
    ("text", "span", "seconds"),
    [
        ("it took two weeks", "two weeks", 1_209_600),
        ("thirty days of work", "thirty days", 2_592_000),
        ("half an hour", "half an hour", 1800),
        ("an hour and a half", "an hour and a half", 5400),
        ("two and a half hours", "two and a half hours", 9000),
        ("a couple of minutes", "a couple of minutes", 120),
        ("a 90 minute call", "90 minute", 5400),
    ],
)
def test_durations(text: str, span: str, seconds: float) -> None:
    """Durations in seconds."""
    assert _found(text) == [("duration", span, {"seconds": seconds})]


@pytest.mark.parametrize(
    ("text", "kind", "span", "value"),
    [
        ("write to helen.brandt@northwind.co.uk today", "email", "helen.brandt@northwind.co.uk", "helen.brandt@northwind.co.uk"),
        ("mail john dot smith at example dot com", "email", "john dot smith at example dot com", "john.smith@example.com"),
        ("see https://meet.example.org/r/8821?x=1.", "url", "https://meet.example.org/r/8821?x=1", "https://meet.example.org/r/8821?x=1"),
        ("look at www.example.org/a", "url", "www.example.org/a", "https://www.example.org/a"),
        ("it is on example.com, I think", "url", "example.com", "https://example.com"),
        ("call +44 20 7946 0958 now", "phone", "+44 20 7946 0958", "+442079460958"),
        ("call 555-123-4567 now", "phone", "555-123-4567", "5551234567"),
    ],
)
def test_addresses(text: str, kind: str, span: str, value: str) -> None:
    """E-mail addresses, URLs and telephone numbers, written or spoken."""
    assert (kind, span, {kind: value}) in _found(text)


@pytest.mark.parametrize("text", ["version 1.2.3.4", "from 10 to 20 to 30", "1,200 people", "on 2026-03-04", "at 10:30", "the year 2024"])
def test_no_telephone_numbers(text: str) -> None:
    """Other digits are no telephone numbers."""
    assert all(kind != "phone" for kind, _, _ in _found(text))


def test_numbers() -> None:
    """Numbers without a unit are entities; the pronoun 'one' is not."""
    assert _found("my extension is 312") == [("number", "312", {"number": 312})]
    assert _found("forty two of them, not that one") == [("number", "forty two", {"number": 42})]


def test_offsets_survive_words_written_apart() -> None:
    """An entity of split words has their original text and offsets."""
    text = "See you to morrow at noon, it is fifty per cent off."
    found = extract(text, NOW)
    assert [entity.text for entity in found] == ["to morrow at noon", "fifty per cent"]
    assert all(text[entity.offset : entity.end] == entity.text for entity in found)


def test_members_become_persons_with_their_ids() -> None:
    """A member's first name has the userId, as in the streaming protocol's example."""
    found = _found("Jane will look into the requirements on the hiring for coming financial year.")
    value = {"name": "Jane Doe", "alias": "Jane", "userId": "jane.doe@example.com", "email": "jane.doe@example.com"}
    assert found[0] == ("person", "Jane", value)


_PIECES = st.sampled_from(
    [
        "$",
        "€",
        "12",
        "1,000",
        "twelve",
        "and a half",
        "%",
        "percent",
        "+49",
        "0170",
        "-",
        "a@b.de",
        "www.x.io/",
        "Jane",
        "İ",
        "ﬁ",
        "to morrow",
        "at",
        "dot",
        "com",
    ]
    + ["🎉", "e\u0301", "👩‍👩‍👧", "Zoë", "José's", "in two weeks", "tomorrow at noon", "US", "I_B_M_"]
    + ["two", "weeks", "May", "is", "\n", "'s", "’", "in", "Berlin", "Acme Inc", "half", "(030)", "31/12/2026", "hours", "euros", "fifty"]
)


@given(st.lists(_PIECES, max_size=16).map(" ".join) | st.text(max_size=120))
def test_any_text(text: str) -> None:
    """No text raises an error, and spans are in order, do not overlap and match their offsets."""
    found = extract(text, datetime(2026, 1, 31, tzinfo=UTC), 120, (JANE,))
    assert all(text[entity.offset : entity.end] == entity.text != "" for entity in found)
    assert all(first.end <= second.offset for first, second in zip(found, found[1:], strict=False))


def test_a_very_long_message_is_cut_not_refused() -> None:
    """Only the first characters of a megabyte are searched, and the number of entities is limited."""
    assert len(extract("call me at 10 " * 70_000, NOW)) == 200
