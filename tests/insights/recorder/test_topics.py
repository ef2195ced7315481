"""The topic counts that a process keeps of its conversations."""

from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from insights import recorder
from insights.models import Conversation, Message, Topic
from insights.recorder import Joined, record_results, topics
from tests.insights.conftest import Say, opening


def sent_topics(say: Say, text: str) -> dict[str, list[str]]:
    """Record a message and return the topics in its events, with their messages."""
    events = say(text)
    return {topic["text"]: topic["messageIds"] for event in events if event.kind == "topics" for topic in event.payload["topics"]}


def test_a_restarted_process_catches_up(joined: Joined, say: Say) -> None:
    """After a restart the counts are those of the stored messages."""
    first = sent_topics(say, "The budget report is late.")["budget report"]
    topics.forget(joined.conversation_id)
    again = sent_topics(say, "The budget report is long.")["budget report"]
    assert again[:1] == first
    assert len(again) == 2


def test_events_of_others_do_not_lose_topics(joined: Joined, say: Say, owner: User) -> None:
    """An event in between, such as a join, does not change the counts."""
    sent_topics(say, "The budget report is late.")
    recorder.open_conversation(opening(owner, speaker=recorder.SpeakerIdentity("b", "Ben")))
    assert len(sent_topics(say, "The budget report is long.")["budget report"]) == 2


def test_events_of_a_long_conversation_stay_small(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event names the first and the latest messages of a topic; all events together name all of them."""
    monkeypatch.setattr(topics, "MOST_EVENT_MESSAGES", 4)
    events = [sent_topics(say, f"The budget report is late, part {number}.")["budget report"] for number in range(12)]
    in_order = [str(identity) for identity in Message.objects.order_by("number").values_list("id", flat=True)]
    assert events[1] == in_order[:2]
    assert events[-1] == [in_order[0], *in_order[-3:]]
    assert {identity for event in events for identity in event} == set(in_order)


def test_all_new_messages_are_named(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event names all new messages of a topic, above the usual limit too."""
    monkeypatch.setattr(topics, "MOST_EVENT_MESSAGES", 2)
    events = sent_topics(say, " ".join("The budget report is late." for _ in range(9)))
    assert len(events["budget report"]) == 9


def test_ended_conversations_are_dropped(joined: Joined, say: Say) -> None:
    """An ended conversation takes no memory."""
    sent_topics(say, "The budget report is late.")
    assert joined.conversation_id in topics._cache
    recorder.close_due(joined.started_at + timedelta(days=366), 0)
    assert Conversation.objects.get().ended_at is not None
    assert joined.conversation_id not in topics._cache


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversation that was longest without speech is dropped first."""
    monkeypatch.setattr(topics, "MOST_REMEMBERED", 2)
    monkeypatch.setattr(topics, "_cache", type(topics._cache)())
    for number in (1, 2, 1, 3):
        with topics.remembered(number):
            pass
    assert list(topics._cache) == [1, 3]


def test_scores_of_old_topics_fall(say: Say) -> None:
    """The score of an early topic falls as the conversation continues."""
    say("The zeppelin has landed.")
    before = Topic.objects.get(text="zeppelin").score
    for _ in range(6):
        say("The budget report about the launch plan mentions the quarterly budget report and the launch plan.")
    assert Topic.objects.get(text="zeppelin").score < before
    assert Topic.objects.order_by("-score")[0].text != "zeppelin"


def test_a_correction_during_recording(say: Say, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """An utterance recorded at the same time as a correction counts for the topics."""
    say("The budget report is late.")
    first = Message.objects.get().id
    write = record_results.write_transaction
    corrections = [lambda: recorder.correct_message(first, "The budget memo is late.", owner.pk)]

    def correct_first() -> AbstractContextManager[None]:
        while corrections:
            corrections.pop()()
        return write()

    monkeypatch.setattr(record_results, "write_transaction", correct_first)
    say("The zebra census begins.")
    assert "zebra census" in set(Topic.objects.values_list("text", flat=True))
