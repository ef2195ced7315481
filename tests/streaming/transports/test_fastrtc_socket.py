"""A stream over a WebSocket, as FastRTC pages use it, on both servers."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from streaming.audio import mulaw
from tests.servers import Server
from tests.streaming.transports.conftest import SITE
from tests.streaming.transports.stream_client import FRAME, StreamClient, frame, streaming


async def session_counts(site: Server, token: str) -> dict[str, int]:
    """Return how many sessions were started and shut down on the server."""
    async with streaming(site, token, "census") as client:
        await client.start()
        await client.wait(type="fetch_output")
        events = await asyncio.to_thread(first_event, site, token, "census", client.id)
    return dict(json.loads(events))


def first_event(site: Server, token: str, stream: str, identity: str) -> str:
    """Return the data of the first output of a session."""
    import urllib.request

    request = urllib.request.Request(f"{site.url}/streams/{stream}/updates?webrtc_id={identity}", headers={"x-api-key": token})
    with urllib.request.urlopen(request, timeout=30) as response:
        for line in response:
            if line.startswith(b"data: "):
                return str(line[6:].decode())
    raise AssertionError("no output came")


async def test_mulaw_echo(site: Server, site_token: str) -> None:
    """The handler's audio arrives unchanged and in order, as mu-law in JSON."""
    async with streaming(site, site_token) as client:
        await client.start()
        sent = b""
        for number in range(50):
            sent += frame(number)
            await client.speak(frame(number))
        assert await client.wait_audio(len(sent)) == sent
        await client.stop()


async def test_binary_echo(site: Server, site_token: str) -> None:
    """A client that requests pcm16 gets the rates, and sends and receives binary frames."""
    samples = np.random.default_rng(1).integers(-20000, 20000, 48_000, dtype=np.int16).tobytes()
    async with streaming(site, site_token, "wide") as client:
        await client.start(format="pcm16")
        started = await client.wait(type="log", data="started")
        assert (started["input_sample_rate"], started["output_sample_rate"]) == (24_000, 24_000)
        for at in range(0, len(samples), 960):
            await client.send(samples[at : at + 960])
        assert await client.wait_audio(len(samples)) == samples
        await client.stop()


async def test_a_client_may_have_a_rate_of_its_own(site: Server, site_token: str) -> None:
    """With sample_rate, audio is resampled in both directions and keeps its pitch."""
    rate = 16_000
    tone = (np.sin(np.arange(rate) * 2 * np.pi * 500 / rate) * 10_000).astype(np.int16)
    async with streaming(site, site_token) as client:
        await client.start(format="pcm16", sample_rate=rate)
        for at in range(0, len(tone), 320):
            await client.send(tone[at : at + 320].tobytes())
        heard = np.frombuffer(await client.wait_audio(len(tone) * 2 - 4000), dtype="<i2")
        spectrum = np.abs(np.fft.rfft(heard[2000:14_000]))
        assert abs(np.argmax(spectrum) * rate / 12_000 - 500) < 3
        await client.stop()


async def test_pings_are_answered(site: Server, site_token: str) -> None:
    """A ping before and after the start gets a pong and has no other effect."""
    async with streaming(site, site_token) as client:
        await client.ping()
        assert client.messages == [{"event": "pong"}]
        await client.start()
        before = len(client.messages)
        await client.ping()
        assert client.messages[before:] == [{"event": "pong"}]
        await client.speak(frame(1))
        await client.wait_audio(FRAME)
        await client.stop()


async def test_audio_is_sent_in_real_time(site: Server, site_token: str) -> None:
    """Three seconds that are queued at once take three seconds (test_pacing.py tests that they are not late)."""
    async with streaming(site, site_token, "burst") as client:
        begun = asyncio.get_running_loop().time()
        await client.start()
        await client.wait_audio(3 * 8000)
    assert all(count / 8000 - (at - begun) < 0.3 for at, count in client.arrivals)
    assert client.arrivals[-1][0] - begun > 2.6


async def test_a_handler_may_clear_its_audio(site: Server, site_token: str) -> None:
    """Audio that is queued when the handler clears its queue is never sent."""
    async with streaming(site, site_token, "long") as client:
        await client.start()
        await client.wait_audio(4000)
        await client.speak(frame(1))
        await client.wait(type="fetch_output")  # by now it is taken back, and what is on the way has come
        heard = len(client.sound)
        assert heard < 25 * 8000
        await asyncio.sleep(1)
        assert len(client.sound) == heard
        await client.stop()


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("hello", "JSON"),
        ("[1]", "event"),
        ({"noevent": 1}, "event"),
        ({"event": "media"}, "media.payload"),
        ({"event": "media", "media": {"payload": "*"}}, "base64"),
        ({"event": "start", "websocket_id": "again"}, "already started"),
        (b"\x00\x00", "pcm16"),
    ],
)
async def test_an_invalid_message_gets_an_error(site: Server, site_token: str, message: Any, told: str) -> None:
    """The error is in both keys, and the echo continues."""
    async with streaming(site, site_token) as client:
        await client.start()
        await client.send(message)
        error = await client.wait(type="error")
        assert told in error["message"]
        assert error["data"] == error["message"]
        await client.speak(frame(1))
        assert await client.wait_audio(FRAME) == frame(1)
        await client.stop()


async def test_invalid_binary_frames_get_an_error(site: Server, site_token: str) -> None:
    """Half a sample, a frame that is too large, and mu-law after pcm16 are each refused alone."""
    async with streaming(site, site_token) as client:
        await client.start(format="pcm16")
        await client.send(b"\x00")
        assert "even number" in (await client.wait(type="error"))["message"]
        await client.send(bytes(96_002))
        await client.speak(frame(1))
        await client.until(lambda: sum(message.get("type") == "error" for message in client.messages) == 3)
        await client.stop()


async def test_audio_before_the_start_gets_an_error(site: Server, site_token: str) -> None:
    """The client may still start afterwards."""
    async with streaming(site, site_token) as client:
        await client.speak(frame(1))
        assert "first" in (await client.wait(type="error"))["message"]
        await client.start()
        await client.speak(frame(2))
        assert await client.wait_audio(FRAME) == frame(2)
        await client.stop()


async def test_an_unknown_event_is_ignored(site: Server, site_token: str) -> None:
    """Events of other protocols are ignored, as FastRTC ignores them."""
    async with streaming(site, site_token) as client:
        await client.start()
        await client.send({"event": "connected"})
        await client.ping()
        assert all(message == {"event": "pong"} for message in client.messages)
        await client.stop()


async def test_a_handlers_exception_is_reported(site: Server, site_token: str) -> None:
    """The client gets the text of the exception, and the next frame is handled."""
    async with streaming(site, site_token, "faulty") as client:
        await client.start()
        await client.speak(frame(1))
        error = await client.wait(type="error")
        assert error["message"] == error["data"] == "the first frame is bad luck"
        await client.speak(frame(2))
        assert await client.wait_audio(FRAME) == frame(2)
        await client.stop()


async def test_outputs_are_announced(site: Server, site_token: str) -> None:
    """Each AdditionalOutputs is announced by fetch_output, which FastRTC never sends over a socket."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        for number in range(3):
            await client.speak(frame(number))
        await client.until(lambda: client.messages.count({"type": "fetch_output", "data": []}) == 3)
        await client.stop()


async def test_a_closing_stream_sends_its_last_audio_first(site: Server, site_token: str) -> None:
    """The audio of the same tuple is sent, then end_stream, then the close."""
    async with streaming(site, site_token, "closing") as client:
        await client.start()
        await client.speak(frame(1))
        end = await client.wait(type="end_stream")
        assert end["data"] == "that is all"
        assert len(client.sound) == 8000
        assert await client.wait_closed() == 1000


async def test_the_time_limit(site: Server, site_token: str) -> None:
    """A session above the stream's time limit gets an error and is closed."""
    async with streaming(site, site_token, "timed") as client:
        begun = asyncio.get_running_loop().time()
        await client.start()
        assert "time limit" in (await client.wait(type="end_stream"))["data"]
        assert await client.wait_closed() == 1000
        assert asyncio.get_running_loop().time() - begun > 0.9


async def all_ended(site: Server, token: str) -> int:
    """Wait until every started session was shut down, and return their number."""
    async with asyncio.timeout(60):
        while (counted := await session_counts(site, token))["begun"] != counted["ended"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return counted["ended"]


async def test_every_session_is_shut_down_once(site: Server, site_token: str) -> None:
    """A stop, a close and a broken connection each shut the handler down once."""
    before = await all_ended(site, site_token)
    async with streaming(site, site_token) as client:
        await client.start()
        await client.stop()
    async with streaming(site, site_token) as client:
        await client.start()
    async with streaming(site, site_token) as client:
        await client.start()
        client.socket.transport.abort()
    assert await all_ended(site, site_token) - before == 3


async def test_an_id_belongs_to_one_session(site: Server, site_token: str) -> None:
    """A second socket with a used id is refused, the first one continues, and the id is free afterwards."""
    async with streaming(site, site_token) as first:
        identity = await first.start()
        async with streaming(site, site_token) as second:
            await second.send({"event": "start", "websocket_id": identity})
            assert await second.wait(status="failed") == {"status": "failed", "meta": {"error": "connection_already_exists"}}
            assert await second.wait_closed() == 1000
        await first.speak(frame(1))
        assert await first.wait_audio(FRAME) == frame(1)
        await first.stop()
    async with streaming(site, site_token) as third:
        await third.start(websocket_id=identity)
        await third.speak(frame(3))
        assert await third.wait_audio(FRAME) == frame(3)


async def test_a_slow_handler_costs_no_memory(site: Server, site_token: str) -> None:
    """The socket is not read while the handler is behind, so the client waits and no audio is dropped."""
    async with streaming(site, site_token, "slow", close_timeout=0.5) as client:
        await client.start()
        for number in range(40):
            await client.speak(frame(number, 8000))
        await client.send({"event": "ping"})
        with pytest.raises(TimeoutError):  # a second of audio takes this handler 25 s
            await client.until(lambda: client.messages.count({"event": "pong"}) > 1, 2.0)
        assert not [message for message in client.messages if message.get("type") == "warning"]
        assert client.closed is None


async def test_invalid_credentials_get_no_session(site: Server) -> None:
    """No token, a wrong token, and a cookie from another origin get no session."""
    for token, options in (
        ("", {}),
        ("wrong", {}),
        ("", {"additional_headers": {"Cookie": "sessionid=x", "Origin": "https://evil.example"}}),
    ):
        async with streaming(site, token, **options) as client:
            assert "token" in (await client.wait(type="error"))["message"]
            assert await client.wait_closed() == 1008


async def test_a_token_in_the_query(site: Server, site_token: str) -> None:
    """The query carries the token, because browsers can set no headers."""
    async with streaming(site, "", query=f"?access_token={site_token}") as client:
        await client.start()
        await client.speak(frame(1))
        await client.wait_audio(FRAME)
        await client.stop()


async def test_a_public_stream_needs_no_token(site: Server) -> None:
    """`public=True` needs no token."""
    async with streaming(site, "", "open-to-all") as client:
        await client.start()
        await client.speak(frame(1))
        assert await client.wait_audio(FRAME) == frame(1)


async def test_unsuitable_streams_get_an_error(site: Server, site_token: str) -> None:
    """An unknown name and a video stream get an error text."""
    for name, told in (("nobody", "unknown_stream"), ("video", "WebRTC")):
        async with streaming(site, site_token, name) as client:
            assert told in (await client.wait(status="failed"))["meta"]["error"]
            assert await client.wait_closed() == 1008


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_socket_that_does_not_start_is_closed(make_server: Callable[..., Server], kind: str) -> None:
    """START_TIMEOUT_S applies here too."""
    server = await asyncio.to_thread(make_server, kind, **SITE, START_TIMEOUT_S="1")
    async with streaming(server, "", "open-to-all") as client:
        assert "no start" in (await client.wait(type="error"))["message"]
        assert await client.wait_closed() == 1008


async def test_the_root_is_the_default_stream(site: Server, site_token: str) -> None:
    """/websocket/offer is the conversation: its first audio creates one, which is the first output."""
    async with streaming(site, site_token, "") as client:
        await client.start()
        await client.speak(frame(1, 8000))
        await client.wait(type="fetch_output")
        await client.stop()


async def test_audio_of_any_size(site: Server, site_token: str) -> None:
    """Half a frame waits for its other half, and a second is cut into frames."""
    async with streaming(site, site_token) as client:
        await client.start()
        payload = frame(5, 8000)
        await client.speak(payload[:77])
        await client.speak(payload[77:])
        assert await client.wait_audio(8000) == payload
        await client.stop()


def test_mulaw_round_trip_is_exact() -> None:
    """The frames of these tests do not change by decoding and encoding."""
    assert mulaw.encode(mulaw.decode(frame(1))) == frame(1)


async def test_many_sockets_at_once(site: Server, site_token: str) -> None:
    """Each of thirty clients gets its own audio only."""

    async def one(number: int) -> None:
        async with streaming(site, site_token) as client:
            await client.start(websocket_id=uuid4().hex)
            sent = b"".join(frame(number * 100 + n) for n in range(20))
            for at in range(0, len(sent), FRAME):
                await client.speak(sent[at : at + FRAME])
                await asyncio.sleep(0.02)
            assert await client.wait_audio(len(sent)) == sent
            await client.stop()

    await asyncio.gather(*(one(number) for number in range(30)))


async def test_a_client_that_reconnects(site: Server, site_token: str) -> None:
    """After a lost connection a client may use its id again soon."""

    async def started(client: StreamClient) -> bool:
        await client.send({"event": "start", "websocket_id": identity})
        await client.send({"event": "ping"})
        await client.until(lambda: client.messages)
        return client.messages[0] == {"event": "pong"}

    async with streaming(site, site_token) as client:
        identity = await client.start()
        client.socket.transport.abort()
    async with asyncio.timeout(30):
        while True:
            async with streaming(site, site_token) as client:
                if await started(client):
                    return
            await asyncio.sleep(0.1)
