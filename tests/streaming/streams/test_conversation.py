"""The conversation as a stream: sound in, stored messages out, as Symbl's messages."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from insights.models import Conversation, Insight, LiveSession, Message
from streaming.aio.database_executors import in_database
from streaming.cluster.broadcast import fanout
from streaming.sessions import handler_runner
from streaming.streams.conversation import Inputs, conversation
from tests.streaming.sessions.lines import Join, handler_of, line_of, numbers, until

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


def of_type(participant: Any, kind: str) -> list[Any]:
    """Return the outputs of one Symbl type."""
    return [message for message in numbers(participant) if message.get("type") == kind]


def live(participant: Any) -> list[bool]:
    """Return for each recognition result whether it is final."""
    messages = [output["message"] for output in of_type(participant, "message")]
    return [message["isFinal"] for message in messages if message["type"] == "recognition_result"]


async def speak(participant: Any, seconds: float = 1.0) -> None:
    """Send sound in frames of 20 ms."""
    for block in np.tile(SECOND, int(np.ceil(seconds)))[: int(seconds * 16_000)].reshape(-1, 320):
        participant.hear(block, 16_000)
        await asyncio.sleep(0)


async def test_what_is_said_is_stored_and_told(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """Live text, messages and insights come as outputs; what is said last is stored and told before the session has ended."""
    script(SCRIPT)
    participant = await join(conversation, id="meeting", owner=owner.id)
    participant.set_input(0.3, ["question", "action_item"], "Jane")
    await speak(participant, 0.6)
    await until(lambda: live(participant) == [False])
    await speak(participant, 0.6)
    await until(lambda: live(participant) == [False, True] and of_type(participant, "message_response"))
    await participant.close("bye")
    texts = [message["payload"]["content"] for output in of_type(participant, "message_response") for message in output["messages"]]
    assert texts == ["Shall we start with the budget?", "I will send the report to Maria by Friday."]
    assert {insight["type"] for output in of_type(participant, "insight_response") for insight in output["insights"]} == {
        "question",
        "action_item",
    }
    stored = await in_database(lambda: list(Message.objects.values_list("text", "member__name")))
    assert stored == [(text, "Jane") for text in texts]
    assert await in_database(LiveSession.objects.count) == 0
    assert await in_database(lambda: Conversation.objects.get().ended_at) is None, "it waits for who comes back"


async def test_only_what_was_asked_for(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """Insights of other types are stored and not told; changed inputs hold from the next sound on."""
    script({"recognitions": [[{"after": 0.5, "text": "Shall we start with the budget?"}], [{"text": "What is the plan for today?"}]]})
    participant = await join(conversation, owner=owner.id)
    participant.set_input(0.3, ["action_item"], "Jane")
    await speak(participant, 0.6)
    await until(lambda: of_type(participant, "message_response"))
    participant.set_input(0.3, ["question"], "John")
    await speak(participant, 0.6)
    await participant.close("bye")
    told = [insight["payload"]["content"] for output in of_type(participant, "insight_response") for insight in output["insights"]]
    assert told == ["What is the plan for today?"]
    assert await in_database(lambda: list(Insight.objects.order_by("message__number").values_list("message__member__name", flat=True))) == [
        "Jane",
        "John",
    ]


async def test_coming_back(join: Join, owner: User, script: Callable[[Any], None]) -> None:
    """A session with the same id goes on in the same conversation."""
    script([{"after": 0.5, "text": "Hello everybody."}])
    for _ in range(2):
        participant = await join(conversation, id="meeting", owner=owner.id)
        await speak(participant, 0.6)
        await until(lambda: of_type(participant, "message_response"))  # noqa: B023  # awaited right here
        await participant.close("bye")
    assert await in_database(Conversation.objects.count) == 1
    assert await in_database(Message.objects.count) == 2


async def test_a_database_that_is_away_for_a_moment(
    join: Join, owner: User, script: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens is told as soon as it can be asked for; nothing of it is lost."""
    script(SCRIPT)
    subscribe, asked = fanout().subscribe, 0

    async def away(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise OperationalError("away")
        return await subscribe(*args)

    monkeypatch.setattr(fanout(), "subscribe", away)
    participant = await join(conversation, id="meeting", owner=owner.id)
    await speak(participant, 1.2)
    await until(lambda: bool(of_type(participant, "message_response")))
    await participant.close("bye")
    assert asked == 2
    assert await in_database(Message.objects.count) == 2


async def test_whoever_leaves_before_anything_could_be_told(
    join: Join, owner: User, script: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said is stored, and nobody goes on listening to a session that is over."""
    script(SCRIPT)

    async def away(*args: Any) -> Any:
        raise OperationalError("away")

    monkeypatch.setattr(fanout(), "subscribe", away)
    participant = await join(conversation, id="meeting", owner=owner.id)
    handler = handler_of(participant)
    await speak(participant, 1.2)
    await until(lambda: handler._part.hearing)
    await participant.close("bye")
    assert not handler._part.hearing
    assert await in_database(LiveSession.objects.count) == 0
    assert await in_database(Message.objects.count) == 2


async def test_sound_that_waits_at_the_end_begins_nothing_anew(
    join: Join, owner: User, script: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recogniser that is behind takes the rest of the sound when the session is ending already; nothing goes on after that."""
    script(SCRIPT)
    monkeypatch.setattr(handler_runner, "THE_REST_S", 0.0)
    participant = await join(conversation, id="meeting", owner=owner.id)
    await until(lambda: handler_of(participant)._part is not None)
    part = handler_of(participant)._part
    free, begun = asyncio.Event(), []
    begin, hear, finish = part.begin, part.hear, part.finish

    async def behind(chunk: bytes) -> None:
        await hear(chunk)
        await free.wait()

    async def begin_noted(wishes: Any) -> Any:
        begun.append(wishes)
        return await begin(wishes)

    async def slow_finish() -> None:
        await finish()
        free.set()
        await asyncio.sleep(0.2)  # the last words are stored

    monkeypatch.setattr(part, "hear", behind)
    monkeypatch.setattr(part, "begin", begin_noted)
    monkeypatch.setattr(part, "finish", slow_finish)
    await speak(participant, 0.6)
    await until(lambda: part.hearing)
    await participant.close("bye")
    assert len(begun) == 1
    assert not part.hearing
    assert await in_database(LiveSession.objects.count) == 0


async def test_nobody_has_no_conversation(join: Join) -> None:
    """A visitor of a public stream is told to sign in; what he says is not heard."""
    participant = await join(conversation)
    await until(lambda: line_of(participant).of("error") == ["sign in to hold a conversation"])
    await speak(participant, 0.2)
    await participant.close("bye")
    assert participant.outputs.last == 0


async def test_a_silent_session_leaves_no_conversation(join: Join, owner: User) -> None:
    """A conversation begins with the first sound."""
    participant = await join(conversation, owner=owner.id)
    await asyncio.sleep(0.05)
    await participant.close("bye")
    assert await in_database(Conversation.objects.count) == 0


def test_inputs() -> None:
    """All have defaults; a threshold outside 0 to 1 and a word that is no type of insight are refused."""
    assert Inputs() == Inputs(conf_threshold=0.5, insight_types=["question", "action_item", "follow_up"], speaker_name="")
    for wrong in ({"conf_threshold": 1.1}, {"insight_types": ["joke"]}, {"speaker_name": "x" * 321}, {"name": "Jane"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Inputs.model_validate(wrong)
