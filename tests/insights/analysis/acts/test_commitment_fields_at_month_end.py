"""Due date, assignee, certainty and phrase of commitments at the end of February."""

from datetime import UTC, datetime

import pytest

from insights.analysis import Person, Said
from insights.analysis.acts.commitments import Commitment, assignee, commitment
from insights.analysis.entities import extract

Moment = tuple[datetime, int]

THURSDAY: Moment = (datetime(2027, 2, 25, 14, 20, tzinfo=UTC), 0)
SUNDAY: Moment = (datetime(2027, 2, 28, 23, 10, tzinfo=UTC), 0)
MONDAY_IN_TOKYO: Moment = (datetime(2027, 2, 28, 16, 0, tzinfo=UTC), 540)

BOB = Person("Bob Stone", "bob@example.com")
ALL = (Person("Jane Doe", "jane@example.com"), BOB, Person("Priya Raman", "priya@example.com"), Person("Tom Becker", "tom@example.com"))


def _task(text: str, moment: Moment = THURSDAY) -> Commitment:
    return commitment(text, extract(text, *moment, ALL), *moment)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("Please confirm by noon on Monday.", "2027-03-01T12:00:00+00:00"),
        ("We have to deliver in five business days.", "2027-03-04T23:59:59+00:00"),
        ("Tom should finish the draft by the end of February.", "2027-02-28T23:59:59+00:00"),
        ("I need it before Monday.", "2027-02-28T23:59:59+00:00"),
        ("I will answer them over the weekend.", "2027-02-28T23:59:59+00:00"),
        ("Let's review it next week.", "2027-03-05T23:59:59+00:00"),
        ("Could you send the invoice from January?", ""),
        ("I'll pick up what we ordered last Monday.", ""),
        ("We must renew the certificate by March 1st.", "2027-03-01T23:59:59+00:00"),
        ("You'll get the numbers in a couple of days.", "2027-02-27T23:59:59+00:00"),
        ("Jane will call you back at half past four.", "2027-02-25T16:30:00+00:00"),
        ("I'll do that right after lunch.", ""),
        ("Send me the slides ASAP.", ""),
        ("Please pay the bill no later than next Tuesday.", "2027-03-02T23:59:59+00:00"),
    ],
)
def test_due(text: str, due: str) -> None:
    """The due date is empty for a commitment without a date."""
    found = _task(text).due
    assert (found.isoformat() if found else "") == due


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tom, please take the minutes.", "Tom Becker"),
        ("I'm going to need a new badge.", "Bob Stone"),
        ("Would you mind closing the window, Jane?", "Jane Doe"),
        ("Someone has to talk to the landlord.", ""),
        ("The IT team will reset the router.", "The IT team"),
        ("Jane has agreed to host the workshop.", "Jane Doe"),
        ("I told Tom to order more paper.", "Tom Becker"),
        ("Let me know what Priya says.", ""),
        ("I've got to renew my passport.", "Bob Stone"),
        ("Ms. Raman is responsible for the budget.", "Priya Raman"),
        ("We'll ask Jane to draw the plan.", "Jane Doe"),
        ("Can somebody call the plumber?", ""),
        ("Tom can't come, so I will present.", "Bob Stone"),
        ("Make sure Priya gets the keys.", ""),
    ],
)
def test_assignee(text: str, name: str) -> None:
    """The assignee of a sentence that Bob says first."""
    found = assignee(_task(text), Said(text, "bob", THURSDAY[0], BOB.name, BOB.user_id), [], ALL)
    assert (found.name if found else "") == name


@pytest.mark.parametrize(
    ("text", "definitive"),
    [
        ("I definitely will be there.", True),
        ("He must return the key.", True),
        ("I guess I could help.", False),
        ("Jane is to sign the papers.", True),
        ("We should probably leave.", False),
        ("Chances are I will miss it.", False),
        ("You have to restart it.", True),
        ("I don't think I will go.", False),
    ],
)
def test_certainty(text: str, definitive: bool) -> None:
    """A commitment is definitive or hedged."""
    assert _task(text).definitive is definitive


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("I'll clean up the backlog on Monday.", "clean up the backlog"),
        ("Could you forward the agenda to Tom?", "forward the agenda to Tom"),
        ("Please make a copy for Priya.", "make a copy for Priya"),
        ("We have to repaint the hall before summer.", "repaint the hall"),
        ("Remember to lock the door.", "lock the door"),
        ("Jane will host the workshop in May.", "host the workshop"),
        ("I'd like you to check the figures again.", "check the figures again"),
    ],
)
def test_phrase(text: str, phrase: str) -> None:
    """The phrase of a commitment."""
    assert _task(text).action_phrase == phrase
