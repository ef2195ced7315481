"""The conversation as a stream: sound in, stored messages out, as Symbl's messages."""

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
    """An account that other threads see."""
    return User.objects.create_user("jane@example.com", "jane@example.com", "correct horse battery")


def of_type(session: Any, kind: str) -> list[Any]:
    """Return the outputs of one Symbl type."""
    return [message for message in numbers(session) if message.get("type") == kind]


def live(session: Any) -> list[bool]:
    """Return for each recognition result whether it is final."""
    messages = [output["message"] for output in of_type(session, "message")]
    return [message["isFinal"] for message in messages if message["type"] == "recognition_result"]


async def speak(session: Any, seconds: float = 1.0) -> None:
    """Send sound in frames of 20 ms."""
    for block in np.tile(SECOND, int(np.ceil(seconds)))[: int(seconds * 16_000)].reshape(-1, 320):
        session.runner.push_audio(block, 16_000)
        await asyncio.sleep(0)


async def test_what_is_said_is_stored_and_told(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """Live text, messages and insights come as outputs; what is said last is stored and told before the session has ended."""
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


async def test_only_what_was_asked_for(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """Insights of other types are stored and not told; changed inputs hold from the next sound on."""
    script({"recognitions": [[{"after": 0.5, "text": "Shall we start with the budget?"}], [{"text": "What is the plan for today?"}]]})
    session = await join(conversation, owner=owner.id)
    session.set_input(0.3, ["action_item"], "Jane")
    await speak(session, 0.6)
    await until(lambda: of_type(session, "message_response"))
    session.set_input(0.3, ["question"], "John")
    await speak(session, 0.6)
    await session.close("bye")
    told = [insight["payload"]["content"] for output in of_type(session, "insight_response") for insight in output["insights"]]
    assert told == ["What is the plan for today?"]
    assert await run_in_database(
        lambda: list(Insight.objects.order_by("message__number").values_list("message__speaker__member__name", flat=True))
    ) == [
        "Jane",
        "John",
    ]


async def test_coming_back(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """A session with the same id goes on in the same conversation."""
    script([{"after": 0.5, "text": "Hello everybody."}])
    for _ in range(2):
        session = await join(conversation, id="meeting", owner=owner.id)
        await speak(session, 0.6)
        await until(lambda: of_type(session, "message_response"))  # noqa: B023  # awaited right here
        await session.close("bye")
    assert await run_in_database(Conversation.objects.count) == 1
    assert await run_in_database(Message.objects.count) == 2


async def test_a_database_that_is_away_for_a_moment(
    join: Join, owner: User, script: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens is told as soon as it can be asked for; nothing of it is lost."""
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


async def test_whoever_leaves_before_anything_could_be_told(
    join: Join, owner: User, script: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said is stored, and nobody goes on listening to a session that is over."""
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


async def test_sound_that_waits_at_the_end_begins_nothing_anew(
    join: Join, owner: User, script: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recogniser that is behind takes the rest of the sound when the session is ending already; nothing goes on after that."""
    script(SCRIPT)
    monkeypatch.setattr(handler_runner, "THE_REST_S", 0.0)
    session = await join(conversation, id="meeting", owner=owner.id)
    await until(lambda: handler_of(session)._conversation is not None)
    part = handler_of(session)._conversation.speech
    free, begun = asyncio.Event(), []
    begin, hear, finish = part.begin, part.feed, part.finish

    async def behind(chunk: bytes) -> None:
        await hear(chunk)
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


async def test_nobody_has_no_conversation(join: Join) -> None:
    """A visitor of a public stream is told to sign in; what he says is not heard."""
    session = await join(conversation)
    await until(lambda: connection_of(session).of("error") == ["sign in to hold a conversation"])
    await speak(session, 0.2)
    await session.close("bye")
    assert session.outputs.last == 0


async def test_a_silent_session_leaves_no_conversation(join: Join, owner: User) -> None:
    """A conversation begins with the first sound."""
    session = await join(conversation, owner=owner.id)
    await asyncio.sleep(0.05)
    await session.close("bye")
    assert await run_in_database(Conversation.objects.count) == 0


@pytest.mark.parametrize("script_lines", [[], [{"after": 0.2, "text": "Hm", "final": False}]], ids=["nothing", "interim only"])
async def test_a_session_without_words_leaves_no_conversation(
    join: Join, owner: User, script: Callable[[Any], None], script_lines: list[Any]
) -> None:
    """Sound in which nothing was said is no conversation; one in which others speak, or spoke, is kept."""
    script({"recognitions": [script_lines, [{"after": 0.2, "text": "Hello."}], script_lines]})
    for conversations in (0, 1, 1):
        session = await join(conversation, id="meeting", owner=owner.id)
        await speak(session, 0.6)
        await until(lambda: handler_of(session)._conversation.speech.joined)  # noqa: B023  # awaited right here
        await session.close("bye")
        assert await run_in_database(Conversation.objects.count) == conversations
    assert await run_in_database(LiveSession.objects.count) == 0


def test_inputs() -> None:
    """All have defaults; a threshold outside 0 to 1 and a word that is no type of insight are refused."""
    assert Inputs() == Inputs(conf_threshold=0.5, insight_types=["question", "action_item", "follow_up"], speaker_name="")
    for wrong in ({"conf_threshold": 1.1}, {"insight_types": ["joke"]}, {"speaker_name": "x" * 321}, {"name": "Jane"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Inputs.model_validate(wrong)
