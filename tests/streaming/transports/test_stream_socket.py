"""A refused client gets no session on any socket of a stream, however fast it sends."""

import asyncio
import json
from typing import Any

import pytest
from pytest_django import Settings

from streaming.discovery import streams
from streaming.transports.fastrtc_socket import FastrtcConsumer
from streaming.transports.stream_socket import StreamConsumer
from streaming.transports.twilio import TelephoneConsumer
from tests.streaming.sessions.connections import Counting, Echo, stream_of, until


@pytest.mark.parametrize("consumer", [FastrtcConsumer, TelephoneConsumer])
async def test_a_start_right_after_a_refused_handshake(
    consumer: type[StreamConsumer], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Messages that arrive before the close start no session and no handler."""
    settings.TWILIO_AUTH_TOKEN = "x"
    copies: list[Echo] = []

    class Noted(Echo):
        def copy(self) -> Echo:
            copies.append(self)
            return self

    Counting.shutdowns = 0
    stream = stream_of(Noted(), name="echo")
    monkeypatch.setattr("streaming.transports.stream_socket.find_stream", lambda name: stream)
    assert streams()  # found before
    arriving: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    start = json.dumps({"event": "start", "websocket_id": "x", "start": {"streamSid": "x"}})
    for message in (
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": start},
        {"type": "websocket.receive", "text": start},
    ):
        arriving.put_nowait(message)
    scope = {"headers": [], "query_string": b"", "path": "/", "url_route": {"kwargs": {"name": "echo"}}}
    serving = asyncio.create_task(consumer()(scope, arriving.get, send))
    await until(lambda: sent and sent[-1]["type"] == "websocket.close", 30)
    assert arriving.empty()
    assert sent[-1]["code"] == 1008
    assert not stream.sessions
    assert not copies
    arriving.put_nowait({"type": "websocket.disconnect"})
    await serving
