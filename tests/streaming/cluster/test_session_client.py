"""A stream's Python methods from other threads, other event loops and other processes than the session's."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from streaming.aio.database_executors import close_database_threads
from streaming.cluster import session_client
from streaming.cluster.directory_table import SessionKey
from streaming.cluster.runtime import Runtime, use
from streaming.cluster.session_endpoint import address
from streaming.handlers.stream import Stream
from tests.streaming.cluster.layers import processes
from tests.streaming.sessions.connections import Echo, Join, connection_of, handler_of, outputs, until


@pytest.fixture
async def elsewhere(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Runtime]:
    """Another process; this one has a layer that reaches it, and is patient."""
    mine, other = processes(2)
    monkeypatch.setattr(session_client, "TIMEOUT_S", 60.0)
    monkeypatch.setattr("streaming.handlers.stream.TIMEOUT_S", 60.0)
    monkeypatch.setattr("streaming.cluster.output_subscription.SLACK_S", 60.0)
    both = use(Runtime(mine)), Runtime(other)
    yield both[1]
    for one in both:
        await one.close()
    close_database_threads()


async def serve(other: Runtime, answer: Any = None) -> list[dict[str, Any]]:
    """Have a session with the id "far" in the other process, which notes what it is asked."""
    asked: list[dict[str, Any]] = []

    async def answered(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body)
        return answer or {}

    session = uuid4()
    assert await other.directory.claim(SessionKey(7, "tested", "far"), session, "websocket", lambda: None) is None
    other.rpc.register(address(session), answered)
    return asked


@pytest.fixture
async def stream() -> Stream:
    """Return a stream without sessions."""
    return Stream(Echo(), modality="audio", name="tested")


async def test_other_threads_and_loops(join: Join) -> None:
    """Code in a thread without a loop, or with one of its own, reaches the sessions of this process."""
    session = await join(Echo(), id="mine")
    stream: Stream = session.stream
    for output in outputs(1, 2):
        handler_of(session).queue.put_nowait(output)
    await until(lambda: session.outputs.last == 2)
    read: list[Any] = []

    async def in_a_loop_of_its_own() -> None:
        await stream.aset_input("mine", "loop")
        read.append((await stream.fetch_latest_output("mine")).args)
        async for output in stream.output_stream("mine"):
            read.append(output.args)
            if output.args == (2,):
                break
        await stream.update_connection("mine", "closed")

    await asyncio.to_thread(stream.set_input, "mine", "thread")
    await until(lambda: handler_of(session).latest_args[1:] == ["thread"])
    thread = threading.Thread(target=asyncio.run, args=[in_a_loop_of_its_own()])
    thread.start()
    await until(lambda: not thread.is_alive())
    assert read == [(2,), (1,), (2,)]
    assert handler_of(session).latest_args[1:] == ["loop"]
    await asyncio.wait_for(session.ended.wait(), 30)
    assert connection_of(session).of("update_connection") == ["closed"]


async def test_another_process_is_asked_as_python(stream: Stream, elsewhere: Runtime) -> None:
    """Inputs as they are, whoever owns the session; from a coroutine at once or waited for."""
    asked = await serve(elsewhere)
    stream.set_input("far", 0.7, ["two"])
    await until(lambda: len(asked) == 1)
    await stream.aset_input("far", 1)
    await stream.update_connection("far", "closed")
    assert asked == [
        {"ask": "values", "values": [0.7, ["two"]], "user": "python"},
        {"ask": "values", "values": [1], "user": "python"},
        {"ask": "close", "notify": True, "user": "python"},
    ]


async def test_values_that_cannot_travel(stream: Stream, elsewhere: Runtime) -> None:
    """They are refused where they are given, since the session is not here."""
    for value in (object(), b"bytes", [len]):
        with pytest.raises(TypeError, match="JSON"):
            stream.set_input("far", value)
        with pytest.raises(TypeError, match="JSON"):
            await stream.aset_input("far", value)


async def test_outputs_of_another_process(stream: Stream, elsewhere: Runtime) -> None:
    """They come as outputs, with their values; the end of the session is the end."""
    await serve(elsewhere, {"items": [[1, ["a", {"b": 1}]], [2, []]], "ended": True, "home": "there"})
    assert [output.args async for output in stream.output_stream("far")] == [("a", {"b": 1}), ()]


async def test_the_latest_output_of_another_process(stream: Stream, elsewhere: Runtime) -> None:
    """The session's process knows what was fetched; where none comes, TimeoutError."""
    await serve(elsewhere, {"items": [], "ended": False, "home": "there", "values": ["new"]})
    assert (await stream.fetch_latest_output("far")).args == ("new",)
    await serve(elsewhere, {"items": [], "ended": False, "home": "there", "values": None})
    with pytest.raises(TimeoutError):
        await stream.fetch_latest_output("far")


async def test_nobody_has_the_session(stream: Stream, elsewhere: Runtime, caplog: Any) -> None:
    """Known at once: whoever waits for it gets an error, else it is logged, without the id. What is over can be ended again."""
    with pytest.raises(LookupError, match="tested"):
        await stream.aset_input("nobody", 1)
    with caplog.at_level(logging.WARNING):
        stream.set_input("nobody", 1)
        await until(lambda: "could not be given its values" in caplog.text)
    assert "nobody" not in caplog.text
    await stream.update_connection("nobody")


async def test_alone_it_is_known_at_once(stream: Stream) -> None:
    """Without other processes there is nobody to ask: an error, in threads as in coroutines."""
    with pytest.raises(LookupError, match="tested"):
        stream.set_input("nobody", 1)
    with pytest.raises(LookupError, match="tested"):
        await asyncio.to_thread(stream.set_input, "nobody", 1)
    stream.clean_up("nobody")


async def test_clean_up_ends_a_session(join: Join) -> None:
    """From any thread; the client is told nothing besides."""
    session = await join(Echo(), id="mine")
    await asyncio.to_thread(session.stream.clean_up, "mine")
    await asyncio.wait_for(session.ended.wait(), 30)
    assert connection_of(session).messages == []


async def test_there_is_one_other_state(stream: Stream) -> None:
    """A connection can be closed, nothing else."""
    with pytest.raises(ValueError, match="'closed', not 'open'"):
        await stream.update_connection("mine", "open")  # type: ignore[arg-type]
