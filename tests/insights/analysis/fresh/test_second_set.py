"""A second set of sentences, written after the first set was mended and run against rules that had not seen it: 70 of 85 were right."""

from datetime import UTC, datetime

import pytest

from insights.analysis import Person, Said
from insights.analysis.acts.assignees import assignee
from insights.analysis.acts.commitments import Commitment, commitment
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
    ("text", "moment", "when"),
    [
        ("The shipment arrives the day after tomorrow.", THURSDAY, "2027-02-27"),
        ("Can we do the first Tuesday of March?", THURSDAY, "2027-03-02"),
        ("Let's aim for the 31st.", THURSDAY, "2027-03-31"),
        ("I have an appointment at quarter to eight tomorrow morning.", THURSDAY, "2027-02-26T07:45:00+00:00"),
        ("The shop opens at 9:30 on Monday.", THURSDAY, "2027-03-01T09:30:00+00:00"),
        ("He left at ten past three.", THURSDAY, "2027-02-24T15:10:00+00:00"),
        ("We will know by Wednesday evening.", THURSDAY, "2027-03-03T19:00:00+00:00"),
        ("The meeting is moved to Friday at eleven.", THURSDAY, "2027-02-26T11:00:00+00:00"),
        ("The report is due on March 15.", THURSDAY, "2027-03-15"),
        ("Please come by at 5 pm.", THURSDAY, "2027-02-25T17:00:00+00:00"),
        ("This month was slow.", SUNDAY, "2027-02-01"),
        ("Next month will be better.", SUNDAY, "2027-03-01"),
        ("The deadline is tomorrow at noon.", SUNDAY, "2027-03-01T12:00:00+00:00"),
        ("It happened yesterday evening.", MONDAY_IN_TOKYO, "2027-02-28T19:00:00+09:00"),
        ("Let's meet today.", MONDAY_IN_TOKYO, "2027-03-01"),
        ("We open in early April.", THURSDAY, "2027-04-01"),
        ("The warranty ends in June 2028.", THURSDAY, "2028-06-01"),
        ("I was there in 2019.", THURSDAY, "2019-01-01"),
        ("The release is planned for Q2.", THURSDAY, "2027-04-01"),
        ("Tickets are on sale until Saturday.", THURSDAY, "2027-02-27"),
        ("We talked last Wednesday.", THURSDAY, "2027-02-24"),
        ("Remind me on the second of April.", THURSDAY, "2027-04-02"),
        ("Our lease runs until the end of 2027.", THURSDAY, "2027-12-31"),
        ("I'm off from Wednesday to Friday.", THURSDAY, "2027-03-03"),
        ("See you next Thursday.", THURSDAY, "2027-03-04"),
    ],
)
def test_when(text: str, moment: Moment, when: str) -> None:
    """The only time in it, or where it begins."""
    times = [entity for entity in extract(text, *moment) if entity.type in {"date", "time", "datetime", "daterange"}]
    assert [entity.value.get("datetime") or entity.value.get("start") for entity in times] == [when]


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
    """By when; empty for what has no date of its own."""
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
def test_who(text: str, name: str) -> None:
    """Who is to act, when Bob says it and nobody spoke before."""
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
def test_how_firmly(text: str, definitive: bool) -> None:
    """Said firmly or not."""
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
def test_what(text: str, phrase: str) -> None:
    """What is to be done."""
    assert _task(text).action_phrase == phrase


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
def test_entities(text: str, kind: str, wanted: tuple[object, ...]) -> None:
    """The first one of its type: its words, and of a measure its value."""
    found = [entity for entity in extract(text, *THURSDAY) if entity.type == kind]
    assert ((found[0].text, *found[0].value.values())[: len(wanted)] if found else ()) == wanted
