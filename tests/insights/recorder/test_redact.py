"""Redaction of text and words, and so of everything derived from them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core import serializers
from hypothesis import given
from hypothesis import strategies as st

from insights import recorder
from insights.analysis import entities
from insights.analysis.trackers import Tracker
from insights.analysis.types import Person
from insights.models import Entity, Event, Insight, Message, Topic, TrackerMatch
from insights.recorder import Joined, Listening
from insights.recorder.redact import redacted
from insights.recorder.segment import Draft, drafts
from tests.insights.conftest import utterance

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MEMBERS = (Person("Maria Lopez", "maria@example.org", "maria@example.org"),)


def draft(text: str) -> Draft:
    """Return a sentence of half a second per word."""
    (made,) = drafts(utterance(text, AT))
    return made


def redact_text(text: str) -> str:
    """Return the redacted text of a sentence."""
    return redacted(draft(text), "****", MEMBERS, 0)[0].text


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Maria Lopez will send it tomorrow.", "**** will send it tomorrow."),
        ("Write to jane.doe@example.com today.", "Write to **** today."),
        ("Call me at 555-123-4567, please.", "Call me at ****, please."),
        ("Call five five five, one two three four.", "Call ****."),
        ("My card is 4242 4242 4242 4242.", "My card is ****."),
        ("It is forty two forty two, fifty one eleven.", "It is ****."),
        ("The code is double four triple one.", "The code is ****."),
        ("It costs 1,500 dollars.", "It costs 1,500 dollars."),
        ("See https://example.com/jane?id=7 for it.", "See **** for it."),
        ("We meet on March 3, 2027.", "We meet on ****."),
        ("We meet tomorrow, or on Monday at ten.", "We meet tomorrow, or on Monday at ten."),
        ("There are twenty five of us in two rooms.", "There are twenty five of us in two rooms."),
        ("Nothing to hide here.", "Nothing to hide here."),
        ("My code is 1234x, or AB1234.", "My code is ****, or ****."),
        ("The passport is C01X00T47.", "The passport is ****."),
        ("Card 4242-4242-4242-4242x please.", "Card **** please."),
        ("Ask Maria-Lopez now.", "Ask **** now."),
        ("Ask maria_lopez, or Maria-Lopez's desk.", "Ask ****, or ****'s desk."),
        ("Anna-Maria Lopez and Jean-Luc called.", "**** and **** called."),
        ("It is a Maria-led project.", "It is a ****-led project."),
        ("The well-known mark-up of a 30th follow-up in the 1990s is COVID19 and 100km.",) * 2,
        ("We ran it from 10:00am-11:30am in the mid-1990s.",) * 2,
        ("Take 2027-1234x by 2027.", "Take **** by 2027."),
        ("A Mark-up, a Follow-Up and the Check-In over Wi-Fi on Monday.",) * 2,
    ],
)
def test_what_is_redacted_and_what_is_not(said: str, left: str) -> None:
    """Names, addresses, URLs, days of the calendar and long numbers are redacted; amounts, relative dates and small numbers stay."""
    assert redact_text(said) == left


def test_words_follow_the_text() -> None:
    """The words of one redacted entity become one word of the same duration; punctuation stays."""
    made, hidden = redacted(draft("Ask Maria Lopez, or call 555 123 4567."), "****", MEMBERS, 0)
    assert [word.text for word in made.words] == ["Ask", "****,", "or", "call", "****."]
    assert [(word.start - AT).total_seconds() for word in made.words] == [0.0, 0.5, 1.5, 2.0, 2.5]
    assert (made.words[1].end - AT, made.words[4].end - AT) == (timedelta(seconds=1.5), timedelta(seconds=4))
    assert [(entity.type, entity.text, entity.offset, entity.value) for entity in hidden] == [
        ("person", "****", 4, {}),
        ("phone", "****", 18, {}),
    ]
    assert all(made.text.startswith("****", entity.offset) for entity in hidden)


@given(
    st.lists(
        st.sampled_from(["Maria", "Lopez,", "555", "1234", "a@b.com", "ask", "double", "four.", "or", "$20", "****"]),
        min_size=1,
        max_size=12,
    )
)
def test_any_text(said: list[str]) -> None:
    """Words and text agree, and a second pass redacts nothing more."""
    for one in drafts(utterance(" ".join(said), AT)):
        made, hidden = redacted(one, "****", MEMBERS, 0)
        assert " ".join(word.text for word in made.words) == made.text
        assert all(made.text.startswith("****", entity.offset) for entity in hidden)
        assert redacted(made, "****", MEMBERS, 0)[0].text == made.text


def test_an_unsearchable_message_is_redacted_as_a_whole(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A failing detector leaks nothing to subscribers or to the log."""

    def fail(*args: object) -> None:
        raise ValueError("Maria Lopez")

    monkeypatch.setattr(entities, "extract", fail)
    made, _ = redacted(draft("Maria Lopez is here."), "****", MEMBERS, 0)
    assert (made.text, [word.text for word in made.words]) == ("****", ["****"])
    assert "ValueError" in caplog.text
    assert "Maria" not in caplog.text


def test_no_stored_row_has_redacted_text(joined: Joined) -> None:
    """The trained analysis makes messages, words, entities, insights, topics, trackers and events from the redacted text."""
    said = "Maria Lopez will send the budget report to jane.doe@example.com tomorrow. Can you call her at 555-123-4567, par lay?"
    listening = Listening(
        member_id=joined.member.id if joined.member else None,
        confidence_threshold=0.0,
        trackers=(Tracker("People", ("Maria Lopez", "budget report")),),
        vocabulary=("Parley",),
        mask="****",
    )
    events = recorder.record(joined.conversation_id, utterance(said, joined.started_at), listening)
    rows = [row for table in (Message, Entity, Insight, Topic, TrackerMatch, Event) for row in table.objects.all()]
    everything = serializers.serialize("json", rows) + json.dumps([event.payload for event in events])
    for secret in ("Maria", "Lopez", "jane", "example.com", "123-4567", "par lay"):
        assert secret not in everything
    assert Message.objects.get(number=1).text == "**** will send the budget report to **** tomorrow."
    hidden = {("person", "****"), ("email", "****"), ("phone", "****")}
    assert set(Entity.objects.values_list("type", "text")) == hidden | {("date", "tomorrow")}
    assert Insight.objects.filter(type="action_item").exists()
    assert set(TrackerMatch.objects.values_list("value", flat=True)) == {"budget report"}


def test_digits_followed_by_letters_take_linear_time() -> None:
    """A long row of digits followed by a letter, as in a serial number, is searched quickly."""
    assert redact_text(f"The part is {'7' * 60}x, ask Maria Lopez.") == "The part is ****, ask ****."
    assert redact_text(f"The part is {'7-x' * 900}-, ask Maria Lopez.") == "The part is ****-, ask ****."


@pytest.mark.parametrize("counted", [", ".join(str(number) for number in range(2, 240)), "two, " * 240])
def test_a_message_beyond_the_entity_limit_is_redacted_as_a_whole(counted: str) -> None:
    """A message with more entities than the search limit is redacted as a whole."""
    made, hidden = redacted(draft(f"I count {counted} and ask Maria Lopez in Berlin."), "****", MEMBERS, 0)
    assert made.text == "****"
    assert {word.text for word in made.words} <= {"****", ""}
    assert [(entity.type, entity.offset) for entity in hidden] == [("unknown", 0)]


def test_the_word_one_does_not_use_up_the_limit() -> None:
    """The word 'one' is no number, and does not count towards the entity limit."""
    assert redact_text(f"{'one day, ' * 3}{'this one, ' * 240}ask Maria Lopez.").endswith("ask ****.")


def test_lower_case_may_be_longer() -> None:
    """A capital letter whose lower case has two characters shifts no offset."""
    made, _ = redacted(draft("İİİ and İpek ask Maria Lopez now please."), "****", MEMBERS, 0)
    assert " ".join(word.text for word in made.words) == made.text


def test_an_address_with_written_and_spoken_dots_is_redacted() -> None:
    """An address with one written dot and one spoken "dot" is redacted as a whole."""
    assert redact_text("Write to jane.doe at example dot com today.") == "Write to **** today."
