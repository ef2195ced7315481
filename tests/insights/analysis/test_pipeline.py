"""The whole analysis of a message."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis import CONTEXT, FLOOR, Finding, Person, analyse
from tests.insights.analysis.talk import BOB, JANE, said


def _finding(text: str, kind: str, speaker: Person = BOB, members: tuple[Person, ...] = (JANE, BOB)) -> Finding:
    found = analyse(said(text, speaker), [], members, 60).findings
    return next(finding for finding in found if finding.type == kind)


def test_the_example_of_the_streaming_protocol() -> None:
    """The task has a person entity with userId at offset 0, assigned to that member."""
    finding = _finding("Jane will look into the requirements on the hiring for coming financial year.", "action_item")
    assert finding.confidence > 0.5
    assert finding.assignee == JANE
    person = finding.entities[0]
    assert (person.type, person.text, person.offset, person.value["userId"]) == ("person", "Jane", 0, "jane.doe@example.com")
    assert finding.definitive
    assert finding.action_phrase.startswith("look into the requirements")


@pytest.mark.parametrize(
    ("text", "assignee"),
    [
        ("I'll send the offer to the client.", Person("Bob Stone", "bob@example.com")),
        ("Can you send the offer to the client?", JANE),
        ("Marco will send the offer to the client.", Person("Marco")),
        ("The design team will send the icons on Monday.", Person("The design team")),
        ("We need to send the offer to the client.", None),
    ],
)
def test_assignees(text: str, assignee: Person | None) -> None:
    """The assignee is the speaker, the other one of two, a name or a team; 'everybody' gives none."""
    assert _finding(text, "action_item").assignee == assignee


def test_the_addressee_among_many_is_the_last_other_speaker() -> None:
    """With three members 'you' is the last other speaker."""
    eve = Person("Eve Park", "eve@example.com")
    found = analyse(
        said("Could you please send me the report by Friday?", BOB), [said("I read it.", eve), said("Fine.", BOB)], (JANE, BOB, eve)
    )
    assert {finding.assignee.name for finding in found.findings if finding.type == "action_item" and finding.assignee} == {"Eve Park"}


def test_due_is_in_the_conversations_timezone() -> None:
    """'by Friday at noon' is noon in the conversation's timezone."""
    due = _finding("I'll send the offer by Friday at noon.", "action_item").due
    assert due == datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert due.utcoffset() == timedelta(hours=1)


def test_a_question_has_no_assignee() -> None:
    """A question has no assignee and no due date."""
    finding = _finding("Jane, do you know the number of the hotel?", "question")
    assert (finding.assignee, finding.due, finding.action_phrase) == (None, None, "")
    assert finding.hints["addressedTo"] == "Jane"


def test_plain_statements_have_no_insights() -> None:
    """A statement has no insight above the threshold, but a sentiment."""
    found = analyse(said("The view from the roof is wonderful."), [], ())
    assert all(FLOOR <= finding.confidence < 0.5 for finding in found.findings)
    assert found.sentiment > 0.3


def test_empty_messages() -> None:
    """A message without words gives nothing."""
    assert analyse(said(""), [], ()).findings == ()
    assert analyse(said("?!..."), [], ()).findings == ()


def test_long_contexts_are_cut() -> None:
    """More than CONTEXT previous messages change nothing."""
    before = [said(f"line {number}", JANE) for number in range(20)]
    assert analyse(said("who does it?"), before, ()) == analyse(said("who does it?"), before[-CONTEXT:], ())


@given(st.text(max_size=150), st.integers(-100_000, 100_000), st.text(max_size=20))
def test_any_text(text: str, offset: int, name: str) -> None:
    """No text, timezone or member raises an error."""
    found = analyse(said(text, Person(name)), [said(text)], (Person(name), Person("", "x")), offset)
    assert all(text[entity.offset : entity.end] == entity.text for entity in found.entities)
    assert all(FLOOR <= finding.confidence <= 1 for finding in found.findings)
