"""FastRTC's names of a stream: views of its sessions, inputs of Gradio's pages, and routes of a program's own."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.http import HttpResponse

from streaming.handlers.fastrtc_compat import WebRTCData
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stream import Stream
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.sessions.connections import Echo, Join, stream_of, until


def reply(audio: Any, name: str = "nobody") -> Iterator[Any]:
    """Give back the input and the length of the turn."""
    yield AdditionalOutputs(name, audio[1].size)


async def test_handlers_and_connections_are_live_views(join: Join) -> None:
    """They have the open sessions: the handler is the session's own copy, the connection takes inputs."""
    stream = stream_of(Echo())
    handlers, connections = stream.handlers, stream.connections
    assert (len(handlers), "mine" in handlers, handlers.get("mine")) == (0, False, None)
    session = await join(stream, id="mine")
    assert list(handlers) == list(connections) == ["mine"]
    assert isinstance(handlers["mine"], Echo)
    assert handlers["mine"] is not stream.event_handler
    [connection] = connections["mine"]
    connection.set_input("hello")
    assert handlers["mine"].latest_args[1:] == ["hello"]
    assert stream.webrtc_component.handlers["mine"] is handlers["mine"]
    await session.close("bye")
    assert not handlers
    with pytest.raises(KeyError):
        handlers["mine"]


async def test_a_text_page_triggers_a_reply(join: Join) -> None:
    """`trigger_response` of a session's handler replies at once; `set_input_on_submit` sets the inputs first."""
    session = await join(ReplyOnPause(reply), id="mine")
    stream = session.stream
    stream.set_input("mine", "Jane")
    stream.handlers["mine"].trigger_response()
    await until(lambda: session.outputs.last == 1)
    stream.set_input_on_submit("mine", "Joe")
    await until(lambda: session.outputs.last == 2)
    assert [session.outputs.after(number)[1].args for number in (0, 1)] == [("Jane", 0), ("Joe", 0)]
    with pytest.raises(LookupError):
        stream.set_input_on_submit("other", 1)


async def test_data_with_a_text_are_the_first_input(join: Join) -> None:
    """A page with a text box sends them in place of the audio."""
    session = await join(Echo(), id="mine")
    data = WebRTCData(webrtc_id="mine", textbox="hello")
    session.stream.set_input_gradio(data, 1, 2)
    await until(lambda: session.handler.args_set.is_set())
    assert session.handler.latest_args == [data, 1, 2]


def test_the_limit_is_a_number(settings: LazySettings) -> None:
    """Programs compare it with the number of connections; it may be changed."""
    settings.STREAM_CONCURRENCY_LIMIT = 3
    stream = Stream(lambda image: image)
    assert stream.concurrency_limit == 3
    stream.concurrency_limit = 8
    assert (stream.concurrency_limit, stream.limit) == (8, 8)
    assert Stream(lambda image: image, concurrency_limit=None).concurrency_limit is None


class ProgramSocket:
    """As much of Starlette's WebSocket as a stream needs: its messages are given, and what is sent is kept."""

    def __init__(self, *texts: str) -> None:
        self.scope = {"type": "websocket", "path": "/own", "headers": [], "query_string": b"", "client": ("127.0.0.1", 1)}
        self.sent: list[Any] = []
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        for message in [{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": text} for text in texts)]:
            self.messages.put_nowait(message)

    async def receive(self) -> Any:
        """Return the next message."""
        return await self.messages.get()

    async def send(self, message: Any) -> None:
        """Keep a message; a client answers a close."""
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self.messages.put_nowait({"type": "websocket.disconnect", "code": 1000})


@pytest.fixture
def public_echo(monkeypatch: pytest.MonkeyPatch) -> Stream:
    """The built-in echo, for everybody."""
    from streaming.discovery import streams

    monkeypatch.setattr(streams()["echo"], "public", True)
    return streams()["echo"]


@pytest.mark.django_db(transaction=True)
async def test_a_websocket_in_a_route_of_a_program(public_echo: Stream) -> None:
    """It speaks the protocol of the stream's own route, from the handshake to the close."""
    socket = ProgramSocket('{"event": "ping"}', '{"event": "stop"}')
    await asyncio.wait_for(public_echo.websocket_offer(socket), 60)
    assert [message["type"] for message in socket.sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert socket.sent[1]["text"] == '{"event":"pong"}'


class ProgramRequest:
    """As much of Starlette's Request as a stream needs."""

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/own/telephone/incoming",
        "query_string": b"access_token=a-token",
        "headers": [(b"host", b"testserver"), (b"x-forwarded-proto", b"https")],
    }

    async def body(self) -> bytes:
        """Return the body of the webhook."""
        return b""


@pytest.mark.django_db(transaction=True)
async def test_a_webhook_in_a_route_of_a_program(public_echo: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """The TwiML connects the call to the socket beside that route. The program brings Starlette; here Django's response is in its place."""

    def response(content: bytes, status_code: int, headers: dict[str, str]) -> HttpResponse:
        return HttpResponse(content, status=status_code, headers=headers)

    module = type("Responses", (), {"Response": staticmethod(response)})
    monkeypatch.setattr("streaming.transports.program_routes.import_module", lambda name: module)
    answer = await public_echo.handle_incoming_call(ProgramRequest())
    assert answer.status_code == 200
    assert 'url="wss://testserver/own/telephone/handler"' in answer.content.decode()
    assert "a-token" in answer.content.decode()
