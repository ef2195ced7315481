"""Bad input gets a clear error in the protocol's form, and other clients are not affected (design law 8)."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import websockets

from tests.servers import Server
from tests.streaming.transports.client import PATIENT, connected, is_kind, noise

BAD_TEXTS = {
    "not JSON": ("hello", ""),
    "a list": ("[1, 2]", ""),
    "an unknown type": ('{"type": "dance"}', "type"),
    "no type": ("{}", "type"),
    "deep nesting": ('{"type": "start_request", "x": ' + "[" * 5000 + "]" * 5000 + "}", ""),
    "one MiB of text": ('{"type": "start_request", "x": "' + "a" * (1 << 20) + '"}', ""),
    "NaN": ('{"type": "start_request", "config": {"confidenceThreshold": NaN}}', "config.confidenceThreshold"),
}

BAD_STARTS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown encoding": ({"config": {"speechRecognition": {"encoding": "MP3"}}}, "config.speechRecognition.encoding"),
    "a rate out of range": ({"config": {"speechRecognition": {"sampleRateHertz": 96000}}}, "config.speechRecognition.sampleRateHertz"),
    "mu-law at 44100 Hz": (
        {"config": {"speechRecognition": {"encoding": "MULAW", "sampleRateHertz": 44100}}},
        "config.speechRecognition.sampleRateHertz",
    ),
    "a confidence of 1.5": ({"config": {"confidenceThreshold": 1.5}}, "config.confidenceThreshold"),
    "wrong types": ({"insightTypes": "question"}, "insightTypes"),
    "an unknown insight type": ({"insightTypes": ["joke"]}, "insightTypes"),
    "a language nobody here knows": ({"config": {"languageCode": "tlh"}}, "config.languageCode"),
}


@pytest.mark.parametrize("name", BAD_TEXTS)
async def test_bad_text_names_the_error(live: Server, live_token: str, name: str) -> None:
    """A text that is no message gets an error; the socket stays open and can start afterwards."""
    text, field = BAD_TEXTS[name]
    async with connected(live, live_token) as client:
        await client.send(text)
        error = await client.wait("error")
        body = error["message"] if isinstance(error["message"], dict) else error
        assert field in body["field"]
        assert body["message"]
        await client.start()
        await client.stop()


@pytest.mark.parametrize("name", BAD_STARTS)
async def test_a_refused_start_names_the_field(live: Server, live_token: str, name: str) -> None:
    """An invalid start request gets the envelope form, which ends the waiting of SDKs."""
    request, field = BAD_STARTS[name]
    async with connected(live, live_token) as client:
        await client.send({"type": "start_request"} | request)
        error = await client.wait("error")
        assert error["type"] == "message"
        assert error["message"]["field"].startswith(field)
        assert field.split(".")[-1] in error["message"]["message"]
        await client.start()
        await client.stop()


async def test_a_large_chunk_is_refused_alone(live: Server, live_token: str) -> None:
    """A chunk above 8,192 bytes gets an error and is not processed; the session continues."""
    async with connected(live, live_token) as client:
        await client.start()
        await client.socket.send(noise(3)[:8194])
        error = await client.wait("error")
        assert "8192" in error["message"]
        await client.speak(2.1)
        await client.wait("message_response")
        await client.stop()


async def test_odd_bytes_are_refused_alone(live: Server, live_token: str) -> None:
    """LINEAR16 with an odd number of bytes gets an error; the following audio is recognised."""
    async with connected(live, live_token) as client:
        await client.start()
        await client.socket.send(b"\x01\x02\x03")
        error = await client.wait("error")
        assert "audio" in error["field"] or "LINEAR16" in error["message"]
        await client.speak(2.1)
        await client.wait("message_response")
        await client.stop()


async def test_noise_as_flac(live: Server, live_token: str) -> None:
    """Bytes that are no FLAC get an error, and the session still ends in order."""
    async with connected(live, live_token) as client:
        await client.start(config={"speechRecognition": {"encoding": "FLAC", "sampleRateHertz": 16000}})
        for _ in range(4):
            await client.socket.send(noise(0.25))
        error = await client.wait("error")
        assert "FLAC" in error["message"]
        await client.stop()


async def test_start_twice(live: Server, live_token: str) -> None:
    """A second start, valid or not, is refused in the form that a waiting SDK reads; the first session continues."""
    async with connected(live, live_token) as client:
        await client.start()
        await client.send({"type": "start_request"})
        error = await client.wait("error")
        assert error["type"] == "message"
        assert "already started" in error["message"]["message"]
        await client.send({"type": "start_request", "insightTypes": "question"})
        error = await client.wait("error", 2)
        assert error["type"] == "message"
        assert error["message"]["field"] == "insightTypes"
        await client.send({"type": "modify_request"})
        assert (await client.wait("error", 3))["type"] == "error"
        await client.speak(2.1)
        await client.wait("message_response")
        await client.stop()


async def test_stop_before_start_and_stop_twice(live: Server, live_token: str) -> None:
    """A stop without a start is refused; a second stop has no effect."""
    async with connected(live, live_token) as client:
        await client.send({"type": "stop_request"})
        assert "not started" in (await client.wait("error"))["message"]
        await client.start(disconnectOnStopRequest=False, disconnectOnStopRequestTimeout=60)
        await client.send({"type": "stop_request"})
        await client.wait("recognition_stopped")
        await client.send({"type": "stop_request"})
        assert "already stopped" in (await client.wait("error", 2))["message"]


async def test_audio_after_stop(live: Server, live_token: str) -> None:
    """Audio after a stop is refused with one message, and not stored."""
    async with connected(live, live_token) as client:
        await client.start(disconnectOnStopRequest=False, disconnectOnStopRequestTimeout=60)
        await client.send({"type": "stop_request"})
        await client.wait("recognition_stopped")
        await client.speak(3)
        error = await client.wait("error")
        assert "after stop_request" in error["message"]
        await client.start()
        await client.speak(2.1)
        await client.wait("message_response")
        await client.stop()
    assert len(client.of("error")) == 1
    assert len(client.said()) == 1


async def test_audio_before_start_is_ignored(live: Server, live_token: str) -> None:
    """Binary messages before the start request are ignored, as documented."""
    async with connected(live, live_token) as client:
        await client.speak(5)
        await client.start()
        await client.speak(2.1)
        await client.wait("message_response")
        await client.stop()
    assert len(client.said()) == 1


@pytest.mark.parametrize("token", ["", "nonsense", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4IiwiZXhwIjoxfQ.c2ln"])
async def test_missing_wrong_and_expired_tokens(live: Server, live_token: str, token: str) -> None:
    """Without a valid token the socket sends an error in the protocol's form and closes with 1008."""
    async with connected(live, token) as client:
        error = await client.wait("error")
        assert error["message"] == "Token validation failed for provided token."
        assert await client.wait_closed() == 1008


async def test_a_foreign_token_opens_another_conversation(live: Server, live_token: str) -> None:
    """A connection id belongs to its owner: another account's token opens another conversation."""
    connection_id = uuid4().hex
    foreign_token = live.token("other@example.com")
    async with (
        connected(live, live_token, connection_id) as mine,
        connected(live, foreign_token, connection_id) as theirs,
    ):
        assert await mine.start() != await theirs.start()
        await mine.speak(2.1)
        await mine.wait("message_response")
        await mine.stop()
        await theirs.stop()
    assert not theirs.of("message_response")


@pytest.mark.parametrize("connection_id", ["a/b", "MGFobDc=", "100%", "jane@example.com", "x" * 256])
async def test_unusual_connection_ids(live: Server, live_token: str, connection_id: str) -> None:
    """Clients may use any text as connection id."""
    async with connected(live, live_token, connection_id + uuid4().hex if len(connection_id) < 200 else connection_id) as client:
        conversation_id = await client.start()
        await client.stop()
    assert live.get(f"/v1/conversations/{conversation_id}", live_token)[0] == 200


@pytest.mark.parametrize("connection_id", ["a\x00b", "x" * 500])
async def test_invalid_connection_ids(live: Server, live_token: str, connection_id: str) -> None:
    """An id that cannot be stored is refused by name."""
    async with connected(live, live_token, connection_id) as client:
        error = await client.wait("error")
        assert error["field"] == "connectionId"
        assert await client.wait_closed() == 1008


async def test_a_bad_cursor(live: Server, live_token: str) -> None:
    """`after` must be a number."""
    async with connected(live, live_token, query="?after=yesterday") as client:
        assert (await client.wait("error"))["field"] == "after"


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_socket_that_never_starts(make_server: Callable[..., Server], kind: str) -> None:
    """It gets an error and is closed after START_TIMEOUT_S."""
    server = await asyncio.to_thread(make_server, kind, START_TIMEOUT_S="1")
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        assert "no start_request" in (await client.wait("error"))["message"]
        assert await client.wait_closed() == 1008


async def test_faster_than_real_time(live: Server, live_token: str) -> None:
    """Five minutes of audio sent at once are recognised completely, a sentence for each 63 blocks of 32 ms and one for the rest."""
    async with connected(live, live_token) as client:
        await client.start(wait=False)
        await client.speak(300)
        await client.send({"type": "stop_request"})
        await client.wait("conversation_completed", seconds=90)
    assert len(client.said()) == 300_000 // (63 * 32) + 1


async def test_an_unknown_path_is_refused(live: Server) -> None:
    """A WebSocket on an unknown path gets no handshake."""
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(live.url.replace("http", "ws") + "/v1/nothing", **PATIENT)
    assert refused.value.response.status_code == 403


async def test_other_clients_are_not_affected(live: Server, live_token: str) -> None:
    """While other clients send invalid messages, a conversation misses no sentence."""

    async def send_invalid() -> None:
        async with connected(live, live_token) as client:
            for text, _ in BAD_TEXTS.values():
                await client.send(text)
                await client.socket.send(b"\xff" * 9000)
            await client.wait(is_kind("error"), len(BAD_TEXTS))

    async with connected(live, live_token) as client:
        await client.start()
        others = [asyncio.create_task(send_invalid()) for _ in range(5)]
        await client.speak(10.1)
        await client.wait("message_response", 5)
        await asyncio.gather(*others)
        await client.stop()
    assert len(client.said()) == 5
    assert not client.of("error")
    json.dumps(client.messages)
