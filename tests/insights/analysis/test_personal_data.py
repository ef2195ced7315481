"""Personal data: sentences for each category as recognisers write them, and sentences without any.

The sentences beside the folders were written with the rules, those in `unseen` before their author read the rules, which were changed
afterwards; those in `check` after that. Those in `fresh` were written by somebody who had not read the rules, which were not changed after.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis import entities
from insights.analysis.personal_data import LIVE_TYPES, PersonalData, PersonalDataKind, find, spans_of, with_personal_data
from insights.analysis.text.words import LONGEST

SENTENCES = Path(__file__).parent / "personal_data"
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RECALL = 0.9
TYPED = {
    "address": PersonalDataKind.ADDRESS,
    "age": PersonalDataKind.AGE,
    "bank_account": PersonalDataKind.BANK_ACCOUNT_NUMBER,
    "card_expiration": PersonalDataKind.CARD_EXPIRATION_DATE,
    "card_number": PersonalDataKind.CREDIT_CARD_NUMBER,
    "cvv": PersonalDataKind.CVV,
    "date": PersonalDataKind.DATE,
    "date_of_birth": PersonalDataKind.DATE_OF_BIRTH,
    "domain": PersonalDataKind.DOMAIN_NAME,
    "drivers_license": PersonalDataKind.DRIVERS_LICENSE,
    "email": PersonalDataKind.EMAIL_ADDRESS,
    "iban": PersonalDataKind.IBAN,
    "name": PersonalDataKind.PERSON_NAME,
    "passport": PersonalDataKind.PASSPORT_NUMBER,
    "phone": PersonalDataKind.PHONE_NUMBER,
    "pin": PersonalDataKind.PIN,
    "routing_number": PersonalDataKind.ROUTING_NUMBER,
    "ssn": PersonalDataKind.SSN,
    "swift": PersonalDataKind.SWIFT_CODE,
}


def personal_data(text: str) -> list[PersonalData]:
    """Return the personal data of a message."""
    return find(text, entities.extract(text, AT))


@pytest.mark.parametrize("folder", [".", "unseen"])
@pytest.mark.parametrize("name", sorted(TYPED))
def test_recall(name: str, folder: str) -> None:
    """Nine of ten values are covered completely, and nine of ten are recognised as what they are."""
    lines = (SENTENCES / folder / f"{name}.txt").read_text().splitlines()
    missed, mistyped = _missed(lines, TYPED[name])
    assert len(lines) >= 40
    assert len(missed) <= (1 - RECALL) * len(lines) + 1e-9, missed
    assert len(mistyped) <= (1 - RECALL) * len(lines) + 1e-9, mistyped


def test_recall_of_later_sentences() -> None:
    """Nine of ten values are covered in the sentences of all categories together, six of each."""
    lines = {name: (SENTENCES / "check" / f"{name}.txt").read_text().splitlines() for name in TYPED}
    missed = [line for name, some in lines.items() for line in _missed(some, TYPED[name])[0]]
    assert all(len(some) == 6 for some in lines.values())
    assert len(missed) <= (1 - RECALL) * 6 * len(lines), missed


def lines_of(name: str) -> list[str]:
    """Return the sentences of a category in all sets."""
    return [line for folder in (".", "unseen", "check", "fresh") for line in (SENTENCES / folder / f"{name}.txt").read_text().splitlines()]


@pytest.mark.parametrize("name", sorted(TYPED))
def test_recall_over_all_sets(name: str) -> None:
    """Nine of ten values of a category are covered completely, in all sets together."""
    lines = lines_of(name)
    missed, _ = _missed(lines, TYPED[name])
    assert len(lines) >= 90
    assert len(missed) <= (1 - RECALL) * len(lines) + 1e-9, missed


def test_recall_of_fresh_sentences() -> None:
    """Nine of ten values are covered in the sentences of all categories together, five of each."""
    lines = {name: (SENTENCES / "fresh" / f"{name}.txt").read_text().splitlines() for name in TYPED}
    missed = [line for name, some in lines.items() for line in _missed(some, TYPED[name])[0]]
    assert all(len(some) == 5 for some in lines.values())
    assert len(missed) <= (1 - RECALL) * 5 * len(lines), missed


def test_false_alarms_over_all_sets() -> None:
    """At most one sentence in a hundred without personal data is changed, in all sets together."""
    lines = lines_of("none")
    wrong = [line for line in lines if spans_of(line, AT, 0, (), LIVE_TYPES)]
    assert len(lines) >= 380
    assert len(wrong) <= len(lines) // 100, wrong


def _missed(lines: list[str], kind: PersonalDataKind) -> tuple[list[str], list[str]]:
    """Return the lines whose value is not covered completely, and those where it is not of this kind."""
    missed, mistyped = [], []
    for line in lines:
        start, end = line.index("["), line.index("]") - 1
        text = line.replace("[", "").replace("]", "")
        found = personal_data(text)
        covered = {at for one in found for at in range(one.start, one.end)}
        if any(text[at].isalnum() and at not in covered for at in range(start, end)):
            missed.append(line)
        if not any(one.kind == kind and one.start < end and start < one.end for one in found):
            mistyped.append(line)
    return missed, mistyped


@pytest.mark.parametrize(("folder", "least"), [(".", 100), ("unseen", 150), ("check", 50), ("fresh", 60)])
def test_false_alarms(folder: str, least: int) -> None:
    """At most one sentence in a hundred without personal data is changed."""
    lines = (SENTENCES / folder / "none.txt").read_text().splitlines()
    wrong = [line for line in lines if spans_of(line, AT, 0, (), LIVE_TYPES)]
    assert len(lines) >= least
    assert len(wrong) <= len(lines) // 100, wrong


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("My SSN is 123-45-6789.", [("SSN", "123-45-6789")]),
        ("I was born on March 3rd, 1982.", [("DATE_OF_BIRTH", "March 3rd, 1982")]),
        ("The CVV is seven, three, seven.", [("CVV", "seven, three, seven")]),
        ("I live at 12 Baker Street.", [("ADDRESS", "12 Baker Street.")]),
        ("Call me at 555-123-4567.", [("phone", "555-123-4567")]),
        ("We sold ten of them.", [("number", "ten")]),
        ("Nothing to see here.", []),
    ],
)
def test_entities_have_their_types(text: str, types: list[tuple[str, str]]) -> None:
    """Typed personal data replaces the numbers and dates of which it consists."""
    assert [(one.type, one.text) for one in with_personal_data(text, entities.extract(text, AT))] == types


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "The social is four, two, four, dash, one, one, dash, eight, eight, one, nine.",
            "four, two, four, dash, one, one, dash, eight, eight, one, nine",
        ),
        ("the social three nine nine one o two two eight six", "three nine nine one o two two eight six"),
        ("my passport is k as in kilo two two nine um four one oh", "k as in kilo two two nine um four one oh"),
    ],
)
def test_what_is_said_between_digits(text: str, value: str) -> None:
    """Dashes, fillers, explanations of letters and a zero heard as a letter are inside one value."""
    assert value in [text[start:end] for start, end, _ in spans_of(text, AT, 0, (), LIVE_TYPES)]


PIECES = st.sampled_from(
    ["my", "PIN", "is", "4821", "four", "DE89", "at", "dot", "com", "born", "May", "3", "double", "card", "-", "/", ",", "a@b.com"]
)


def test_an_excluded_kind_is_not_hidden_as_a_number() -> None:
    """The digits of a value belong to its most specific kind."""
    text = "My SSN is 123-45-6789, call 555-123-4567."
    assert [text[start:end] for start, end, _ in spans_of(text, AT, 0, (), LIVE_TYPES)] == ["123-45-6789", "555-123-4567"]
    assert [text[start:end] for start, end, _ in spans_of(text, AT, 0, (), LIVE_TYPES - {"SSN"})] == ["555-123-4567"]
    assert [text[start:end] for start, end, _ in spans_of(text, AT, 0, (), LIVE_TYPES - {"SSN", "phone"})] == []


@given(st.text(alphabet="aIx1 7-.,@/'\n", max_size=80) | st.lists(PIECES, max_size=12).map(" ".join))
def test_any_text(text: str) -> None:
    """Every span is within the text and not empty, and entities do not overlap."""
    assert all(0 <= one.start < one.end <= len(text) for one in personal_data(text))
    typed = with_personal_data(text, entities.extract(text, AT))
    assert all(before.end <= after.offset for before, after in zip(typed, typed[1:], strict=False))


@pytest.mark.parametrize(
    "piece", ["7", "7-x", "seven ", "A 1 ", "dot a ", "a dot ", "at a ", "DE89 ", "the of ", "may 3 ", "my pin ", "born "]
)
def test_long_messages_take_linear_time(piece: str) -> None:
    """A message of 20,000 characters of one kind is searched; the test's own time limit ends a search that backtracks."""
    assert all(one.end <= LONGEST for one in personal_data(piece * (20_000 // len(piece))))
