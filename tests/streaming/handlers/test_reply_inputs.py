"""Inputs of replies: requested, awaited, and optional."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from streaming.handlers import reply_on_pause as replies_module
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.speech.turn_detector import Turn
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.handlers.turns import reply, respond
from tests.streaming.sessions.connections import Join, connection_of, handler_of, numbers, until


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a long wait for inputs, for a busy machine."""
    monkeypatch.setattr(replies_module, "FIRST_INPUTS_S", 60.0)
    monkeypatch.setattr(replies_module, "NEW_INPUTS_S", 60.0)


async def test_inputs_are_requested_before_each_reply(join: Join) -> None:
    """A function with more parameters than the audio gets the client's newest values."""

    def chat(audio: Any, history: list[str], name: str = "nobody") -> Iterator[Any]:
        yield AdditionalOutputs((history, name, audio[1].shape))

    session = await join(ReplyOnPause(chat))
    for n in (1, 2):
        await reply(session)
        await until(lambda: len(connection_of(session).of("send_input")) == n)  # noqa: B023  # awaited right here
        session.set_input(["hello"] * n)
        await until(lambda: session.outputs.last == n)  # noqa: B023  # awaited right here
    assert numbers(session) == [(["hello"], "nobody", (1, 1600)), (["hello", "hello"], "nobody", (1, 1600))]


async def test_a_hook_that_sets_the_inputs_and_triggers(join: Join) -> None:
    """The turn is answered once, with its audio; a later trigger begins a reply of its own."""

    def chat(audio: Any, name: str) -> Iterator[Any]:
        yield AdditionalOutputs((name, audio[1].shape))

    session = await join(ReplyOnPause(chat))
    handler = handler_of(session)
    await reply(session)
    await until(lambda: len(connection_of(session).of("send_input")) == 1)
    session.set_input("spoken")
    handler.trigger_response()
    await until(lambda: session.outputs.last == 1 and not handler.busy)
    handler.trigger_response()
    await until(lambda: len(connection_of(session).of("send_input")) == 2)
    session.set_input("typed")
    handler.trigger_response()
    await until(lambda: session.outputs.last == 2 and not handler.busy)
    assert numbers(session) == [("spoken", (1, 1600)), ("typed", (1, 0))]
    assert len(connection_of(session).of("send_input")) == 2


async def test_a_trigger_that_turn_detection_handles_late(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins no reply of its own, though the reply that was due is over when the turn ends."""

    def chat(audio: Any, name: str) -> Iterator[Any]:
        yield AdditionalOutputs((name, audio[1].shape))

    session = await join(ReplyOnPause(chat))
    handler = handler_of(session)
    await reply(session)
    await until(lambda: len(connection_of(session).of("send_input")) == 1)
    assert handler._listener is not None
    monkeypatch.setattr(handler._listener.detector, "flush", lambda: None)
    session.set_input("spoken")
    handler.trigger_response()
    await until(lambda: session.outputs.last == 1 and not handler.busy)
    handler.ended(Turn(np.zeros(0, dtype=np.int16), 16_000))
    assert not handler.busy
    assert len(connection_of(session).of("send_input")) == 1


async def test_inputs_that_do_not_arrive(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reply uses the old inputs; without any, the client gets an error."""
    monkeypatch.setattr(replies_module, "FIRST_INPUTS_S", 0.02)
    monkeypatch.setattr(replies_module, "NEW_INPUTS_S", 0.02)

    def chat(audio: Any, history: str) -> Iterator[Any]:
        yield AdditionalOutputs(history)

    session = await join(ReplyOnPause(chat))
    await reply(session)
    await until(lambda: connection_of(session).of("error"))
    assert "history" in connection_of(session).of("error")[0]
    session.set_input("old")
    for n in (1, 2):
        await until(lambda: not handler_of(session).busy)
        await reply(session)
        await until(lambda: session.outputs.last == n)  # noqa: B023  # awaited right here
    assert numbers(session) == ["old", "old"]


async def test_needs_args_requests_inputs_without_parameters(join: Join) -> None:
    """The request notifies the client that a reply begins; the function of one parameter gets the audio only."""
    session = await join(ReplyOnPause(respond, needs_args=True))
    await reply(session)
    await until(lambda: connection_of(session).of("send_input") == [[]])
    session.set_input("unused")
    await until(lambda: numbers(session) == [(1, 1600)])


async def test_a_greeting_with_inputs(join: Join) -> None:
    """The greeting waits for its inputs."""

    async def greet(name: str) -> AsyncIterator[Any]:
        yield AdditionalOutputs(f"welcome {name}")

    session = await join(ReplyOnPause(respond, startup_fn=greet))
    await until(lambda: connection_of(session).of("send_input") == [[]])
    session.set_input("Ann")
    await until(lambda: numbers(session) == ["welcome Ann"])


async def test_a_client_that_sends_no_inputs_is_awaited_once(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later request does not wait for such a client; once it sends inputs, requests wait again."""
    monkeypatch.setattr(replies_module, "FIRST_INPUTS_S", 0.02)

    def chat(audio: Any, name: str = "nobody") -> Iterator[Any]:
        yield AdditionalOutputs(name)

    session = await join(ReplyOnPause(chat))
    await reply(session)
    await until(lambda: numbers(session) == ["nobody"] and not handler_of(session).busy)
    monkeypatch.setattr(replies_module, "FIRST_INPUTS_S", 60.0)
    await reply(session)
    await until(lambda: numbers(session) == ["nobody"] * 2 and not handler_of(session).busy)
    assert len(connection_of(session).of("send_input")) == 2
    session.set_input("Jane")
    for n, name in ((3, "Jane"), (4, "Joe")):
        await reply(session)
        if n == 4:
            await until(lambda: len(connection_of(session).of("send_input")) == 3)
            session.set_input(name)
        await until(lambda: session.outputs.last == n and not handler_of(session).busy)  # noqa: B023  # awaited right here
    assert numbers(session)[2:] == ["Jane", "Joe"]
