"""Typed events: stored events are parsed, also those of other versions."""

import json
from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from insights import queries, recorder
from insights.events import ConversationEvent, InsightReviewed, Kind, MessagesStored, UnknownEvent, dump, parse
from insights.models import Conversation, Event
from streaming.protocols.symbl import View, render_event
from tests.insights.api.conftest import Api, token_of
from tests.insights.conftest import opening
from tests.streaming.protocols.samples import insight, message, topic, tracker

OLD_ROWS = json.loads((Path(__file__).parent / "events_0_1.json").read_text())
"""A conversation as the recorder of version 0.1 (before events were typed) stored it."""

SAMPLES = {
    Kind.CONVERSATION_CREATED: {"conversationId": "42", "name": "Planning", "startedAt": "2026-11-20T09:00:00.000Z"},
    Kind.MEMBER_JOINED: {"member": {"id": "7", "name": "Jane", "userId": "jane", "email": ""}},
    Kind.MESSAGES: {"messages": [message(), message(member=None, speaker={"id": "s1", "number": 2})]},
    Kind.INSIGHTS: {"insights": [insight(), insight(dueBy=None, assignee=None)]},
    Kind.TOPICS: {"topics": [topic(), topic() | {"parent": "phone"}]},
    Kind.TRACKERS: {"trackers": [tracker()]},
    Kind.MESSAGE_CORRECTED: {"message": message("Hello.", originalText="Hullo.", speaker={"id": "s1", "number": 2})},
    Kind.MESSAGE_DELETED: {"message": message("", words=[], entities=[])},
    Kind.INSIGHT_REVIEWED: {"insight": insight(originalText="", review="rejected", reviewedAt="2026-11-20T09:00:00.000Z")},
    Kind.INSIGHT_DELETED: {"insight": insight(originalText="", review="pending", reviewedAt=None)},
    Kind.CONVERSATION_CHANGED: {"conversationId": "42", "name": "Budget", "metadata": {"agent": "Jane"}, "changedBy": "jane"},
    Kind.MEMBER_CHANGED: {"member": {"id": "7", "name": "Jane", "userId": "jane", "email": ""}, "changedBy": "jane"},
    Kind.BOOKMARK_CHANGED: {
        "bookmark": {
            "id": "1000000000000001",
            "label": "Budget",
            "description": "",
            "user": {"name": "Jane", "userId": "jane", "email": ""},
            "beginTimeOffset": 1.5,
            "duration": 2.0,
            "messageIds": [],
        },
        "changedBy": "jane",
    },
    Kind.BOOKMARK_DELETED: {"bookmarkId": "1000000000000001", "changedBy": "jane"},
    Kind.MESSAGES_MOVED: {"member": None, "messageIds": ["1", "2"], "changedBy": "jane"},
    Kind.AUDIO_RECORDING: {
        "conversationId": "42",
        "audioId": "a1",
        "sessionId": "s1",
        "member": {"id": "7", "name": "Jane", "userId": "jane", "email": ""},
    },
    Kind.CONVERSATION_COMPLETED: {"conversationId": "42", "endedAt": "2026-11-20T09:00:00.000Z"},
}


def test_there_is_one_class_for_each_kind() -> None:
    """Each kind has one class, and each class except the one for unknown kinds has one kind."""
    classes = [one for one in get_args(ConversationEvent) if one is not UnknownEvent]
    assert sorted(one.kind for one in classes) == sorted(Kind)
    assert {type(parse(kind, payload)) for kind, payload in SAMPLES.items()} == set(classes)


@pytest.mark.parametrize("kind", list(Kind))
def test_dumped_events_are_parsed_back(kind: Kind) -> None:
    """Parsing loses nothing of a dumped payload, and the dump is JSON."""
    event = parse(kind, SAMPLES[kind])
    assert (event.kind, dump(event)) == (kind, SAMPLES[kind])
    assert parse(kind, json.loads(json.dumps(dump(event)))) == event


@pytest.mark.parametrize("kind", list(Kind))
def test_symbl_sockets_render_every_kind(kind: Kind) -> None:
    """Every kind except a joining member has a message for a subscriber that wants everything."""
    told = render_event(parse(kind, SAMPLES[kind]), 1, View(sentiment=True, entities=True))
    assert bool(told) is (kind is not Kind.MEMBER_JOINED)


@pytest.mark.parametrize("row", OLD_ROWS, ids=lambda row: f"{row['number']} {row['kind']}")
def test_rows_of_version_0_1_are_read_whole(row: dict[str, object]) -> None:
    """Every row of an earlier version has a known kind, and no field is lost."""
    event = parse(row["kind"], row["payload"])  # type: ignore[arg-type]
    assert not isinstance(event, UnknownEvent)
    assert dump(event) == row["payload"]


def test_the_rows_of_version_0_1_have_every_kind_of_then() -> None:
    """The sample has all kinds of version 0.1, which had no deletions no bookmarks and no edits of conversations and members."""
    assert {row["kind"] for row in OLD_ROWS} == set(Kind) - {
        Kind.MESSAGE_DELETED,
        Kind.INSIGHT_DELETED,
        Kind.BOOKMARK_CHANGED,
        Kind.BOOKMARK_DELETED,
        Kind.CONVERSATION_CHANGED,
        Kind.MEMBER_CHANGED,
        Kind.MESSAGES_MOVED,
        Kind.AUDIO_RECORDING,
    }


def stored_rows(owner: User, rows: list[dict[str, object]]) -> Conversation:
    """Return a conversation with these rows as events."""
    joined = recorder.open_conversation(opening(owner))
    Event.objects.filter(conversation_id=joined.conversation_id).delete()
    for row in rows:
        at = datetime.fromisoformat(str(row["at"]))
        Event.objects.create(
            conversation_id=joined.conversation_id, number=row["number"], kind=row["kind"], payload=row["payload"], created_at=at
        )
    Conversation.objects.filter(id=joined.conversation_id).update(last_event=len(rows))
    return Conversation.objects.get(id=joined.conversation_id)


def test_rows_of_version_0_1_are_replayed(owner: User) -> None:
    """A replay gives the corrected text and the restored insight, and REST gives the same rows."""
    conversation = stored_rows(owner, OLD_ROWS)
    messages, insights = {}, {}
    for stored in queries.events_after(conversation.id, 0):
        for told in render_event(stored.event, stored.number, View()):
            messages |= {one["id"]: one for one in told.get("messages", ())}
            insights |= {one["id"]: one for one in told.get("insights", ())}
    texts = [one["payload"]["content"] for one in messages.values()]
    assert texts[0] == "Shall we begin with the budget?"
    assert len(texts) == 4
    assert [(one["payload"]["content"], one["dismissed"]) for one in insights.values()][0] == ("Shall we begin?", False)
    answer = Api(token_of(owner), conversation.id).read("/events")
    assert [(one["number"], one["kind"], one["payload"]) for one in answer["events"]] == [
        (row["number"], row["kind"], row["payload"]) for row in OLD_ROWS
    ]


def test_missing_and_unknown_fields_are_accepted() -> None:
    """Missing fields get defaults, and unknown fields are ignored."""
    times = {"startTime": "2026-11-20T09:00:00.000Z", "endTime": "2026-11-20T09:00:01.000Z"}
    event = parse("messages", {"messages": [{"id": "m", "text": "Hi.", **times, "mood": "calm"}], "more": 1})
    assert isinstance(event, MessagesStored)
    said = event.messages[0]
    assert (said.text, said.member, said.speaker, said.words) == ("Hi.", None, None, ())
    event = parse("insight_reviewed", {"insight": {"id": "i", "type": "question", "text": "Why?", "messageId": "m"}})
    assert isinstance(event, InsightReviewed)
    assert event.insight.review == "pending"


def test_unknown_rows_do_not_stop_a_replay(owner: User) -> None:
    """An unknown kind or payload keeps its number and is not sent."""
    secret = {"words": "zeppelin"}
    rows = [
        *OLD_ROWS[:2],
        {"number": 3, "kind": "hologram", "payload": secret, "at": OLD_ROWS[0]["at"]},
        {"number": 4, "kind": "messages", "payload": secret, "at": OLD_ROWS[0]["at"]},
        {**OLD_ROWS[2], "number": 5},
    ]
    conversation = stored_rows(owner, rows)
    stored = queries.events_after(conversation.id, 0)
    assert [type(one.event) for one in stored[2:4]] == [UnknownEvent, UnknownEvent]
    assert [one.number for one in stored] == [1, 2, 3, 4, 5]
    assert [render_event(one.event, one.number, View()) for one in stored[2:4]] == [[], []]
    answer = Api(token_of(owner), conversation.id).read("/events")
    assert [one["payload"] for one in answer["events"][2:4]] == [{}, {}]
    assert [one["number"] for one in answer["events"]] == [1, 2, 3, 4, 5]
    assert answer["lastEvent"] == 5


@given(st.sampled_from(list(Kind)), st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_no_payload_is_an_error(kind: Kind, value: object) -> None:
    """Any payload is parsed to an event."""
    payload = {name: value for name in ("messages", "message", "insights", "insight", "topics", "trackers", "member", "conversationId")}
    assert parse(kind, payload).kind == kind
