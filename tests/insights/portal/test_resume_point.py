"""The resume point of a speaker whose connection was lost."""

import uuid
from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone

from insights.models import Conversation, LiveSession
from tests.insights.conftest import age_process, process
from tests.insights.portal.conftest import START, MakeConversation


def test_it_has_the_end_of_the_members_last_message(user_client: Client, make_conversation: MakeConversation) -> None:
    """Only the member's own last message counts."""
    make_conversation(lines=[("Ada", "One."), ("Ada", "Two."), ("Bob", "Three.")], live=True, connection="room")
    answer = user_client.get("/resume-point/room/?speaker=Ada").json()
    assert answer["live"] is True
    assert datetime.fromisoformat(answer["until"]) == START + timedelta(seconds=24)
    assert answer["seen"] is None
    conversation = Conversation.objects.get()
    assert datetime.fromisoformat(answer["conversation"].pop("startedAt")) == conversation.started_at
    assert answer["conversation"] == {"id": str(conversation.pk), "title": conversation.name}


def test_it_names_an_unfinished_session(user_client: Client, make_conversation: MakeConversation) -> None:
    """The age of the session's last heartbeat is in seconds."""
    conversation = make_conversation(lines=[("Ada", "One.")], live=True, connection="room")
    now = timezone.now()
    LiveSession.objects.create(
        id=uuid.uuid4(), conversation=conversation, member=conversation.members.get(), process_id=process(), joined_at=now
    )
    age_process(3)
    assert 3 <= user_client.get("/resume-point/room/?speaker=Ada").json()["seen"] < 90
    assert user_client.get("/resume-point/room/?speaker=Bob").json()["seen"] is None


def test_a_page_of_version_0_1_finds_it(user_client: Client, make_conversation: MakeConversation) -> None:
    """The former address answers, without a redirect, which such a page takes for a sign-out."""
    make_conversation(lines=[("Ada", "One.")], live=True, connection="room")
    former = user_client.get("/heard/room/?speaker=Ada")
    assert former.status_code == 200
    assert former.json() | {"now": ""} == user_client.get("/resume-point/room/?speaker=Ada").json() | {"now": ""}


def test_without_a_live_conversation_it_is_empty(user_client: Client, other_client: Client, make_conversation: MakeConversation) -> None:
    """Ended, unknown and other users' conversations get the same response."""
    make_conversation(lines=[("Ada", "One.")], connection="over")
    make_conversation(lines=[("Ada", "One.")], connection="room", live=True)
    for client, room in ((user_client, "over"), (user_client, "unknown"), (other_client, "room")):
        answer = client.get(f"/resume-point/{room}/?speaker=Ada").json()
        assert (answer["live"], answer["until"], answer["seen"], answer["conversation"]) == (False, None, None, None)


def test_the_response_has_the_servers_clock_and_is_not_cached(user_client: Client) -> None:
    """The page compares the server's clock with its own."""
    answer = user_client.get("/resume-point/room/?speaker=%00")
    assert abs(datetime.fromisoformat(answer.json()["now"]) - timezone.now()) < timedelta(seconds=60)
    assert "no-store" in answer.headers["Cache-Control"]
