"""Corrected words are searched for the trackers of their conversation."""

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from insights import managed, recorder
from insights.analysis.trackers import Tracker
from insights.managed import TrackerFields
from insights.models import Conversation, Message, TrackerMatch
from insights.recorder import Joined, Listening
from tests.insights.conftest import opening, utterance

PRICES = Tracker("Prices", ("price list", "quokka"), "7")


@pytest.fixture
def talk(owner: User) -> Joined:
    """Return a conversation with two trackers, one brought by the speaker and one of the account, and a message without matches."""
    managed.create_trackers(owner.pk, [TrackerFields("Contracts", ["contract"])])
    joined = recorder.open_conversation(opening(owner, trackers=(PRICES,), all_trackers=True))
    recorder.record(joined.conversation_id, utterance("Send me the nice list.", joined.started_at), Listening())
    assert not TrackerMatch.objects.exists()
    return joined


def matches() -> set[tuple[str, str, int]]:
    """Return tracker, phrase and offset of the matches, without those of the trackers that every installation has."""
    mine = TrackerMatch.objects.filter(tracker_name__in=("Prices", "Contracts", "Dates"))
    return set(mine.values_list("tracker_name", "value", "offset"))


def test_new_words_are_found_and_the_undo_removes_them(talk: Joined, owner: User) -> None:
    """Trackers of the request and of the account match; the event has the new matches; undo and its undo agree."""
    message = Message.objects.get()
    edited = recorder.edit_message(message.id, owner.pk, text="Send me the price list and the contract.")
    found = {("Prices", "price list", 12), ("Contracts", "contract", 31)}
    assert matches() == found
    kinds = [event.kind for event in edited.events]
    assert kinds == ["message_corrected", "trackers"]
    trackers = edited.events[1].payload["trackers"]
    assert {one["name"] for one in trackers} >= {"Prices", "Contracts"}
    assert {found["messageRefs"][0]["id"] for one in trackers for found in one["matches"]} == {str(message.id)}
    assert edited.change_id is not None
    undone = recorder.undo(edited.change_id, owner.pk)
    assert matches() == set()
    assert undone.change_id is not None
    recorder.undo(undone.change_id, owner.pk)
    assert matches() == found


def test_a_match_that_stays_is_no_event(talk: Joined, owner: User) -> None:
    """It moves to its words; only what is new is sent, and what is gone goes."""
    message = Message.objects.get()
    recorder.edit_message(message.id, owner.pk, text="The quokka is here.")
    edited = recorder.edit_message(message.id, owner.pk, text="Here is the quokka.")
    assert matches() == {("Prices", "quokka", 12)}
    assert [event.kind for event in edited.events] == ["message_corrected"]
    recorder.edit_message(message.id, owner.pk, text="Here is nothing.")
    assert matches() == set()


def test_all_speakers_and_imports_add_trackers(talk: Joined, owner: User) -> None:
    """A tracker with the name of an earlier one replaces it; others are added, once."""
    recorder.open_conversation(opening(owner, trackers=(Tracker("Prices", ("rebate",)), Tracker("Dates", ("next week",)))))
    recorder.use_trackers(talk.conversation_id, (Tracker("Dates", ("next week",)),), all_trackers=False)
    conversation = Conversation.objects.get()
    assert conversation.all_trackers
    assert [(one["name"], one["vocabulary"]) for one in conversation.trackers] == [("Prices", ["rebate"]), ("Dates", ["next week"])]
    recorder.edit_message(Message.objects.get().id, owner.pk, text="A rebate and a quokka next week.")
    assert {name for name, _, _ in matches()} == {"Prices", "Dates"}
    assert "quokka" not in {value for _, value, _ in matches()}


def test_several_messages_are_one_change_with_the_same_results(
    talk: Joined, owner: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Words, entities and tracker matches of each are as after an edit of its own, in about as many queries as one edit takes."""
    for text in ("Call me tomorrow.", "The nice list is long.", "Nothing."):
        recorder.record(talk.conversation_id, utterance(text, talk.started_at), Listening())
    messages = list(Message.objects.order_by("number"))
    texts = {one.id: one.text.replace("nice", "price").replace("Nothing", "Quokka") for one in messages}
    with django_assert_max_num_queries(45):
        edited = recorder.edit_texts(talk.conversation_id, texts, owner.pk)
    together = _contents()
    assert [event.kind for event in edited.events] == ["message_corrected"] * 3 + ["trackers"]
    assert Message.objects.exclude(original_text="").count() == 3
    assert edited.change_id is not None
    recorder.undo(edited.change_id, owner.pk)
    assert matches() == set()
    assert [one.text for one in Message.objects.order_by("number")] == [one.text for one in messages]
    for one in messages:
        recorder.edit_message(one.id, owner.pk, text=texts[one.id])
    assert _contents() == together
    assert matches() == {("Prices", "price list", 12), ("Prices", "price list", 4), ("Prices", "quokka", 0)}


def _contents() -> list[tuple[object, ...]]:
    """Return text, sentiment, phrases, entities and matches of all messages."""
    return [
        (
            one.text,
            one.sentiment,
            one.phrases,
            sorted(one.entities.values_list("type", "text", "offset")),
            sorted(one.tracker_matches.values_list("tracker_name", "value", "text", "offset")),
        )
        for one in Message.objects.order_by("number")
    ]
