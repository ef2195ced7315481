"""The WebSocket consumers are Channels consumers: they run under its test communicator, with their own receive loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import pytest
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User

from insights import access
from insights.models import Message
from streaming.aio.database_executors import run_in_database
from streaming.routing import websockets
from streaming.transports import consumer as module
from streaming.transports.consumer import RESTART, Consumer, close_all
from streaming.transports.fastrtc_socket import FastrtcConsumer
from streaming.transports.symbl import ListenConsumer, SpeakConsumer
from streaming.transports.twilio import TelephoneConsumer
from tests.streaming.sessions.connections import Echo, stream_of, until
from tests.streaming.streams.conftest import script
from tests.streaming.transports.client import noise

__all__ = ["script"]

WAIT_S = 60.0
"""Only what never comes takes so long."""
SPOKEN = [{"after": 0.5, "text": "Shall we start with the budget?"}]

Connect = Callable[..., Awaitable[WebsocketCommunicator]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect to a path of the site, or to one consumer; disconnect open sockets after the test."""
    async with AsyncExitStack() as stack:

        async def connect(path: str, application: Any = websockets, **scope: Any) -> WebsocketCommunicator:
            communicator = WebsocketCommunicator(application, path)
            communicator.scope |= {"extensions": {"parley.waits": {}}, **scope}
            assert await communicator.connect(WAIT_S) == (True, None)

            async def leave() -> None:
                if not communicator.future.done():
                    await communicator.disconnect(timeout=WAIT_S)

            stack.push_async_callback(leave)
            return communicator

        yield connect


async def kind_of_next(communicator: WebsocketCommunicator) -> str:
    """Return the type of the next message; of an envelope, its inner type."""
    message = await communicator.receive_json_from(WAIT_S)
    return str(message["message"]["type"] if message["type"] == "message" else message["type"])


async def wait_for(communicator: WebsocketCommunicator, kind: str) -> list[str]:
    """Return the types of the messages up to the first one of this type."""
    kinds = [await kind_of_next(communicator)]
    while kinds[-1] != kind:
        kinds.append(await kind_of_next(communicator))
    return kinds


async def speak(communicator: WebsocketCommunicator) -> None:
    """Send a second of audio in chunks of 0.1 s."""
    audio = noise(1.0)
    for at in range(0, len(audio), 3200):
        await communicator.send_to(bytes_data=audio[at : at + 3200])


async def close_code(communicator: WebsocketCommunicator) -> int:
    """Return the code with which the server closes; skip earlier messages."""
    while (event := await communicator.receive_output(WAIT_S))["type"] != "websocket.close":
        pass
    return int(event["code"])


@pytest.fixture
def bearer(transactional_db: None) -> str:
    """An access token of a new account that other threads can read."""
    owner = User.objects.create_user("jane@example.com", "jane@example.com", "correct horse battery")
    app, secret = access.create_app(owner, "tests")
    return access.token_for(app.app_id, secret).access_token


async def test_a_speaker_and_a_subscriber(bearer: str, script: Callable[[Any], None], connect: Connect) -> None:
    """The speaker sends audio and stops, both get the results, and the message is stored when the speaker's socket closes."""
    script(SPOKEN)
    speaker = await connect(f"/v1/streaming/room?access_token={bearer}")
    await speaker.send_json_to({"type": "start_request"})
    assert "recognition_started" in await wait_for(speaker, "recognition_started")
    subscriber = await connect(f"/v1/subscribe/room?access_token={bearer}")
    assert await kind_of_next(subscriber) == "conversation_created"
    await speak(speaker)
    await wait_for(speaker, "message_response")
    await wait_for(subscriber, "message_response")
    await subscriber.send_to(text_data="__PING__")
    while await subscriber.receive_from(WAIT_S) != "__PONG__":
        pass
    await speaker.send_json_to({"type": "stop_request"})
    assert await close_code(speaker) == 1000
    stored = await run_in_database(lambda: list(Message.objects.values_list("text", flat=True)))
    assert stored == ["Shall we start with the budget?"]
    assert await close_code(subscriber) == 1000


async def test_a_speaker_that_disconnects(bearer: str, script: Callable[[Any], None], connect: Connect) -> None:
    """Speech before the client disconnected is stored."""
    script([{"text": "I will send the report."}])
    speaker = await connect(f"/v1/streaming/room?access_token={bearer}")
    await speaker.send_json_to({"type": "start_request"})
    await wait_for(speaker, "recognition_started")
    await speak(speaker)
    await speaker.disconnect(timeout=WAIT_S)
    async with asyncio.timeout(WAIT_S):
        while await run_in_database(Message.objects.count) != 1:  # noqa: ASYNC110  # the row appears in another thread
            await asyncio.sleep(0.05)


async def test_a_stream_socket(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client starts a session, gets its audio back and disconnects, and the session ends."""
    stream = stream_of(Echo(), name="echo", public=True)
    monkeypatch.setattr("streaming.transports.stream_socket.find_stream", lambda name: stream)
    socket = await connect("/streams/echo/websocket/offer")
    await socket.send_json_to({"event": "start", "websocket_id": "x", "format": "pcm16"})
    started = await socket.receive_json_from(WAIT_S)
    assert started["data"] == "started"
    block = np.full(480, 700, dtype="<i2").tobytes()
    await socket.send_to(bytes_data=block)
    assert await socket.receive_from(WAIT_S) == block
    await socket.disconnect(timeout=WAIT_S)
    await until(lambda: not stream.sessions, WAIT_S)


async def test_a_stream_socket_that_is_stopped(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server closes the socket after a stop."""
    stream = stream_of(Echo(), name="echo", public=True)
    monkeypatch.setattr("streaming.transports.stream_socket.find_stream", lambda name: stream)
    socket = await connect("/streams/echo/websocket/offer")
    await socket.send_json_to({"event": "start", "websocket_id": "x"})
    await socket.send_json_to({"event": "stop"})
    assert await close_code(socket) == 1000
    assert not stream.sessions


class Notes(Consumer):
    """Records its calls."""

    def __init__(self, *, answer: str = "") -> None:
        super().__init__()
        self.answer = answer
        self.got: list[Any] = []

    async def connected(self) -> None:
        """Record the call."""
        self.got.append("connected")

    async def text(self, text: str) -> bool:
        """Reply to a text; some texts end the receive loop."""
        self.got.append(text)
        if text == "fail":
            raise RuntimeError(text)
        if text == "stop":
            raise StopConsumer
        self.send_queue.put(self.answer)
        return False

    async def binary(self, data: bytes) -> bool:
        """Record the call."""
        self.got.append(data)
        return True

    async def disconnected(self) -> None:
        """Record the call."""
        self.got.append("disconnected")


@pytest.mark.parametrize("kind", [SpeakConsumer, ListenConsumer, FastrtcConsumer, TelephoneConsumer])
def test_all_are_channels_consumers(kind: type[Consumer]) -> None:
    """They keep the public contract of `AsyncConsumer`, so that Channels' routing and middleware work with them."""
    assert issubclass(kind, AsyncConsumer)
    application: Any = kind.as_asgi()
    assert application.consumer_class is kind
    assert application.consumer_initkwargs == {}
    assert {"websocket_connect", "websocket_receive", "websocket_disconnect", "dispatch", "send"} <= set(dir(kind))


async def test_as_asgi_passes_arguments(connect: Connect) -> None:
    """Each connection has its own instance, made with the arguments of `as_asgi`."""
    application = Notes.as_asgi(answer="hello")
    one, two = await connect("/", application), await connect("/", application)
    await one.send_to(text_data="a")
    assert await one.receive_from(WAIT_S) == "hello"
    assert await two.receive_nothing()


async def test_no_channel_no_clean_up_no_task_per_message(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket opens no channel, and a message starts no clean-up and no task (docs/adr/0001)."""

    async def refused(*args: Any) -> None:
        raise AssertionError("a message costs more than its handling")

    monkeypatch.setattr("channels.consumer.get_channel_layer", refused)
    monkeypatch.setattr("channels.consumer.aclose_old_connections", refused)
    monkeypatch.setattr("channels.consumer.await_many_dispatch", refused)
    socket = await connect("/", Notes.as_asgi(answer="hello"))
    tasks = len(asyncio.all_tasks())
    for number in range(20):
        await socket.send_to(text_data=str(number))
        assert await socket.receive_from(WAIT_S) == "hello"
    assert len(asyncio.all_tasks()) == tasks


@pytest.mark.parametrize("end", ["disconnect", "stop", "fail", "unknown"])
async def test_every_end_is_handled_once(connect: Connect, end: str) -> None:
    """A disconnect, StopConsumer, an exception and an unknown message each close the send queue and leave no task."""
    made: list[Notes] = []

    class Noted(Notes):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    socket = await connect("/", Noted.as_asgi())
    if end == "disconnect":
        await socket.disconnect(timeout=WAIT_S)
    else:
        event = {"type": "websocket.nonsense"} if end == "unknown" else {"type": "websocket.receive", "text": end}
        await socket.send_input(event)
        if end == "stop":
            await socket.wait(WAIT_S)
        else:
            with pytest.raises(RuntimeError if end == "fail" else ValueError, match="fail|No handler for message type"):
                await socket.wait(WAIT_S)
    assert made[0].got.count("disconnected") == 1
    assert made[0].send_queue.closed
    await until(lambda: not module._open, WAIT_S)


async def test_dispatch_is_public(connect: Connect) -> None:
    """`dispatch` handles every ASGI message, as in Channels, although the receive loop calls it for few."""
    consumer = Notes()
    await consumer.dispatch({"type": "websocket.receive", "bytes": b"audio"})
    assert consumer.got == [b"audio"]
    with pytest.raises(StopConsumer):
        await consumer.dispatch({"type": "websocket.disconnect", "code": 1000})


async def test_a_disconnect_before_the_accept() -> None:
    """Nothing is sent, and no method of the consumer is called."""
    socket = WebsocketCommunicator(Notes.as_asgi(), "/")
    await socket.send_input({"type": "websocket.disconnect", "code": 1006})
    await socket.wait(WAIT_S)
    assert await socket.receive_nothing()


async def test_shutdown_closes_every_socket(connect: Connect) -> None:
    """Queued messages are sent before the close."""
    sockets = [await connect("/", Notes.as_asgi(answer="last")) for _ in range(3)]
    for socket in sockets:
        await socket.send_to(text_data="a")
    for socket in sockets:
        assert await socket.receive_from(WAIT_S) == "last"
    await close_all(WAIT_S)
    assert [await close_code(socket) for socket in sockets] == [RESTART] * 3
