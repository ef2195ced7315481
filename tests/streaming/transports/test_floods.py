"""Clients that send as fast as possible: other clients are not delayed, no audio is lost, and other messages have a limit."""

import asyncio
import base64
import contextlib
import json
import statistics
import urllib.request
from functools import partial
from typing import Any

import numpy as np
import pytest
import websockets

from streaming.discovery import streams
from streaming.protocols import fastrtc, symbl
from streaming.sessions.handler_runner import StreamSession, make_runner
from streaming.sessions.media_runner import MediaRunner
from streaming.sessions.session import Session
from streaming.transports import stream_socket, twilio
from streaming.transports.consumer import MAX_MESSAGES, WINDOW_S, MessageRateLimit
from streaming.transports.twilio import TelephoneConsumer
from tests.attacks import websocket_flood
from tests.servers import Server
from tests.streaming.transports.client import PATIENT, connected
from tests.streaming.transports.stream_client import streaming
from tests.streaming.transports.test_consumer import Socket

HEALTHZ_S = 0.5
MARGIN = 4
"""For a busy machine."""
FLOODS = [
    ("/telephone/handler", "text"),
    ("/v1/subscribe/flood", "ping"),
    ("/v1/streaming/flood", "empty"),
    ("/v1/realtime/insights/flood", "tiny"),
    ("/streams/plain/websocket/offer", "media"),
]
FRAMES = 900
QUIET, LOUD = b"\xff", b"\x00"
"""mu-law for silence, and for the lowest sample."""


@pytest.mark.parametrize(("path", "kind"), FLOODS)
def test_a_flood_does_not_delay_others(site: Server, site_token: str, path: str, kind: str) -> None:
    """While one socket sends small frames as fast as possible, /healthz answers."""
    flood, times = websocket_flood.measure(site, path, kind, site_token, seconds=1.0, sockets=1)
    assert flood.frames > 1000
    assert max(times) < HEALTHZ_S * MARGIN, f"median {statistics.median(times):.3f} s, maximum {max(times):.3f} s"


def media(payload: bytes) -> str:
    """Return a media message of FastRTC."""
    return json.dumps({"event": "media", "media": {"payload": base64.b64encode(payload).decode()}})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/streaming/limit", "{}"),
        ("/v1/realtime/insights/limit", "not JSON"),
        ("/v1/streaming/limit", "__PING__"),
        ("/v1/subscribe/limit", "hello"),
        ("/v1/subscribe/limit", b"\0\0"),
        ("/streams/plain/websocket/offer", '{"event":"ping"}'),
        ("/streams/plain/websocket/offer", media(b"")),
        ("/streams/plain/telephone/handler", "hello"),
        ("/streams/plain/telephone/handler", b"\0\0"),
    ],
)
async def test_messages_without_audio_have_a_limit(site: Server, site_token: str, path: str, message: str | bytes) -> None:
    """The first message above the limit gets one warning in the protocol's form, and close code 1008."""
    url = site.url.replace("http", "ws") + path
    headers = {"x-api-key": site_token}
    received: list[dict[str, Any]] = []
    async with websockets.connect(url, additional_headers=headers, compression=None, **PATIENT) as socket:
        for _ in range(MAX_MESSAGES + 1):
            await socket.send(message)
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                if str(answer := await socket.recv()).startswith("{"):
                    received.append(json.loads(answer))
        assert socket.close_code == 1008
    text = f"more than {MAX_MESSAGES} messages without audio in {WINDOW_S:g} s"
    warnings = [answer for answer in received if text in json.dumps(answer)]
    assert len(warnings) == 1
    assert warnings[0] is received[-1]
    envelope = warnings[0].get("message")
    assert "warning" in (warnings[0]["type"], envelope.get("type") if isinstance(envelope, dict) else "")


async def test_messages_up_to_the_limit_are_answered(site: Server, site_token: str) -> None:
    """Messages up to the limit do not close the socket."""
    async with streaming(site, site_token, "plain") as client:
        for _ in range(MAX_MESSAGES - 1):
            await client.send({"event": "ping"})
        await client.send({"event": "ping"})
        await client.until(lambda: client.messages.count({"event": "pong"}) == MAX_MESSAGES)
        assert client.closed is None


@pytest.mark.parametrize("door", ["websocket/offer", "telephone/handler"])
async def test_fast_audio_is_complete(site: Server, site_token: str, door: str) -> None:
    """A slow handler gets all of eighteen seconds of audio that are sent at once, frame by frame."""
    async with streaming(site, site_token, "tally", door) as client:
        if door == "websocket/offer":
            await client.start()
        else:
            await client.send({"event": "start", "start": {"streamSid": client.id}})
        for _ in range(FRAMES - 1):
            await client.speak(QUIET * 160)
        await client.speak(LOUD * 160)
        status, outputs = await asyncio.to_thread(_last_output, site, site_token, client.id)
        assert (status, outputs) == (200, {"frames": FRAMES})
        assert not [message for message in client.messages if message.get("type") == "warning"]


def _last_output(site: Server, token: str, webrtc_id: str) -> tuple[int, Any]:
    url = f"{site.url}/streams/tally/updates?webrtc_id={webrtc_id}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"x-api-key": token}), timeout=60) as response:
        for line in response:
            if line.startswith(b"data:"):
                return response.status, json.loads(line.removeprefix(b"data:"))
    raise AssertionError("no output came")


async def test_fast_large_audio_messages_are_complete(site: Server, site_token: str) -> None:
    """Messages of the maximum of twelve seconds overflow nothing."""
    async with streaming(site, site_token, "tally") as client:
        await client.start()
        for payload in (QUIET * 96_000, QUIET * 31_840 + LOUD * 160):
            await client.speak(payload)
        assert await asyncio.to_thread(_last_output, site, site_token, client.id) == (200, {"frames": 800})


async def test_a_resend_of_150_s_is_complete(site: Server, site_token: str) -> None:
    """A speaker who sends 150 s of audio as fast as possible, at 25 messages per second of it, gets every sentence."""
    async with connected(site, site_token) as client:
        await client.start()
        sound = (np.random.default_rng(7).integers(-8000, 8000, 640, dtype=np.int16)).astype("<i2").tobytes()
        for _ in range(150 * 25):
            await client.socket.send(sound)
        await client.stop()
        assert len(client.said()) == 75


@pytest.mark.parametrize(("taken", "stalls"), [(0.0, True), (0.1, False)])
async def test_a_stalled_handler_does_not_hide_a_disconnect(monkeypatch: pytest.MonkeyPatch, taken: float, stalls: bool) -> None:
    """The socket of a stalled handler is read and excess audio is dropped; a slow handler makes its client wait."""
    monkeypatch.setattr(stream_socket, "STALLED_S", 0.1)

    class Behind(MediaRunner):
        """Has five seconds of queued audio, and takes some at each query."""

        waiting = 5.0

        def push_audio(self, block: Any, rate: int) -> None:
            """Queue more."""

        @property
        def backlog_s(self) -> float:
            """Take some, and return the rest."""
            self.waiting -= taken
            return self.waiting

    consumer = TelephoneConsumer()
    consumer.makes_client_wait = True
    session: StreamSession = Session(consumer, None, "behind", partial(make_runner, consumer), streams()["echo"])
    session._runner = behind = Behind(session, consumer)
    async with asyncio.timeout(30):
        assert await consumer.push_audio(session, b"0", 8000)
        assert await consumer.push_audio(session, b"0", 8000)
    assert (behind.waiting > 1.0) == stalls


def test_the_limit_counts_in_windows() -> None:
    """A steady sender at the limit is never refused; one above it is, until its window ends."""
    steady = MessageRateLimit()
    step = WINDOW_S / MAX_MESSAGES
    assert all(steady.allows(number * step) for number in range(10 * MAX_MESSAGES))
    hasty = MessageRateLimit()
    assert [hasty.allows(number / 1000) for number in range(MAX_MESSAGES + 2)] == [True] * MAX_MESSAGES + [False] * 2
    assert hasty.allows(WINDOW_S)


def test_long_texts_count_as_several_messages() -> None:
    """A few start requests of the maximum size are allowed; more are refused, because each takes up to 50 ms to parse."""
    limit = MessageRateLimit()
    assert [limit.allows(0.0, 262_144) for _ in range(8)] == [True] * 6 + [False] * 2
    short = MessageRateLimit()
    assert all(short.allows(0.0, 8000) for _ in range(MAX_MESSAGES))


@pytest.mark.parametrize("value", ["[]", "{}", "1"])
def test_messages_of_very_many_values_are_refused_unread(value: str) -> None:
    """They are not parsed, because 256 KB of empty lists take 0.3 s in the event loop."""
    text = '{"type": "start_request", "event": "start", "x": [' + ",".join([value] * (240_000 // (len(value) + 1))) + "]}"
    with pytest.raises(fastrtc.WireError, match="at most 1000 values"):
        fastrtc.parse(text)
    with pytest.raises(symbl.WireError, match="at most 32000 values"):
        symbl.parse(text)


def test_the_largest_start_request_is_accepted() -> None:
    """It has the maximum of trackers, phrases and vocabulary words."""
    trackers = [{"name": f"{number}", "vocabulary": [f"{phrase}" for phrase in range(50)]} for number in range(500)]
    message = {"type": "start_request", "trackers": trackers, "customVocabulary": [f"{word}" for word in range(1000)]}
    started = symbl.parse(json.dumps(message))
    assert isinstance(started, symbl.Start)
    assert len(started.trackers) == 500


@pytest.mark.parametrize(("auth_token", "closes"), [("", True), ("secret", False)])
async def test_an_anonymous_telephone_socket_has_little_time_to_start(
    settings: Any, monkeypatch: pytest.MonkeyPatch, auth_token: str, closes: bool
) -> None:
    """A socket without the exchange's signature has a shorter limit; with it, START_TIMEOUT_S applies."""
    assert twilio.ANONYMOUS_START_S == 5.0
    monkeypatch.setattr(twilio, "ANONYMOUS_START_S", 0.1)
    monkeypatch.setattr(TelephoneConsumer, "_from_exchange", lambda self: True)
    settings.TWILIO_AUTH_TOKEN, settings.START_TIMEOUT_S = auth_token, 0.4
    socket = Socket()
    scope = {"type": "websocket", "headers": [], "query_string": b"", "path": "/telephone/handler", "url_route": {"kwargs": {}}}
    async with asyncio.timeout(30):
        await TelephoneConsumer()({**scope, "extensions": {"parley.waits": {}}}, socket.receive, socket.send)
    assert socket.code == 1008
    assert f"no start came within {0.1 if closes else 0.4} s" in json.dumps(socket.sent)
