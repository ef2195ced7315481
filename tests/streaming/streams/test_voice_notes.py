"""Voice notes: an insight of the open conversation, sent to all subscribers."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User

from insights import recorder
from insights.models import Conversation, Insight
from insights.recorder import Opening
from streaming.aio.database_executors import run_in_database
from streaming.cluster.runtime import runtime
from streaming.speech.turn_detector import Turn
from streaming.streams import voice_notes
from tests.streaming.sessions.connections import Join, connection_of, handler_of, numbers, until

SAID = Turn(np.full(48_000, 900, dtype=np.int16), 16_000, ((0.0, 3.0),))
TWICE = {"transcriptions": ["Note buy fresh milk.", "buy fresh milk."]}


@pytest.fixture
def owner(transactional_db: None) -> User:
    """An account that other threads can read."""
    return User.objects.create_user("jane@example.com", "jane@example.com", "correct horse battery")


def opened(owner_id: int) -> int:
    """Begin a conversation and return its id."""
    return recorder.open_conversation(Opening(owner_id=owner_id, connection_id="x", session_id=uuid4())).conversation_id


@pytest.mark.usefixtures("busy_handlers")
async def test_a_note_in_the_open_conversation(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """The stop word is sent, and the note is an action item of the conversation, sent to its subscribers without a handler's thread."""
    script(TWICE)
    identity = await run_in_database(opened, owner.id)
    subscription = await runtime().broadcaster.subscribe(identity, 1)
    session = await join(voice_notes, owner=owner.id)
    handler_of(session).ended(SAID)
    await until(lambda: session.outputs.last)
    assert connection_of(session).of("stopword") == [""]
    output = numbers(session)[0]
    assert (output["note"], output["conversationId"]) == ("buy fresh milk.", str(identity))
    kinds = [(await anext(subscription)).kind for _ in range(2)]  # type: ignore[union-attr]
    assert kinds == ["messages", "insights"]
    await subscription.close()
    stored = await run_in_database(lambda: list(Insight.objects.values_list("type", "text", "conversation_id", "confidence")))
    assert [(kind, identity_) for kind, _, identity_, _ in stored] == [("action_item", identity)]


async def test_a_note_without_a_conversation(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """A note creates a conversation, which stays open a little for the next note."""
    script(TWICE)
    session = await join(voice_notes, owner=owner.id)
    for n in (1, 2):
        handler_of(session).ended(SAID)
        await until(lambda: session.outputs.last == n)  # noqa: B023  # awaited right here
        await until(lambda: not handler_of(session).busy)
    conversations = await run_in_database(lambda: list(Conversation.objects.values_list("name", "ended_at")))
    assert conversations == [("Voice notes", None)]
    assert await run_in_database(Insight.objects.count) == 2


async def test_no_notes_of_anonymous_clients(join: Join, script: Callable[[Any], None]) -> None:
    """An anonymous client of a public stream has no conversation for a note."""
    script(TWICE)
    session = await join(voice_notes)
    handler_of(session).ended(SAID)
    await until(lambda: connection_of(session).of("error") == ["sign in to take notes"])
