"""The conversation as a stream: from audio to stored messages, in Symbl's form."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from insights.models import Conversation, Insight, LiveSession, Message
from streaming.aio.database_executors import run_in_database
from streaming.cluster.runtime import runtime
from streaming.sessions import handler_runner
from streaming.streams.conversation import Inputs, conversation
from tests.streaming.sessions.connections import Join, connection_of, handler_of, numbers, until

SECOND = np.full(16_000, 500, dtype=np.int16)
SCRIPT = [
    {"after": 0.5, "text": "Shall we", "final": False},
    {"after": 1.0, "text": "Shall we start with the budget?"},
    {"text": "I will send the report to Maria by Friday."},
]


@pytest.fixture
def owner(transactional_db: None) -> User:
    """An account that other threads can read."""
    return User.objects.create_user("jane@example.com", "jane@example.com", "correct horse battery")


def of_type(session: Any, kind: str) -> list[Any]:
    """Return the outputs of one Symbl type."""
    return [message for message in numbers(session) if message.get("type") == kind]


def live(session: Any) -> list[bool]:
    """Return for each recognition result whether it is final."""
    messages = [output["message"] for output in of_type(session, "message")]
    return [message["isFinal"] for message in messages if message["type"] == "recognition_result"]


async def speak(session: Any, seconds: float = 1.0) -> None:
    """Send audio in frames of 20 ms."""
    for block in np.tile(SECOND, int(np.ceil(seconds)))[: int(seconds * 16_000)].reshape(-1, 320):
        session.runner.push_audio(block, 16_000)
        await asyncio.sleep(0)


async def test_messages_are_stored_and_sent(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """Interim results, messages and insights arrive as outputs; the last words are stored and sent before the session ends."""
    script(SCRIPT)
    session = await join(conversation, id="meeting", owner=owner.id)
    session.set_input(0.3, ["question", "action_item"], "Jane")
    await speak(session, 0.6)
    await until(lambda: live(session) == [False])
    await speak(session, 0.6)
    await until(lambda: live(session) == [False, True] and of_type(session, "message_response"))
    await session.close("bye")
    texts = [message["payload"]["content"] for output in of_type(session, "message_response") for message in output["messages"]]
    assert texts == ["Shall we start with the budget?", "I will send the report to Maria by Friday."]
    assert {insight["type"] for output in of_type(session, "insight_response") for insight in output["insights"]} == {
        "question",
        "action_item",
    }
    stored = await run_in_database(lambda: list(Message.objects.values_list("text", "speaker__member__name")))
    assert stored == [(text, "Jane") for text in texts]
    assert await run_in_database(LiveSession.objects.count) == 0
    assert await run_in_database(lambda: Conversation.objects.get().ended_at) is None, "it waits for who comes back"


async def test_only_the_requested_insights_are_sent(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """Insights of other types are stored and not sent; changed inputs apply from the next audio on."""
    script({"recognitions": [[{"after": 0.5, "text": "Shall we start with the budget?"}], [{"text": "What is the plan for today?"}]]})
    session = await join(conversation, owner=owner.id)
    session.set_input(0.3, ["action_item"], "Jane")
    await speak(session, 0.6)
    await until(lambda: of_type(session, "message_response"))
    session.set_input(0.3, ["question"], "John")
    await speak(session, 0.6)
    await session.close("bye")
    sent = [insight["payload"]["content"] for output in of_type(session, "insight_response") for insight in output["insights"]]
    assert sent == ["What is the plan for today?"]
    assert await run_in_database(
        lambda: list(Insight.objects.order_by("message__number").values_list("message__speaker__member__name", flat=True))
    ) == [
        "Jane",
        "John",
    ]


async def test_a_session_with_the_same_id_continues_the_conversation(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """A later session with the same id continues the conversation."""
    script([{"after": 0.5, "text": "Hello everybody."}])
    for _ in range(2):
        session = await join(conversation, id="meeting", owner=owner.id)
        await speak(session, 0.6)
        await until(lambda: of_type(session, "message_response"))  # noqa: B023  # awaited right here
        await session.close("bye")
    assert await run_in_database(Conversation.objects.count) == 1
    assert await run_in_database(Message.objects.count) == 2


async def test_a_short_outage_of_the_database(
    join: Join, owner: User, script: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events are sent as soon as the database answers; none is lost."""
    script(SCRIPT)
    subscribe, asked = runtime().broadcaster.subscribe, 0

    async def away(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise OperationalError("away")
        return await subscribe(*args)

    monkeypatch.setattr(runtime().broadcaster, "subscribe", away)
    session = await join(conversation, id="meeting", owner=owner.id)
    await speak(session, 1.2)
    await until(lambda: bool(of_type(session, "message_response")))
    await session.close("bye")
    assert asked == 2
    assert await run_in_database(Message.objects.count) == 2


async def test_a_session_that_ends_before_its_first_event(
    join: Join, owner: User, script: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words are stored, and the subscription of the ended session is closed."""
    script(SCRIPT)

    async def away(*args: Any) -> Any:
        raise OperationalError("away")

    monkeypatch.setattr(runtime().broadcaster, "subscribe", away)
    session = await join(conversation, id="meeting", owner=owner.id)
    handler = handler_of(session)
    await speak(session, 1.2)
    await until(lambda: handler._conversation.speech.active)
    await session.close("bye")
    assert not handler._conversation.speech.active
    assert await run_in_database(LiveSession.objects.count) == 0
    assert await run_in_database(Message.objects.count) == 2


async def test_queued_audio_at_the_end_opens_no_new_recognition(
    join: Join, owner: User, script: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow recogniser gets the rest of the audio while the session ends; nothing continues after the end."""
    script(SCRIPT)
    monkeypatch.setattr(handler_runner, "THE_REST_S", 0.0)
    session = await join(conversation, id="meeting", owner=owner.id)
    await until(lambda: handler_of(session)._conversation is not None)
    part = handler_of(session)._conversation.speech
    free, begun = asyncio.Event(), []
    begin, feed, finish = part.begin, part.feed, part.finish

    async def behind(chunk: bytes) -> None:
        await feed(chunk)
        await free.wait()

    async def begin_noted(start_options: Any) -> Any:
        begun.append(start_options)
        return await begin(start_options)

    async def slow_finish() -> None:
        await finish()
        free.set()
        await asyncio.sleep(0.2)  # the last words are stored

    monkeypatch.setattr(part, "feed", behind)
    monkeypatch.setattr(part, "begin", begin_noted)
    monkeypatch.setattr(part, "finish", slow_finish)
    await speak(session, 0.6)
    await until(lambda: part.active)
    await session.close("bye")
    assert len(begun) == 1
    assert not part.active
    assert await run_in_database(LiveSession.objects.count) == 0


async def test_an_anonymous_client_has_no_conversation(join: Join) -> None:
    """A client of a public stream gets an error that asks it to sign in; its audio is not recognised."""
    session = await join(conversation)
    await until(lambda: connection_of(session).of("error") == ["sign in to hold a conversation"])
    await speak(session, 0.2)
    await session.close("bye")
    assert session.outputs.last == 0


async def test_a_silent_session_leaves_no_conversation(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """A conversation begins with the first audio."""
    script([])  # its end waits for the rows of the directory, which would else be written while the tables are emptied
    session = await join(conversation, owner=owner.id)
    await asyncio.sleep(0.05)
    await session.close("bye")
    assert await run_in_database(Conversation.objects.count) == 0


@pytest.mark.parametrize("script_lines", [[], [{"after": 0.2, "text": "Hm", "final": False}]], ids=["nothing", "interim only"])
async def test_a_session_without_words_leaves_no_conversation(
    join: Join, owner: User, script: Callable[[Any], None], script_lines: list[Any]
) -> None:
    """Audio without speech leaves no conversation; one in which others speak, or spoke, is kept."""
    script({"recognitions": [script_lines, [{"after": 0.2, "text": "Hello."}], script_lines]})
    for conversations in (0, 1, 1):
        session = await join(conversation, id="meeting", owner=owner.id)
        await speak(session, 0.6)
        await until(lambda: handler_of(session)._conversation.speech.joined)  # noqa: B023  # awaited right here
        await session.close("bye")
        assert await run_in_database(Conversation.objects.count) == conversations
    assert await run_in_database(LiveSession.objects.count) == 0


def test_inputs() -> None:
    """All inputs have defaults; a threshold outside 0 to 1 and an unknown insight type are refused."""
    assert Inputs() == Inputs(conf_threshold=0.5, insight_types=["question", "action_item", "follow_up"], speaker_name="")
    for wrong in ({"conf_threshold": 1.1}, {"insight_types": ["joke"]}, {"speaker_name": "x" * 321}, {"name": "Jane"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Inputs.model_validate(wrong)
