"""Recording final results."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from insights import analysis, queries, recorder
from insights.analysis.custom_entities import CustomEntity
from insights.analysis.pipeline import analyse
from insights.analysis.trackers import Tracker
from insights.insight_kinds import ACTION_ITEM, KindName
from insights.models import Entity, Event, Insight, Message, TopicReference, TrackerMatch
from insights.recorder import Joined, Listening, SpeakerIdentity, StoredEvent, UnknownConversation, UnknownMember
from insights.recorder import record_results as module
from tests.insights.conftest import Say, opening, utterance


def of(events: list[StoredEvent], kind: str) -> list[dict[str, object]]:
    """Return the items of the events of one kind."""
    return next((event.payload[kind] for event in events if event.kind == kind), [])


def test_one_message_per_sentence(joined: Joined, say: Say) -> None:
    """A turn of two sentences gives one event with two numbered messages."""
    events = say("Hello there. How are you?")
    messages = of(events, "messages")
    assert [(m["number"], m["text"]) for m in messages] == [(1, "Hello there."), (2, "How are you?")]
    assert [(m.number, m.text) for m in Message.objects.all()] == [(1, "Hello there."), (2, "How are you?")]
    assert messages[0]["member"] == joined.member.dump()
    assert messages[0]["offset"] == 5.0
    assert messages[0]["duration"] == 1.0


def test_events_are_in_order_of_kind_and_numbered(joined: Joined, say: Say) -> None:
    """The order is messages, insights, topics, trackers, with consecutive numbers."""
    events = say("Ada will send the budget report tomorrow. Shall we?", trackers=(Tracker("Money", ("budget",)),))
    assert [event.kind for event in events] == ["messages", "insights", "topics", "trackers"]
    assert [event.number for event in events] == [3, 4, 5, 6]


def test_payloads_are_what_is_stored(joined: Joined, say: Say) -> None:
    """The returned payloads equal those read from the database, and are JSON."""
    events = say("Ada will send the budget report tomorrow. Shall we?", trackers=(Tracker("Money", ("budget",)),))
    assert queries.events_after(joined.conversation_id, 2) == events
    assert all(json.loads(json.dumps(event.payload)) == event.payload for event in events)


def test_insights_are_complete(joined: Joined, say: Say) -> None:
    """An action item has its assignee, due date, tags, phrase and message."""
    events = say("Ada will send the report tomorrow.")
    (insight,) = of(events, "insights")
    (message,) = of(events, "messages")
    assert insight["type"] == "action_item"
    assert insight["messageId"] == message["id"]
    assert insight["assignee"] == insight["member"] == joined.member.dump()
    assert str(insight["dueBy"]).endswith("Z")
    assert insight["actionPhrase"] == "send the report tomorrow"
    assert joined.member is not None
    person = {"name": "Ada", "alias": "Ada", "id": joined.member.id, "userId": "ada@example.org", "assignee": True}
    assert insight["tags"] == [
        {"type": "person", "text": "Ada", "beginOffset": 0, "value": {"value": person}},
        {"type": "date", "text": "tomorrow", "beginOffset": 25, "value": {"value": {"datetime": "2026-03-03"}}},
    ]
    assert [entity["type"] for entity in insight["entities"]] == ["person", "date"]  # type: ignore[attr-defined]
    assert Entity.objects.count() == 2


def test_an_assignee_who_is_no_member_is_a_name(say: Say) -> None:
    """An assignee who is no member is stored by name."""
    (insight,) = of(say("Zoe will call."), "insights")
    assert insight["assignee"] == {"id": "", "name": "Zoe", "userId": "", "email": ""}
    assert Insight.objects.get().assignee is None


def test_insights_below_the_threshold_are_not_stored(say: Say) -> None:
    """Insights below the speaker's confidence threshold are not stored; insights at the threshold are."""
    assert of(say("Or maybe not."), "insights") == []
    assert [i["type"] for i in of(say("Or maybe not.", confidence_threshold=0.2), "insights")] == ["follow_up"]


def test_a_vocabulary_correction_keeps_the_recognised_text(say: Say) -> None:
    """A message corrected by the vocabulary also stores the recognised text."""
    (message,) = of(say("This is about par lay today.", vocabulary=("Parley",)), "messages")
    assert message["text"] == "This is about Parley today."
    assert message["originalText"] == "This is about par lay today."


def test_topics_are_sent_once(say: Say) -> None:
    """A topic is in an event only when it is new or changed, with its messages so far."""
    first = of(say("The budget report is about the budget report."), "topics")
    assert first
    again = {topic["text"]: topic for topic in of(say("Back to the budget report."), "topics")}
    told = next(topic for topic in first if topic["text"] in again)
    assert again[told["text"]]["id"] == told["id"]
    assert len(again[told["text"]]["messageIds"]) == 2  # type: ignore[arg-type]
    assert TopicReference.objects.filter(topic_id=told["id"]).count() == 2


def test_tracker_hits_refer_to_messages_and_insights(say: Say) -> None:
    """A phrase in a question is a hit in the message and in the insight."""
    events = say("What is the budget?", trackers=(Tracker("Money", ("budget",), "t-1"),))
    (tracker,) = of(events, "trackers")
    assert (tracker["id"], tracker["name"]) == ("t-1", "Money")
    (match,) = tracker["matches"]  # type: ignore[misc]
    assert [(ref["text"], ref["offset"]) for ref in match["messageRefs"]] == [("What is the budget?", 12)]
    assert [(ref["type"], ref["offset"]) for ref in match["insightRefs"]] == [("question", 12)]
    assert TrackerMatch.objects.count() == 2


def test_trackers_without_id_get_a_stable_one(say: Say) -> None:
    """The same tracker name has the same id in every event."""
    tracker = (Tracker("Money", ("budget",)),)
    (first,) = of(say("The budget.", trackers=tracker), "trackers")
    (second,) = of(say("A budget.", trackers=tracker), "trackers")
    assert first["id"] == second["id"] != ""


def test_blank_text_is_no_event(joined: Joined, say: Say) -> None:
    """Blank text stores no event and uses no number."""
    assert say("  ") == []
    assert Event.objects.count() == joined.cursor


def test_an_utterance_after_the_end_is_stored(joined: Joined, owner: User, say: Say) -> None:
    """An utterance that arrives after the end of the conversation is stored."""
    sweep = joined.started_at + timedelta(hours=1)
    recorder.close_due(sweep, 0)
    assert [event.kind for event in say("One more thing.")][0] == "messages"


def test_a_session_without_a_speaker(joined: Joined, plain_analysis: None) -> None:
    """A session without a speaker has messages without a member."""
    events = recorder.record(joined.conversation_id, utterance("Hello.", joined.started_at), Listening())
    assert of(events, "messages")[0]["member"] is None


def test_unknown_conversation_and_member(joined: Joined, owner: User) -> None:
    """An unknown conversation and a member of another conversation are refused, and nothing is stored."""
    other = recorder.open_conversation(opening(owner, "elsewhere", speaker=SpeakerIdentity("x", "X")))
    said = utterance("Hello.", joined.started_at)
    with pytest.raises(UnknownConversation):
        recorder.record(1, said, Listening())
    assert other.member is not None
    with pytest.raises(UnknownMember):
        recorder.record(joined.conversation_id, said, Listening(member_id=other.member.id))
    assert not Message.objects.exists()


def test_an_error_rolls_back_the_utterance(joined: Joined, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the transaction rolls it back, and the next utterance gets the same number."""
    say("The budget report comes first.")
    before = queries.events_after(joined.conversation_id, 0)
    with monkeypatch.context() as patch:
        patch.setattr(module, "message_snapshot", lambda message, entities: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            say("The budget report is lost.")
    assert queries.events_after(joined.conversation_id, 0) == before
    events = say("The budget report is back.")
    assert events[0].number == before[-1].number + 1
    assert of(events, "messages")[0]["number"] == 2
    told = [identity for topic in of(events, "topics") for identity in topic["messageIds"]]  # type: ignore[attr-defined]
    assert set(told) == {str(identity) for identity in Message.objects.values_list("id", flat=True)}


def test_words_are_stored_when_the_analysis_fails(say: Say, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """When the analysis raises, the message is stored, and the log has the error without the words."""

    def broken(*args: object) -> None:
        raise ValueError("cannot understand zeppelin")

    monkeypatch.setattr(analysis, "analyse", broken)
    (message,) = of(say("The zeppelin has landed."), "messages")
    assert message["text"] == "The zeppelin has landed."
    assert "ValueError" in caplog.text
    assert "zeppelin" not in caplog.text


def test_the_trained_analysis_is_used(joined: Joined) -> None:
    """The shipped analysis finds the question, its date and its topics."""
    said = utterance("Can you send the budget report by tomorrow?", joined.started_at)
    events = recorder.record(joined.conversation_id, said, Listening())
    assert "question" in [insight["type"] for insight in of(events, "insights")]
    (message,) = of(events, "messages")
    assert [entity["text"] for entity in message["entities"]] == ["tomorrow"]  # type: ignore[attr-defined]
    assert "budget report" in [topic["text"] for topic in of(events, "topics")]


def test_the_number_of_statements_does_not_grow(say: Say, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    """A turn of many sentences takes as many statements as a short one."""
    say("The budget is good. Ada will send the budget report tomorrow.")
    with django_assert_max_num_queries(18):
        say("Ada will do one. Ada will do two? Is the budget good? " * 5, trackers=(Tracker("Money", ("budget",)),))


def test_a_note_is_an_insight(say: Say) -> None:
    """A note is an insight of the given type, whatever the analysis detects; a detected duplicate is dropped."""
    (noted,) = of(say("Milk.", noted=ACTION_ITEM), "insights")
    assert (noted["type"], noted["text"], noted["confidence"]) == ("action_item", "Milk.", 1.0)
    assert {"key": "source", "value": "note"} in noted["hints"]  # type: ignore[operator]
    (found,) = of(say("Ada will send the report tomorrow.", noted=ACTION_ITEM), "insights")
    assert found["actionPhrase"] == "send the report tomorrow"


def test_a_note_of_an_unknown_kind_is_refused(say: Say) -> None:
    """Only registered kinds are stored; the error names them."""
    joke = replace(ACTION_ITEM, name=KindName("joke"))
    with pytest.raises(recorder.UnknownKind, match="noted='joke' is no registered kind of insight; there are question, "):
        say("Milk.", noted=joke)
    assert not Message.objects.exists()


def test_the_open_conversation_of_a_user(joined: Joined, owner: User, other_user: User) -> None:
    """It is the user's newest live conversation."""
    found = queries.open_conversation_of(owner.pk)
    assert found is not None
    assert found.id == joined.conversation_id
    assert queries.open_conversation_of(other_user.pk) is None


def test_an_unsupported_language_is_only_transcribed(say: Say) -> None:
    """There are no insights, entities, topics or sentiment; trackers match exact words only."""
    trackers = (Tracker("Baja", ("cancelar contratos",)),)
    events = say("Ada will send the great report tomorrow, cancelar contratos.", trackers=trackers, language="pt-PT")
    assert [event.kind for event in events] == ["messages", "trackers"]
    (message,) = of(events, "messages")
    assert (message["entities"], message["sentiment"]) == ([], 0.0)
    assert of(say("Cancelar contrato.", trackers=trackers, language="pt-PT"), "trackers") == []


def test_similar_tracker_hits_have_no_offset(say: Say) -> None:
    """A similar hit has offset -1 in the message and in the insight; an exact hit has its offset in both."""

    def offsets(text: str, phrase: str) -> tuple[list[object], list[object]]:
        payload = next(event.payload for event in say(text, trackers=(Tracker("Money", (phrase,)),)) if event.kind == "trackers")
        (match,) = payload["trackers"][0]["matches"]
        return [ref["offset"] for ref in match["messageRefs"]], [ref["offset"] for ref in match["insightRefs"]]

    assert offsets("Is the report with the budget ready?", "budget report") == ([-1], [-1])
    assert offsets("Is a budget a budget?", "budget") == ([5, 14], [5, 14])


def test_a_relative_duration_is_a_date_tag(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """'In two weeks' is tagged with its day, relative to the time of speech."""
    monkeypatch.setattr(analysis, "analyse", analyse)
    payloads = {event.kind: event.payload for event in say("Ada will send the report in two weeks.")}
    said_at = datetime.fromisoformat(payloads["messages"]["messages"][0]["startTime"])
    day = (said_at + timedelta(weeks=2)).date().isoformat()
    insight = payloads["insights"]["insights"][0]
    assert {"type": "date", "text": "two weeks", "beginOffset": 28, "value": {"value": {"datetime": day}}} in insight["tags"]
    assert insight["dueBy"] == f"{day}T23:59:59.000Z"


def test_a_repeated_utterance_is_stored_once(joined: Joined, plain_analysis: None) -> None:
    """A retry after a lost database connection returns the same events, and keeps what was stored in between."""
    first, second = (utterance(text, joined.started_at) for text in ("Is it done? I will call Bob.", "Is the zeppelin there?"))
    told = recorder.record(joined.conversation_id, first, Listening())
    between = recorder.record(joined.conversation_id, second, Listening())
    stored = (Message.objects.count(), Insight.objects.count(), Event.objects.count())
    assert recorder.record(joined.conversation_id, first, Listening()) == told
    assert (Message.objects.count(), Insight.objects.count(), Event.objects.count()) == stored
    again = recorder.record(joined.conversation_id, replace(first, id=uuid4()), Listening())
    assert again[0].number == between[-1].number + 1
    assert Message.objects.count() == 5


def test_custom_entities_are_stored_with_their_types(joined: Joined, say: Say) -> None:
    """They are entities of the message and of its event, beside the others and in the order of the text; the mask is applied before."""
    honda = CustomEntity("Vehicle", ("hrv",), "Honda")
    events = say("Ada sold the HRV.", entities=(honda,))
    value = {"customType": "Vehicle", "subType": "Honda", "category": "Custom", "value": "hrv"}
    assert of(events, "messages")[0]["entities"][1] == {"type": "custom", "text": "HRV", "offset": 13, "value": value}
    assert [(one.type, one.text) for one in Entity.objects.order_by("offset")] == [("person", "Ada"), ("custom", "HRV")]
    masked = say("Ada sold it.", entities=(CustomEntity("Person", ("Ada",)),), mask="****")
    assert [entity["text"] for entity in of(masked, "messages")[0]["entities"]] == ["****"]
