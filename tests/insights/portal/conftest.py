"""Fixtures of the portal's tests: signed-in browsers, and conversations written directly into the tables."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights.models import Conversation, Insight, Member, Message
from tests.insights.conftest import speaker_of

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MakeConversation = Callable[..., Conversation]


@pytest.fixture
def user_client(user: User, client: Client) -> Client:
    """A browser that is signed in as `user`."""
    client.force_login(user)
    return client


@pytest.fixture
def other_client(other_user: User) -> Client:
    """A browser that is signed in as a user without conversations."""
    client = Client()
    client.force_login(other_user)
    return client


@pytest.fixture
def make_conversation(user: User) -> MakeConversation:
    """Make a conversation of `user`: lines are (name, text), and messages are ten seconds apart."""

    def make(
        name: str = "Planning",
        lines: Sequence[tuple[str, str]] = (),
        *,
        live: bool = False,
        day: int = 0,
        owner: User = user,
        connection: str = "",
    ) -> Conversation:
        start = START + timedelta(days=day)
        conversation = Conversation.objects.create(
            owner=owner,
            connection_id=connection or str(uuid.uuid4()),
            name=name,
            started_at=start,
            ended_at=None if live else start + timedelta(minutes=12),
            message_count=len(lines),
        )
        for number, (speaker, text) in enumerate(lines, 1):
            member, _ = Member.objects.get_or_create(conversation=conversation, user_id=speaker, name=speaker)
            at = start + timedelta(seconds=10 * number)
            Message.objects.create(
                conversation=conversation,
                number=number,
                speaker=speaker_of(conversation, member),
                text=text,
                started_at=at,
                ended_at=at + timedelta(seconds=4),
                offset_s=10 * number,
                duration_s=4,
            )
        return conversation

    return make


def add_insight(conversation: Conversation, number: int, kind: str = "question", text: str = "Who can?", **fields: object) -> Insight:
    """Store an insight of the message with this number."""
    message = conversation.messages.get(number=number)
    values = {"confidence": 0.8, **fields}
    return Insight.objects.create(conversation=conversation, message=message, type=kind, text=text, **values)
