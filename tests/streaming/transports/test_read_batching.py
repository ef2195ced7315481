"""Only the socket of a muted client is read in batches, and its next turn is complete."""

import asyncio
import base64
from typing import Any

import numpy as np
import pytest

from streaming import ReplyOnPause, Stream
from streaming.audio import mulaw
from streaming.audio.rates import Converter, Pcm
from streaming.transports import read_batching as read_batching_module
from streaming.transports import stream_socket
from streaming.transports.fastrtc_socket import FastrtcConsumer
from streaming.transports.loop_lag import Lag
from tests.servers import Server
from tests.streaming.sessions.connections import Echo, until
from tests.streaming.speech.test_turn_detector import VOICE
from tests.streaming.transports.stream_client import FRAME, streaming

MUTED: Pcm = np.zeros(FRAME, dtype=np.int16)
BACKGROUND: Pcm = np.random.default_rng(1).normal(0, 20, FRAME).astype(np.int16)


class Batching(FastrtcConsumer):
    """Counts its waits for a batch."""

    read_batching = 0

    async def wait_for_batch(self) -> None:
        """Count the call without waiting."""
        Batching.read_batching += 1


async def read_batching(monkeypatch: pytest.MonkeyPatch, handler: Any, block: Pcm, least: int = 0) -> int:
    """Return how often a socket waited for a batch, for 300 blocks, then until `least` waits or 15,000 blocks."""
    stream = Stream(handler, modality="audio", mode="send-receive", name="batching", public=True)
    monkeypatch.setattr(stream_socket, "find_stream", lambda name: stream)
    monkeypatch.setattr(read_batching_module, "WAITED_S", -1.0)
    monkeypatch.setattr(Batching, "read_batching", 0)
    media = '{"event":"media","media":{"payload":"' + base64.b64encode(mulaw.encode(block)).decode() + '"}}'
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send(message: dict[str, Any]) -> None:
        pass

    scope = {"type": "websocket", "url_route": {"kwargs": {"name": "batching"}}, "query_string": b"", "headers": [], "subprotocols": []}
    incoming.put_nowait({"type": "websocket.connect"})
    incoming.put_nowait({"type": "websocket.receive", "text": '{"event":"start","websocket_id":"a"}'})
    serving = asyncio.create_task(Batching.as_asgi()(scope, incoming.get, send))
    for number in range(3000):
        if number >= 60 and Batching.read_batching >= least:
            break
        for _ in range(5):
            incoming.put_nowait({"type": "websocket.receive", "text": media})
        await until(incoming.empty, 30)
        await asyncio.sleep(0.01)  # the turn detector's thread runs
    incoming.put_nowait({"type": "websocket.disconnect"})
    await serving
    await until(lambda: not stream.sessions)
    return Batching.read_batching


def listener() -> ReplyOnPause:
    """Return a handler that waits for speech."""
    return ReplyOnPause(lambda audio: iter([audio]), input_sample_rate=8000)


async def test_a_muted_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reads of a muted client are batched."""
    assert await read_batching(monkeypatch, listener(), MUTED, 51) > 50


async def test_background_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Background noise is not batched, because speech may begin at any time."""
    assert await read_batching(monkeypatch, listener(), BACKGROUND) == 0


async def test_an_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that wants all audio gets silence at once."""
    assert await read_batching(monkeypatch, Echo(), MUTED) == 0


@pytest.mark.parametrize(("handler", "looks"), [(listener, []), (Echo, [1])])
async def test_stalls_are_checked_only_with_audio(monkeypatch: pytest.MonkeyPatch, handler: Any, looks: list[int]) -> None:
    """A listener's session has no timer before there is audio; an echo has one from the first frame on."""
    needs: list[int] = []
    monkeypatch.setattr(Lag, "need", lambda self: needs.append(1))
    monkeypatch.setattr(Lag, "release", lambda self: None)
    await read_batching(monkeypatch, handler(), MUTED)
    assert needs == looks


async def test_the_turn_after_silence_is_complete(site: Server, site_token: str) -> None:
    """The turn of a client after two muted seconds includes the audio before its first word."""
    sentence = Converter(8000).push(VOICE, 16_000)[:11_200]
    said = mulaw.encode(np.concatenate((np.zeros(20_000, dtype=np.int16), sentence, np.zeros(12_000, dtype=np.int16))))
    async with streaming(site, site_token, "repeats") as client:
        await client.start()
        begun = asyncio.get_running_loop().time()
        for number, at in enumerate(range(0, len(said) - FRAME, FRAME), start=1):
            await asyncio.sleep(max(0.0, begun + number * 0.02 - asyncio.get_running_loop().time()))
            await client.speak(said[at : at + FRAME])
        turn = await client.wait_audio(8000)
        assert mulaw.decode(said).tobytes().find(mulaw.decode(turn[:4000]).tobytes()) // 2 in range(18_000, 23_000)
        await client.stop()
