"""What a speaker who lost the connection is told about what was heard."""

import uuid
from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone

from insights.models import LiveSession
from tests.insights.conftest import age_process, process
from tests.insights.portal.conftest import START, MakeConversation


def test_it_tells_how_far_this_member_was_heard(visitor: Client, make_conversation: MakeConversation) -> None:
    """Only the member's own last message counts."""
    make_conversation(lines=[("Ada", "One."), ("Ada", "Two."), ("Bob", "Three.")], live=True, connection="room")
    answer = visitor.get("/heard/room/?speaker=Ada").json()
    assert answer["live"] is True
    assert datetime.fromisoformat(answer["until"]) == START + timedelta(seconds=24)
    assert answer["seen"] is None


def test_it_tells_of_a_session_that_is_not_finished(visitor: Client, make_conversation: MakeConversation) -> None:
    """The age of its last heartbeat is in seconds."""
    conversation = make_conversation(lines=[("Ada", "One.")], live=True, connection="room")
    now = timezone.now()
    LiveSession.objects.create(
        id=uuid.uuid4(), conversation=conversation, member=conversation.members.get(), process_id=process(), joined_at=now
    )
    age_process(3)
    assert 3 <= visitor.get("/heard/room/?speaker=Ada").json()["seen"] < 90
    assert visitor.get("/heard/room/?speaker=Bob").json()["seen"] is None


def test_without_a_live_conversation_nothing_was_heard(
    visitor: Client, stranger_client: Client, make_conversation: MakeConversation
) -> None:
    """An ended one, an unknown one and somebody else's look the same."""
    make_conversation(lines=[("Ada", "One.")], connection="over")
    make_conversation(lines=[("Ada", "One.")], connection="room", live=True)
    for client, room in ((visitor, "over"), (visitor, "unknown"), (stranger_client, "room")):
        answer = client.get(f"/heard/{room}/?speaker=Ada").json()
        assert (answer["live"], answer["until"], answer["seen"]) == (False, None, None)


def test_the_answer_carries_the_servers_clock_and_is_never_kept(visitor: Client) -> None:
    """The page compares the clock with its own."""
    answer = visitor.get("/heard/room/?speaker=%00")
    assert abs(datetime.fromisoformat(answer.json()["now"]) - timezone.now()) < timedelta(seconds=60)
    assert "no-store" in answer.headers["Cache-Control"]
