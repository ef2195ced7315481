"""What people change afterwards."""

from collections.abc import Iterator, Sequence
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from insights import queries, recorder
from insights.models import Conversation, Entity, Insight, Message
from insights.recorder import Joined, RecorderError, StoredEvent, UnknownMessage, stored_afterwards
from tests.insights.conftest import Say


def test_a_correction_keeps_the_original(joined: Joined, say: Say, stranger: User) -> None:
    """New wording, the heard wording, who and when; entities and sentiment are those of the new wording; and it is an event."""
    say("Eda will send it tomorrow.")
    message = Message.objects.get()
    (event,) = recorder.correct_message(message.id, " Ada will be good. ", stranger.pk)
    message.refresh_from_db()
    assert (message.text, message.original_text) == ("Ada will be good.", "Eda will send it tomorrow.")
    assert message.corrected_by == stranger
    assert message.corrected_at is not None
    assert message.sentiment == 0.5
    assert [entity.text for entity in Entity.objects.all()] == ["Ada"]
    assert event.kind == "message_corrected"
    assert event.payload["message"]["text"] == "Ada will be good."
    assert event.payload["message"]["originalText"] == "Eda will send it tomorrow."
    assert queries.events_after(joined.conversation_id, event.number - 1) == [event]


def test_a_second_correction_keeps_what_was_heard(say: Say, owner: User) -> None:
    """The original is what the recogniser heard, not the wording in between."""
    say("One.")
    message = Message.objects.get()
    recorder.correct_message(message.id, "Two.", owner.pk)
    recorder.correct_message(message.id, "Three.", owner.pk)
    assert Message.objects.get().original_text == "One."


def test_the_same_wording_is_no_event(say: Say, owner: User) -> None:
    """Saving without a change changes nothing."""
    say("One.")
    assert recorder.correct_message(Message.objects.get().id, "One.", owner.pk) == []
    assert Message.objects.get().corrected_at is None


def test_corrected_words_count_for_topics(joined: Joined, say: Say, owner: User) -> None:
    """After a correction the next utterance counts the new wording."""
    say("The bucket report is long.")
    recorder.correct_message(Message.objects.get().id, "The budget report is long.", owner.pk)
    events = say("The budget report is short.")
    topics = {topic["text"]: topic["messageIds"] for event in events if event.kind == "topics" for topic in event.payload["topics"]}
    assert len(topics["budget report"]) == 2


def test_a_review_has_who_and_when(say: Say, stranger: User) -> None:
    """Accepting and rejecting are noted with the person and the time, and told; pending again clears both."""
    say("Is it?")
    insight = Insight.objects.get()
    for verdict in ("accepted", "rejected"):
        (event,) = recorder.review_insight(insight.id, verdict, stranger.pk)
        insight.refresh_from_db()
        assert (insight.review, insight.reviewed_by) == (verdict, stranger)
        assert event.kind == "insight_reviewed"
        assert event.payload["insight"]["review"] == verdict
        assert event.payload["insight"]["reviewedAt"].endswith("Z")
    recorder.review_insight(insight.id, "pending", stranger.pk)
    insight.refresh_from_db()
    assert (insight.reviewed_by, insight.reviewed_at) == (None, None)


def test_the_same_verdict_again_is_no_event(say: Say, owner: User) -> None:
    """Accepting twice keeps the first time."""
    say("Is it?")
    insight = Insight.objects.get()
    recorder.review_insight(insight.id, "accepted", owner.pk)
    assert recorder.review_insight(insight.id, "accepted", owner.pk) == []


def test_an_insight_can_be_reworded(say: Say, owner: User) -> None:
    """New wording keeps the found one."""
    say("Is it?")
    (event,) = recorder.review_insight(Insight.objects.get().id, "accepted", owner.pk, "Is it done?")
    assert event.payload["insight"]["text"] == "Is it done?"
    assert event.payload["insight"]["originalText"] == "Is it?"
    assert Insight.objects.get().original_text == "Is it?"


def test_nonsense_is_refused(say: Say, owner: User) -> None:
    """Unknown ids, empty wording and unknown verdicts are errors that name what is allowed, and leave no event."""
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
def rung() -> Iterator[list[tuple[int, str]]]:
    """What the bell rang for: numbers and kinds of events."""
    heard: list[tuple[int, str]] = []

    def hear(events: Sequence[StoredEvent], **signal: object) -> None:
        heard.extend((event.number, event.kind) for event in events)

    stored_afterwards.connect(hear)
    yield heard
    stored_afterwards.disconnect(hear)


@pytest.mark.django_db(transaction=True)
def test_the_bell_rings_once_it_is_committed(say: Say, owner: User, rung: list[tuple[int, str]]) -> None:
    """Corrections and reviews are told after the outermost transaction, never before; one that is rolled back is not told."""
    say("Is it?")
    rung.clear()
    number = Conversation.objects.get().last_event
    with transaction.atomic():
        recorder.correct_message(Message.objects.get().id, "Was it?", owner.pk)
        recorder.review_insight(Insight.objects.get().id, "accepted", owner.pk)
        assert rung == []
    assert rung == [(number + 1, "message_corrected"), (number + 2, "insight_reviewed")]
    with transaction.atomic():
        recorder.review_insight(Insight.objects.get().id, "rejected", owner.pk)
        transaction.set_rollback(True)
    recorder.review_insight(Insight.objects.get().id, "accepted", owner.pk)
    assert len(rung) == 2


@pytest.mark.django_db(transaction=True)
def test_a_listener_that_fails_fails_nobody(say: Say, owner: User, rung: list[tuple[int, str]]) -> None:
    """What was stored is stored, whatever becomes of the telling."""

    def fail(**signal: object) -> None:
        raise RuntimeError("away")

    stored_afterwards.connect(fail)
    say("Is it?")
    assert recorder.review_insight(Insight.objects.get().id, "accepted", owner.pk)
    stored_afterwards.disconnect(fail)
    assert len(rung) == 1
