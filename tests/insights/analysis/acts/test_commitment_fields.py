"""Assignee, due date, certainty and phrase of commitments, at the ends of months and years and among four members."""

from datetime import UTC, datetime

import pytest

from insights.analysis import Person, Said
from insights.analysis.acts.commitments import Commitment, assignee, commitment
from insights.analysis.entities import extract

WEDNESDAY = datetime(2026, 11, 18, 10, 30, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
LAST_OF_JANUARY = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
LEAP_DAY = datetime(2028, 2, 29, 8, 0, tzinfo=UTC)
NEW_YEARS_EVE = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
NIGHT_IN_DELHI = datetime(2026, 3, 30, 20, 0, tzinfo=UTC)
EVENING_IN_SEATTLE = datetime(2026, 10, 1, 5, 30, tzinfo=UTC)

JANE = Person("Jane Doe", "jane.doe@example.com", "jane.doe@example.com")
BOB = Person("Bob Stone", "bob@example.com")
PRIYA = Person("Priya Raman", "priya.raman@example.com")
TOM = Person("Tom Becker", "tom.becker@example.com")
ALL = (JANE, BOB, PRIYA, TOM)


def _task(text: str, at: datetime = WEDNESDAY, offset: int = 0) -> Commitment:
    return commitment(text, extract(text, at, offset, ALL), at, offset)


@pytest.mark.parametrize(
    ("speaker", "text", "name"),
    [
        (BOB, "I'll talk to Priya about the invoice.", "Bob Stone"),
        (BOB, "Priya, could you send the invoice today?", "Priya Raman"),
        (BOB, "Tom will look into the requirements.", "Tom Becker"),
        (BOB, "Jane and Tom need to agree on a date.", "Jane Doe"),
        (BOB, "Somebody should update the wiki.", ""),
        (BOB, "We should update the wiki.", ""),
        (BOB, "Let me check with Jane.", "Bob Stone"),
        (BOB, "Could you book the flights, Priya?", "Priya Raman"),
        (BOB, "The lawyers need to sign off on it.", "The lawyers"),
        (BOB, "Legal has to approve it.", "Legal"),
        (BOB, "Mr. Becker will send the contract.", "Tom Becker"),
        (BOB, "Becker is going to sign it tomorrow.", "Tom Becker"),
        (BOB, "Tom Becker is going to sign it tomorrow.", "Tom Becker"),
        (BOB, "Dana will bring the samples.", "Dana"),
        (JANE, "I will look into it, Bob.", "Jane Doe"),
        (JANE, "Bob, I will look into it.", "Jane Doe"),
        (BOB, "Tom asked me to prepare the slides.", "Bob Stone"),
        (BOB, "I want Jane to review the draft.", "Jane Doe"),
        (BOB, "Tom is supposed to deliver the chairs.", "Tom Becker"),
        (BOB, "It's up to Priya to decide.", "Priya Raman"),
        (BOB, "Priya promised to send the figures.", "Priya Raman"),
        (BOB, "Have Tom call the supplier.", "Tom Becker"),
        (BOB, "tom can you check the printer", "Tom Becker"),
        (BOB, "Let's ask Jane to sign it.", "Jane Doe"),
        (BOB, "Priya is in charge of the booth.", "Priya Raman"),
        (BOB, "I can take care of the catering.", "Bob Stone"),
        (BOB, "My team will test it over the weekend.", "My team"),
        (BOB, "The supplier should deliver on Monday.", "The supplier"),
        (BOB, "I'd like Tom to join the call.", "Tom Becker"),
        (BOB, "Jane, I need you to call the bank.", "Jane Doe"),
    ],
)
def test_assignee(speaker: Person, text: str, name: str) -> None:
    """The assignee is a member if the name matches one."""
    said = Said(text, speaker.user_id, WEDNESDAY, speaker.name, speaker.user_id)
    found = assignee(_task(text), said, [], ALL)
    assert (found.name if found else "") == name


@pytest.mark.parametrize(
    ("text", "at", "offset", "due"),
    [
        ("I'll have it ready in two weeks.", WEDNESDAY, 0, "2026-12-02T23:59:59+00:00"),
        ("Please answer within three days.", WEDNESDAY, 0, "2026-11-21T23:59:59+00:00"),
        ("I'll get back to you in an hour.", WEDNESDAY, 0, "2026-11-18T11:30:00+00:00"),
        ("We need to renew it in a month.", LAST_OF_JANUARY, 0, "2026-02-28T23:59:59+00:00"),
        ("We have to renew it in one year.", LEAP_DAY, 0, "2029-02-28T23:59:59+00:00"),
        ("I'll send the slides by tomorrow noon.", FRIDAY, 0, "2026-11-21T12:00:00+00:00"),
        ("Please review it by next Friday.", FRIDAY, 0, "2026-11-27T23:59:59+00:00"),
        ("Bob will deliver it by Q3.", WEDNESDAY, 0, "2027-09-30T23:59:59+00:00"),
        ("Let's finish this by the end of the month.", LAST_OF_JANUARY, 0, "2026-01-31T23:59:59+00:00"),
        ("I will pay it on the 5th.", WEDNESDAY, 0, "2026-12-05T23:59:59+00:00"),
        ("I sent it yesterday.", WEDNESDAY, 0, ""),
        ("You should have sent it on Monday.", WEDNESDAY, 0, ""),
        ("I'll call them by the end of the quarter.", EVENING_IN_SEATTLE, -480, "2026-09-30T23:59:59-08:00"),
        ("Please send it today.", NIGHT_IN_DELHI, 330, "2026-03-31T23:59:59+05:30"),
        ("Please send it today.", NEW_YEARS_EVE, 120, "2027-01-01T23:59:59+02:00"),
        ("Please send it today.", NEW_YEARS_EVE, 0, "2026-12-31T23:59:59+00:00"),
        ("Let's meet on Monday at ten to fix it.", WEDNESDAY, 0, "2026-11-23T10:00:00+00:00"),
        ("Can you send the two reports from March by Friday?", WEDNESDAY, 0, "2026-11-20T23:59:59+00:00"),
        ("We need to fix the bug that came up last Tuesday by tomorrow.", WEDNESDAY, 0, "2026-11-19T23:59:59+00:00"),
        ("By the way, I'll book the room.", WEDNESDAY, 0, ""),
        ("I'll prepare the numbers for 2025.", WEDNESDAY, 0, ""),
        ("Could you please get the contract signed before the 1st of December?", WEDNESDAY, 0, "2026-11-30T23:59:59+00:00"),
        ("I have to finish it before Friday.", WEDNESDAY, 0, "2026-11-19T23:59:59+00:00"),
        ("I have to finish it before the end of the week.", WEDNESDAY, 0, "2026-11-20T23:59:59+00:00"),
        ("I have to finish it before five.", WEDNESDAY, 0, "2026-11-18T17:00:00+00:00"),
        ("It needs to be done no later than Thursday 6 pm.", WEDNESDAY, 0, "2026-11-19T18:00:00+00:00"),
        ("I'll write the report before the board meeting.", WEDNESDAY, 0, ""),
        ("We must ship it between Monday and Wednesday.", WEDNESDAY, 0, "2026-11-25T23:59:59+00:00"),
        ("I'll repair the thing that took two weeks to build.", WEDNESDAY, 0, ""),
        ("I'll do it first thing tomorrow morning.", FRIDAY, 0, "2026-11-21T09:00:00+00:00"),
    ],
)
def test_due(text: str, at: datetime, offset: int, due: str) -> None:
    """A day is due at its end, a time exactly, 'before' a day at the end of the previous day; a past date is never due."""
    found = _task(text, at, offset).due
    assert (found.isoformat() if found else "") == due


@pytest.mark.parametrize(
    ("text", "definitive"),
    [
        ("I will send it tonight.", True),
        ("Tom is going to fix the printer.", True),
        ("Please sign the form.", True),
        ("Jane has to approve this.", True),
        ("I promise to call them.", True),
        ("Let's order new ones.", True),
        ("You need to be there at nine.", True),
        ("I might send it tonight.", False),
        ("Maybe Tom can fix the printer.", False),
        ("We could ask the bank.", False),
        ("I'll try to call them.", False),
        ("Perhaps we should wait for the numbers.", False),
        ("If I find the time I'll do it.", False),
        ("I would rather not send it.", False),
        ("I won't send it.", False),
        ("He sent it last week.", False),
    ],
)
def test_certainty(text: str, definitive: bool) -> None:
    """A commitment is definitive, hedged, or none."""
    assert _task(text).definitive is definitive


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("I will send the signed contract to Jane by Friday.", "send the signed contract to Jane"),
        ("Please book a room for ten people.", "book a room for ten people"),
        ("Could you check the invoice before Tuesday?", "check the invoice"),
        ("Tom needs to call the supplier tomorrow.", "call the supplier"),
        ("So, I'm going to rewrite the summary and send it around.", "rewrite the summary and send it around"),
        ("We need to order twenty chairs.", "order twenty chairs"),
        ("Don't forget to water the plants.", "water the plants"),
        ("Write down the serial number.", "Write down the serial number"),
        ("Tomorrow I'll print the badges.", "print the badges"),
        ("Jane, can you tell them that we agree?", "tell them that we agree"),
        ("I'll have it ready in two weeks.", "have it ready"),
        ("Let me look that up, because I don't remember it.", "look that up"),
        ("I want Jane to review the draft.", "review the draft"),
        ("Have Tom call the supplier.", "call the supplier"),
        ("It was a nice day.", ""),
    ],
)
def test_phrase(text: str, phrase: str) -> None:
    """The phrase leaves out assignee and date."""
    assert _task(text).action_phrase == phrase
