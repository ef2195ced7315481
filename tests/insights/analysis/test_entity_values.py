"""Values of money, measures, addresses and names."""

from datetime import UTC, datetime
from typing import Any

import pytest

from insights.analysis.entities import extract
from tests.insights.analysis.talk import BOB, JANE, NOW


def _of(text: str, *types: str) -> list[tuple[str, dict[str, Any]]]:
    return [(entity.text, entity.value) for entity in extract(text, NOW, 0, (JANE, BOB)) if entity.type in types]


@pytest.mark.parametrize(
    ("text", "span", "amount", "currency"),
    [
        ("It costs 1,299.99 euros plus shipping.", "1,299.99 euros", 1299.99, "EUR"),
        ("They made €4.5m in sales.", "€4.5m", 4_500_000, "EUR"),
        ("That is fifteen hundred dollars.", "fifteen hundred dollars", 1500, "USD"),
        ("We asked for two and a half million euros.", "two and a half million euros", 2_500_000, "EUR"),
        ("The licence is $12k a year.", "$12k", 12_000, "USD"),
        ("It was only ninety nine cents.", "ninety nine cents", 0.99, "USD"),
        ("A ticket is twelve euros fifty.", "twelve euros fifty", 12.5, "EUR"),
        ("Wire USD 300 to them.", "USD 300", 300, "USD"),
        ("I owe you a hundred bucks.", "a hundred bucks", 100, "USD"),
        ("The fine is £250.", "£250", 250, "GBP"),
        ("about 40 thousand Swiss francs", "40 thousand Swiss francs", 40_000, "CHF"),
        ("$3.50, please.", "$3.50", 3.5, "USD"),
    ],
)
def test_money(text: str, span: str, amount: float, currency: str) -> None:
    """Amounts with their currency."""
    assert _of(text, "money") == [(span, {"amount": amount, "currency": currency})]


@pytest.mark.parametrize(
    ("text", "kind", "span", "value"),
    [
        ("We grew by five percent.", "percent", "five percent", 5),
        ("Only 0.5 % failed.", "percent", "0.5 %", 0.5),
        ("A 10 percent discount is fine.", "percent", "10 percent", 10),
        ("twenty five per cent of the users", "percent", "twenty five per cent", 25),
        ("The call took ninety minutes.", "duration", "ninety minutes", 5400),
        ("It needs three and a half hours.", "duration", "three and a half hours", 12_600),
        ("They shipped after a couple of days.", "duration", "a couple of days", 172_800),
        ("We waited an hour and a half.", "duration", "an hour and a half", 5400),
        ("There is a 24-hour hotline.", "duration", "24-hour", 86_400),
        ("Forty two tickets are open.", "number", "Forty two", 42),
        ("There were 1,200 guests.", "number", "1,200", 1200),
    ],
)
def test_measures(text: str, kind: str, span: str, value: float) -> None:
    """Percentages, durations, numbers."""
    key = {"duration": "seconds"}.get(kind, kind)
    assert _of(text, kind) == [(span, {key: value})]


@pytest.mark.parametrize(
    ("text", "kind", "span", "value"),
    [
        ("Mail anna.k@firma-nord.de, please.", "email", "anna.k@firma-nord.de", "anna.k@firma-nord.de"),
        ("it is maria dot silva at gmail dot com", "email", "maria dot silva at gmail dot com", "maria.silva@gmail.com"),
        ("Call +49 89 1234567 after lunch.", "phone", "+49 89 1234567", "+49891234567"),
        ("My number is (555) 010-9999.", "phone", "(555) 010-9999", "5550109999"),
        ("0151 23456789 is her mobile.", "phone", "0151 23456789", "015123456789"),
        ("See https://example.org/a?b=c.", "url", "https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("It is on www.parley.dev now.", "url", "www.parley.dev", "https://www.parley.dev"),
        ("Look at parley.io/docs first.", "url", "parley.io/docs", "https://parley.io/docs"),
    ],
)
def test_addresses(text: str, kind: str, span: str, value: str) -> None:
    """E-mail addresses, telephone numbers, URLs."""
    assert _of(text, "email", "phone", "url") == [(span, {kind: value})]


@pytest.mark.parametrize(
    "text", ["The order is from 2026-11-18.", "Take version 10.2.1.", "1,200,300 units", "score 12 to 15", "0.75 to 1"]
)
def test_no_addresses(text: str) -> None:
    """Dates, versions and counts are no telephone numbers or URLs."""
    assert _of(text, "email", "phone", "url") == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("jane said it's fine", [("person", "jane")]),
        ("Thanks, Priya!", [("person", "Priya")]),
        ("I met Doctor Okafor in Lagos.", [("person", "Okafor"), ("location", "Lagos")]),
        ("We signed with Northwind Traders.", [("organization", "Northwind Traders")]),
        ("Acme Corp wants a refund.", [("organization", "Acme Corp")]),
        ("Our supplier Contoso is late again.", [("organization", "Contoso")]),
        ("The office in Lisbon is closed.", [("location", "Lisbon")]),
        ("She flies to New York on Monday.", [("location", "New York")]),
        ("Microsoft has changed the price.", [("organization", "Microsoft")]),
        ("We compete with Google and Salesforce.", [("organization", "Google"), ("organization", "Salesforce")]),
        ("Stone is on the phone.", [("person", "Stone")]),
        ("Bob's report was good.", [("person", "Bob")]),
        ("Send it to Jane Doe and to Miriam.", [("person", "Jane Doe"), ("person", "Miriam")]),
        ("The Titanic sank.", []),
        ("Monday is fine with me.", []),
        ("OK, The Screen is black.", []),
        ("Bob Stone and Jane Doe know each other.", [("person", "Bob Stone"), ("person", "Jane Doe")]),
        ("Jane's in Berlin until May.", [("person", "Jane"), ("location", "Berlin")]),
        ("I work for Volkswagen in Wolfsburg.", [("organization", "Volkswagen"), ("location", "Wolfsburg")]),
        ("Please say hello to Aunt Greta.", [("person", "Greta")]),
    ],
)
def test_names(text: str, wanted: list[tuple[str, str]]) -> None:
    """Persons, organisations, places."""
    found = extract(text, NOW, 0, (JANE, BOB))
    assert [(one.type, one.text) for one in found if one.type in {"person", "organization", "location"}] == wanted


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        ("The total is eighteen thousand two hundred euros.", "money", ("eighteen thousand two hundred euros", 18200)),
        ("It went up from 3% to 4.5%.", "percent", ("3%", 3)),
        ("Dial 030 123456 and ask for Eva.", "phone", ("030 123456",)),
        ("Write to info at parley dot dev.", "email", ("info at parley dot dev",)),
        ("Our office in Warsaw has forty desks.", "location", ("Warsaw",)),
        ("Siemens and Bosch both replied.", "organization", ("Siemens",)),
        ("I spoke to Heidi about it.", "person", ("Heidi",)),
        ("Thank you, Olga.", "person", ("Olga",)),
        ("Zalando is our biggest client.", "organization", ("Zalando",)),
        ("The courier from DHL was late.", "organization", ("DHL",)),
        ("We work with a company called Brightwater.", "organization", ("Brightwater",)),
        ("The flight to Oslo takes two and a half hours.", "duration", ("two and a half hours", 9000)),
        ("They want nine ninety nine dollars for it.", "money", ("nine ninety nine dollars", 9.99)),
        ("It is minus five degrees.", "money", ()),
        ("Rose said she likes it.", "person", ("Rose",)),
    ],
)
def test_first_of_its_type(text: str, kind: str, wanted: tuple[object, ...]) -> None:
    """The first entity of its type has the text and, for a measure, the value."""
    found = [entity for entity in extract(text, datetime(2027, 2, 25, 14, 20, tzinfo=UTC), 0) if entity.type == kind]
    assert ((found[0].text, *found[0].value.values())[: len(wanted)] if found else ()) == wanted
