"""Corrections and reviews."""

from collections.abc import Iterator, Sequence
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from insights import managed, queries, recorder
from insights.analysis.custom_entities import CustomEntity
from insights.models import Conversation, Entity, Insight, Message
from insights.recorder import Joined, RecorderError, StoredEvent, UnknownMessage, stored_afterwards
from tests.insights.conftest import Say


def test_a_correction_keeps_the_original(joined: Joined, say: Say, other_owner: User) -> None:
    """A correction stores the new and the recognised text, the user and the time, updates entities and sentiment, and is an event."""
    say("Eda will send it tomorrow.")
    message = Message.objects.get()
    (event,) = recorder.correct_message(message.id, " Ada will be good. ", other_owner.pk)
    message.refresh_from_db()
    assert (message.text, message.original_text) == ("Ada will be good.", "Eda will send it tomorrow.")
    assert message.corrected_by == other_owner
    assert message.corrected_at is not None
    assert message.sentiment == 0.5
    assert [entity.text for entity in Entity.objects.all()] == ["Ada"]
    assert event.kind == "message_corrected"
    assert event.payload["message"]["text"] == "Ada will be good."
    assert event.payload["message"]["originalText"] == "Eda will send it tomorrow."
    assert queries.events_after(joined.conversation_id, event.number - 1) == [event]


def test_a_second_correction_keeps_the_recognised_text(say: Say, owner: User) -> None:
    """The original stays the recognised text, not the first correction."""
    say("One.")
    message = Message.objects.get()
    recorder.correct_message(message.id, "Two.", owner.pk)
    recorder.correct_message(message.id, "Three.", owner.pk)
    assert Message.objects.get().original_text == "One."


def test_an_unchanged_text_is_no_event(say: Say, owner: User) -> None:
    """Saving an unchanged text stores no event."""
    say("One.")
    assert recorder.correct_message(Message.objects.get().id, "One.", owner.pk) == []
    assert Message.objects.get().corrected_at is None


def test_corrected_words_count_for_topics(joined: Joined, say: Say, owner: User) -> None:
    """The topics of the next utterance count the corrected text."""
    say("The bucket report is long.")
    recorder.correct_message(Message.objects.get().id, "The budget report is long.", owner.pk)
    events = say("The budget report is short.")
    topics = {topic["text"]: topic["messageIds"] for event in events if event.kind == "topics" for topic in event.payload["topics"]}
    assert len(topics["budget report"]) == 2


def test_a_review_has_user_and_time(say: Say, other_owner: User) -> None:
    """Accepting and rejecting store the user and the time, and are events; pending clears both."""
    say("Is it?")
    insight = Insight.objects.get()
    for verdict in ("accepted", "rejected"):
        (event,) = recorder.review_insight(insight.id, verdict, other_owner.pk)
        insight.refresh_from_db()
        assert (insight.review, insight.reviewed_by) == (verdict, other_owner)
        assert event.kind == "insight_reviewed"
        assert event.payload["insight"]["review"] == verdict
        assert event.payload["insight"]["reviewedAt"].endswith("Z")
    recorder.review_insight(insight.id, "pending", other_owner.pk)
    insight.refresh_from_db()
    assert (insight.reviewed_by, insight.reviewed_at) == (None, None)


def test_an_unchanged_review_is_no_event(say: Say, owner: User) -> None:
    """Accepting twice keeps the first time."""
    say("Is it?")
    insight = Insight.objects.get()
    recorder.review_insight(insight.id, "accepted", owner.pk)
    assert recorder.review_insight(insight.id, "accepted", owner.pk) == []


def test_the_text_of_an_insight_can_be_corrected(say: Say, owner: User) -> None:
    """A correction keeps the detected text."""
    say("Is it?")
    (event,) = recorder.review_insight(Insight.objects.get().id, "accepted", owner.pk, "Is it done?")
    assert event.payload["insight"]["text"] == "Is it done?"
    assert event.payload["insight"]["originalText"] == "Is it?"
    assert Insight.objects.get().original_text == "Is it?"


def test_invalid_corrections_are_refused(say: Say, owner: User) -> None:
    """Unknown ids, empty texts and unknown reviews raise errors that name the allowed values, and store no event."""
    say("Is it?")
    before = Conversation.objects.get().last_event
    with pytest.raises(UnknownMessage):
        recorder.correct_message(uuid4(), "x", owner.pk)
    with pytest.raises(UnknownMessage):
        recorder.review_insight(uuid4(), "accepted", owner.pk)
    with pytest.raises(RecorderError, match="at least one character"):
        recorder.correct_message(Message.objects.get().id, " \x00 ", owner.pk)
    with pytest.raises(RecorderError, match="at least one character"):
        recorder.review_insight(Insight.objects.get().id, "accepted", owner.pk, " ")
    with pytest.raises(RecorderError, match="pending, accepted, rejected"):
        recorder.review_insight(Insight.objects.get().id, "liked", owner.pk)
    assert Conversation.objects.get().last_event == before


@pytest.fixture
def notified() -> Iterator[list[tuple[int, str]]]:
    """Return the list of notifications: numbers and kinds of events."""
    heard: list[tuple[int, str]] = []

    def receive(events: Sequence[StoredEvent], **signal: object) -> None:
        heard.extend((event.number, event.kind) for event in events)

    stored_afterwards.connect(receive)
    yield heard
    stored_afterwards.disconnect(receive)


@pytest.mark.django_db(transaction=True)
def test_notifications_follow_the_commit(say: Say, owner: User, notified: list[tuple[int, str]]) -> None:
    """Notifications are sent after the outermost transaction commits, and never after a rollback."""
    say("Is it?")
    notified.clear()
    number = Conversation.objects.get().last_event
    with transaction.atomic():
        recorder.correct_message(Message.objects.get().id, "Was it?", owner.pk)
        recorder.review_insight(Insight.objects.get().id, "accepted", owner.pk)
        assert notified == []
    assert notified == [(number + 1, "message_corrected"), (number + 2, "insight_reviewed")]
    with transaction.atomic():
        recorder.review_insight(Insight.objects.get().id, "rejected", owner.pk)
        transaction.set_rollback(True)
    recorder.review_insight(Insight.objects.get().id, "accepted", owner.pk)
    assert len(notified) == 2


@pytest.mark.django_db(transaction=True)
def test_a_failing_receiver_does_not_fail_the_correction(say: Say, owner: User, notified: list[tuple[int, str]]) -> None:
    """An exception in a receiver of the notification does not undo what is stored."""

    def fail(**signal: object) -> None:
        raise RuntimeError("away")

    stored_afterwards.connect(fail)
    say("Is it?")
    assert recorder.review_insight(Insight.objects.get().id, "accepted", owner.pk)
    stored_afterwards.disconnect(fail)
    assert len(notified) == 1


def test_custom_entities_are_found_again(say: Say, owner: User) -> None:
    """After a correction a message has the custom entities of its account and of its own request, where its new text has them."""
    managed.create_entities(owner.pk, [managed.EntityFields("Vehicle", "Honda", ("hrv", "crv"))])
    requested = CustomEntity("Office", ("HQ",), value="Bonn")
    say("The hrv is at HQ.", entities=(*managed.entities_of(owner.pk), requested))
    recorder.correct_message(Message.objects.get().id, "The CRV was at the HQ of Ada.", owner.pk)
    found = [(one.type, one.text, one.offset, one.value.get("value")) for one in Entity.objects.order_by("offset")]
    assert found == [("custom", "CRV", 4, "crv"), ("custom", "HQ", 19, "Bonn"), ("person", "Ada", 25, None)]
    recorder.correct_message(Message.objects.get().id, "Nothing.", owner.pk)
    assert not Entity.objects.exists()
