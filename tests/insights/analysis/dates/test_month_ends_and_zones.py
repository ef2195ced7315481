"""Dates and times at the ends of months and years, and in far time zones. A moment is (time in UTC, minutes east of UTC)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from insights.analysis.entities import extract

Moment = tuple[datetime, int]

WED: Moment = (datetime(2026, 11, 18, 10, 30, tzinfo=UTC), 0)
FRI: Moment = (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), 0)
LAST_OF_JANUARY: Moment = (datetime(2026, 1, 31, 9, 0, tzinfo=UTC), 0)
NEW_YEARS_EVE: Moment = (datetime(2026, 12, 31, 22, 30, tzinfo=UTC), 0)
NEW_YEAR_IN_CAIRO: Moment = (datetime(2026, 12, 31, 22, 30, tzinfo=UTC), 120)
LEAP_DAY: Moment = (datetime(2028, 2, 29, 8, 0, tzinfo=UTC), 0)
NIGHT_IN_DELHI: Moment = (datetime(2026, 3, 30, 20, 0, tzinfo=UTC), 330)
EVENING_IN_SEATTLE: Moment = (datetime(2026, 10, 1, 5, 30, tzinfo=UTC), -480)
FEBRUARY_25: Moment = (datetime(2027, 2, 25, 14, 20, tzinfo=UTC), 0)
FEBRUARY_28: Moment = (datetime(2027, 2, 28, 23, 10, tzinfo=UTC), 0)
MARCH_1_IN_TOKYO: Moment = (datetime(2027, 2, 28, 16, 0, tzinfo=UTC), 540)


def _times(text: str, moment: Moment) -> list[tuple[str, str, dict[str, Any]]]:
    found = extract(text, *moment)
    return [(entity.text, entity.type, entity.value) for entity in found if entity.type in {"date", "time", "datetime", "daterange"}]


@pytest.mark.parametrize(
    ("text", "moment", "span", "day"),
    [
        ("Shall we say next Friday?", FRI, "next Friday", "2026-11-27"),
        ("It has to be out by Friday.", FRI, "Friday", "2026-11-27"),
        ("We missed it last Friday.", FRI, "last Friday", "2026-11-13"),
        ("The numbers are due on Thursday.", FRI, "Thursday", "2026-11-26"),
        ("I need the figures by the end of the month.", LAST_OF_JANUARY, "the end of the month", "2026-01-31"),
        ("Let us ship at the end of next month.", LAST_OF_JANUARY, "the end of next month", "2026-02-28"),
        ("See you tomorrow.", LAST_OF_JANUARY, "tomorrow", "2026-02-01"),
        ("The audit is on the 30th.", LAST_OF_JANUARY, "the 30th", "2026-03-30"),
        ("Invoices go out on the 5th.", LAST_OF_JANUARY, "the 5th", "2026-02-05"),
        ("We talked about that on the 5th, and it was fine.", WED, "the 5th", "2026-11-05"),
        ("Happy to do that tomorrow.", NEW_YEARS_EVE, "tomorrow", "2027-01-01"),
        ("Happy to do that tomorrow.", NEW_YEAR_IN_CAIRO, "tomorrow", "2027-01-02"),
        ("Can it wait for the end of next week?", NEW_YEARS_EVE, "the end of next week", "2027-01-08"),
        ("We close the books at the end of the year.", NEW_YEARS_EVE, "the end of the year", "2026-12-31"),
        ("The new prices hold from the beginning of next year.", NEW_YEARS_EVE, "the beginning of next year", "2027-01-01"),
        ("I saw it yesterday.", LEAP_DAY, "yesterday", "2028-02-28"),
        ("The call was yesterday.", NIGHT_IN_DELHI, "yesterday", "2026-03-30"),
        ("By the end of the month please.", NIGHT_IN_DELHI, "the end of the month", "2026-03-31"),
        ("It must be signed before the end of the quarter.", EVENING_IN_SEATTLE, "the end of the quarter", "2026-09-30"),
        ("The offer expires on December 1st.", WED, "December 1st", "2026-12-01"),
        ("We moved in on December the first.", WED, "December the first", "2025-12-01"),
        ("Her birthday is on the 29th of February.", WED, "the 29th of February", "2028-02-29"),
        ("The contract ends on 24 December 2026.", WED, "24 December 2026", "2026-12-24"),
        ("Let's do Dec 3.", WED, "Dec 3", "2026-12-03"),
        ("The fair opens on Sunday the 22nd.", WED, "Sunday the 22nd", "2026-11-22"),
        ("We fly on Tuesday the first of December.", WED, "Tuesday the first of December", "2026-12-01"),
        ("I can look at it later today.", WED, "today", "2026-11-18"),
        ("A week from Monday would suit me.", WED, "A week from Monday", "2026-11-30"),
        ("Payday is the last day of February.", WED, "the last day of February", "2027-02-28"),
        ("We meet on the last Friday of the month.", WED, "the last Friday of the month", "2026-11-27"),
        ("The licence runs out on 31/12/2026.", WED, "31/12/2026", "2026-12-31"),
        ("The licence runs out on 12/31/2026.", WED, "12/31/2026", "2026-12-31"),
        ("Delivery is on 10.12.2026.", WED, "10.12.2026", "2026-12-10"),
        ("The kickoff is ten days from today.", WED, "ten days from today", "2026-11-28"),
    ],
)
def test_days(text: str, moment: Moment, span: str, day: str) -> None:
    """A day has its text and its date."""
    assert _times(text, moment) == [(span, "date", {"datetime": day})]


@pytest.mark.parametrize(
    ("text", "moment", "span", "first", "end"),
    [
        ("Budgets are due in March.", NEW_YEARS_EVE, "March", "2027-03-01", "2027-04-01"),
        ("The report comes in Q3.", EVENING_IN_SEATTLE, "Q3", "2026-07-01", "2026-10-01"),
        ("We will launch in Q1.", EVENING_IN_SEATTLE, "Q1", "2027-01-01", "2027-04-01"),
        ("We launch in Q3.", WED, "Q3", "2027-07-01", "2027-10-01"),
        ("The code is frozen in Q2 2027.", WED, "Q2 2027", "2027-04-01", "2027-07-01"),
        ("We hire in the first quarter of next year.", WED, "the first quarter of next year", "2027-01-01", "2027-04-01"),
        ("Sales were weak in Q3.", WED, "Q3", "2026-07-01", "2026-10-01"),
        ("I think of some time next summer.", WED, "next summer", "2027-06-01", "2027-09-01"),
        ("I'll read it over the weekend.", WED, "the weekend", "2026-11-21", "2026-11-23"),
        ("Not before early next week.", WED, "next week", "2026-11-23", "2026-11-30"),
        ("The week after next is better for me.", WED, "The week after next", "2026-11-30", "2026-12-07"),
        ("The lease was signed in twenty nineteen.", WED, "twenty nineteen", "2019-01-01", "2020-01-01"),
        ("We doubled our staff last month.", LAST_OF_JANUARY, "last month", "2025-12-01", "2026-01-01"),
        ("The next quarter will be hard.", NEW_YEARS_EVE, "The next quarter", "2027-01-01", "2027-04-01"),
    ],
)
def test_periods(text: str, moment: Moment, span: str, first: str, end: str) -> None:
    """A period has its first day and the day after its last."""
    assert _times(text, moment) == [(span, "date", {"datetime": first, "end": end})]


@pytest.mark.parametrize(
    ("text", "moment", "span", "time"),
    [
        ("This Friday at five would be perfect.", FRI, "This Friday at five", "2026-11-20T17:00:00+00:00"),
        ("Monday morning, first thing.", FRI, "Monday morning", "2026-11-23T09:00:00+00:00"),
        ("Let us talk at half past nine tonight.", NIGHT_IN_DELHI, "half past nine tonight", "2026-03-31T21:30:00+05:30"),
        ("You will have it by tomorrow noon.", EVENING_IN_SEATTLE, "tomorrow noon", "2026-10-01T12:00:00-08:00"),
        ("By noon tomorrow, I promise.", WED, "noon tomorrow", "2026-11-19T12:00:00+00:00"),
        (
            "The day after tomorrow at quarter past two.",
            WED,
            "The day after tomorrow at quarter past two",
            "2026-11-20T14:15:00+00:00",
        ),
        ("I called her at half past nine.", WED, "half past nine", "2026-11-18T09:30:00+00:00"),
        ("Can you be here at 3:45?", WED, "3:45", "2026-11-18T15:45:00+00:00"),
        ("The demo starts at 15:30 sharp.", WED, "15:30", "2026-11-18T15:30:00+00:00"),
        ("My train is at 7 am tomorrow.", WED, "7 am tomorrow", "2026-11-19T07:00:00+00:00"),
        ("Send it by midnight.", WED, "midnight", "2026-11-19T00:00:00+00:00"),
        ("Anything this afternoon?", WED, "this afternoon", "2026-11-18T15:00:00+00:00"),
        ("I need it this morning.", NEW_YEAR_IN_CAIRO, "this morning", "2027-01-01T09:00:00+02:00"),
        ("Tomorrow by ten is fine.", WED, "Tomorrow by ten", "2026-11-19T10:00:00+00:00"),
        ("The plane lands at 12:15 am.", WED, "12:15 am", "2026-11-19T00:15:00+00:00"),
        ("By close of business on Monday.", WED, "close of business on Monday", "2026-11-23T17:00:00+00:00"),
        ("We can meet on Thursday, 10 o'clock.", WED, "Thursday, 10 o'clock", "2026-11-19T10:00:00+00:00"),
    ],
)
def test_times(text: str, moment: Moment, span: str, time: str) -> None:
    """A time of day is in the conversation's offset."""
    assert [(said, value) for said, _, value in _times(text, moment)] == [(span, {"datetime": time})]


@pytest.mark.parametrize(
    ("text", "moment", "span", "when"),
    [
        ("It was due two weeks ago.", WED, "two weeks", "2026-11-04"),
        ("Three days ago we lost the server.", WED, "Three days", "2026-11-15"),
        ("Let's talk again in two weeks.", WED, "two weeks", "2026-12-02"),
        ("I will know more in three days.", NEW_YEARS_EVE, "three days", "2027-01-03"),
        ("The trial is over in a month.", LAST_OF_JANUARY, "a month", "2026-02-28"),
        ("We renew the lease in one year.", LEAP_DAY, "one year", "2029-02-28"),
        ("The board decides a month from now.", WED, "a month", "2026-12-18"),
        ("I sent it an hour ago.", WED, "an hour", "2026-11-18T09:30:00+00:00"),
        ("I'll call you back in twenty minutes.", WED, "twenty minutes", "2026-11-18T10:50:00+00:00"),
        ("The batch is ready in half an hour.", NEW_YEARS_EVE, "half an hour", "2026-12-31T23:00:00+00:00"),
    ],
)
def test_relative_durations(text: str, moment: Moment, span: str, when: str) -> None:
    """A duration before or after now gives a date or time."""
    found = [(entity.text, entity.value["datetime"]) for entity in extract(text, *moment) if entity.type == "duration"]
    assert found == [(span, when)]
    assert _times(text, moment) == []


@pytest.mark.parametrize(
    ("text", "moment", "first", "end"),
    [
        ("I am away from the 1st to the 15th.", WED, "2026-12-01", "2026-12-16"),
        ("The room is ours from 2 to 4 pm.", WED, "2026-11-18T14:00:00+00:00", "2026-11-18T16:00:00+00:00"),
        ("She is off from Monday until Thursday.", NEW_YEARS_EVE, "2027-01-04", "2027-01-08"),
        ("The fair is between March 3rd and March 6th.", WED, "2027-03-03", "2027-03-07"),
    ],
)
def test_ranges(text: str, moment: Moment, first: str, end: str) -> None:
    """A range has an exclusive end."""
    assert [(kind, value) for _, kind, value in _times(text, moment)] == [("daterange", {"start": first, "end": end})]


@pytest.mark.parametrize(
    "text",
    [
        "May I ask who is calling?",
        "The second half was better.",
        "Give me one of the two.",
        "We need to order twenty chairs.",
        "I sat down with her.",
        "Room nine is taken.",
        "It is the fourth time that it breaks.",
        "The monthly fee went up.",
        "Press one for sales.",
        "She won five to three.",
    ],
)
def test_no_times(text: str) -> None:
    """These texts have no date."""
    assert _times(text, WED) == []


@pytest.mark.parametrize(
    ("text", "moment", "when"),
    [
        ("The shipment arrives the day after tomorrow.", FEBRUARY_25, "2027-02-27"),
        ("Can we do the first Tuesday of March?", FEBRUARY_25, "2027-03-02"),
        ("Let's aim for the 31st.", FEBRUARY_25, "2027-03-31"),
        ("I have an appointment at quarter to eight tomorrow morning.", FEBRUARY_25, "2027-02-26T07:45:00+00:00"),
        ("The shop opens at 9:30 on Monday.", FEBRUARY_25, "2027-03-01T09:30:00+00:00"),
        ("He left at ten past three.", FEBRUARY_25, "2027-02-24T15:10:00+00:00"),
        ("We will know by Wednesday evening.", FEBRUARY_25, "2027-03-03T19:00:00+00:00"),
        ("The meeting is moved to Friday at eleven.", FEBRUARY_25, "2027-02-26T11:00:00+00:00"),
        ("The report is due on March 15.", FEBRUARY_25, "2027-03-15"),
        ("Please come by at 5 pm.", FEBRUARY_25, "2027-02-25T17:00:00+00:00"),
        ("This month was slow.", FEBRUARY_28, "2027-02-01"),
        ("Next month will be better.", FEBRUARY_28, "2027-03-01"),
        ("The deadline is tomorrow at noon.", FEBRUARY_28, "2027-03-01T12:00:00+00:00"),
        ("It happened yesterday evening.", MARCH_1_IN_TOKYO, "2027-02-28T19:00:00+09:00"),
        ("Let's meet today.", MARCH_1_IN_TOKYO, "2027-03-01"),
        ("We open in early April.", FEBRUARY_25, "2027-04-01"),
        ("The warranty ends in June 2028.", FEBRUARY_25, "2028-06-01"),
        ("I was there in 2019.", FEBRUARY_25, "2019-01-01"),
        ("The release is planned for Q2.", FEBRUARY_25, "2027-04-01"),
        ("Tickets are on sale until Saturday.", FEBRUARY_25, "2027-02-27"),
        ("We talked last Wednesday.", FEBRUARY_25, "2027-02-24"),
        ("Remind me on the second of April.", FEBRUARY_25, "2027-04-02"),
        ("Our lease runs until the end of 2027.", FEBRUARY_25, "2027-12-31"),
        ("I'm off from Wednesday to Friday.", FEBRUARY_25, "2027-03-03"),
        ("See you next Thursday.", FEBRUARY_25, "2027-03-04"),
    ],
)
def test_end_of_february(text: str, moment: Moment, when: str) -> None:
    """The only date or time of the text, or its start."""
    times = [entity for entity in extract(text, *moment) if entity.type in {"date", "time", "datetime", "daterange"}]
    assert [entity.value.get("datetime") or entity.value.get("start") for entity in times] == [when]
