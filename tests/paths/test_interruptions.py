"""Path 2, reply: what a person says during a reply, as real audio in real time, over a WebSocket and over WebRTC.

Links: audio input, turn detection, the recogniser (the shipped model), the decision, and the audio output with its pacing, which pauses,
continues or drops the reply.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from streaming.cluster.heartbeat import ALIVE_S
from tests import speech
from tests.servers import Server, copied
from tests.streaming.transports.rtc import Caller, to, until
from tests.streaming.transports.sse import Events, subscribed
from tests.streaming.transports.stream_client import StreamClient, streaming

RATE = 24_000
"""Of the reply, in Hz; the microphone has 48 kHz."""
BLOCK = RATE // 50
BLOCKS = 400
STEP = 20
"""The reply is eight seconds long, and each block of 20 ms holds its number times this."""
SILENT_WITHIN_S = 0.2
SILENT_S = 0.44
"""Silence at the end of the clip "unfinished" and at the beginning of "rest"."""
OTHERS_S = 16
"""Seconds for which others talk: longer than the question and its reply."""
MARGIN = 4
"""Factor of the limit, for a busy machine."""
PROGRAM = f'''
"""A stream with a long reply."""

import numpy as np

from streaming import AdditionalOutputs, ReplyOnPause, Stream, get_stt_model

model = get_stt_model()


blocks = {RATE}, np.repeat(np.arange(1, {BLOCKS} + 1, dtype=np.int16) * {STEP}, {BLOCK})


def respond(audio):
    """Say how long the turn is, then reply with numbered blocks."""
    yield AdditionalOutputs(round(audio[1].shape[1] / audio[0], 1))
    yield blocks


def play(audio):
    """Reply with a tone, which a codec preserves."""
    yield {RATE}, (8000 * np.sin(np.arange(8 * {RATE}) * 2 * np.pi * 440 / {RATE})).astype(np.int16)


def repeat(audio):
    """Tell the words of the turn, then reply with numbered blocks."""
    yield AdditionalOutputs(model.stt(audio))
    yield blocks


told = Stream(ReplyOnPause(repeat), modality="audio", mode="send-receive", name="told")
numbered = Stream(ReplyOnPause(respond), modality="audio", mode="send-receive", name="numbered")
tonal = Stream(ReplyOnPause(play), modality="audio", mode="send-receive", name="tonal")
'''


@pytest.fixture(scope="module")
def server(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the shipped model and the streams above."""
    folder = tmp_path_factory.mktemp("interruptions")
    app = folder / "numbersapp"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "streams.py").write_text(PROGRAM)
    env = {"APPS": "numbersapp", "PYTHONPATH": str(folder), "RECOGNISER": "moonshine"}
    server = Server(copied(migrated_data, folder / "data"), env, "uvicorn")
    server.start()
    yield server
    server.kill()


class Microphone:
    """A microphone in real time: silence, or what was given to `say`."""

    def __init__(self, client: StreamClient) -> None:
        self._client = client
        self._saying = np.zeros(0, np.int16)
        self.heard_at_speech = 0
        """Bytes of the reply that had arrived when the first loud block was sent."""

    def say(self, samples: np.ndarray) -> None:
        """Speak, after what is being said."""
        self._saying = np.concatenate((self._saying, samples))

    async def run(self) -> None:
        """Send 20 ms at a time."""
        clock = asyncio.get_running_loop().time
        begun, number = clock(), 0
        while True:
            block, self._saying = self._saying[:960], self._saying[960:]
            if not self.heard_at_speech and np.abs(block.astype(np.int32)).max(initial=0) > 1000:
                self.heard_at_speech = len(self._client.sound)
            await self._client.send(np.pad(block, (0, 960 - len(block))).astype("<i2").tobytes())
            number += 1
            await asyncio.sleep(max(0.0, begun + number * 0.02 - clock()))


@asynccontextmanager
async def microphone_of(client: StreamClient) -> AsyncIterator[Microphone]:
    """Start a session with a microphone."""
    await client.send({"event": "start", "websocket_id": client.id, "format": "pcm16"})
    await client.ping()
    microphone = Microphone(client)
    running = asyncio.create_task(microphone.run())
    try:
        yield microphone
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def talking(server: Server) -> AsyncIterator[tuple[StreamClient, Microphone]]:
    """Ask, and hear the first second and a half of the reply."""
    async with streaming(server, await asyncio.to_thread(server.token), "numbered") as client, microphone_of(client) as microphone:
        microphone.say(speech.clip("question", 0.3))
        await client.wait(type="log", data="response_starting")
        await client.until(lambda: len(client.sound) > 1.5 * RATE * 2)
        microphone.heard_at_speech = 0
        yield client, microphone


def spoken(name: str) -> np.ndarray:
    """Return a clip without the silence around it."""
    sound = speech.clip(name)
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > 300)
    return sound[loud[0] : loud[-1] + 1]


def numbers(client: StreamClient) -> list[int]:
    """Return the numbers of the blocks that arrived, without those that fade out; a block that fades in counts by its end."""
    samples = np.frombuffer(client.sound, dtype="<i2")
    ends = samples[BLOCK - 1 :: BLOCK]
    return [int(end) // STEP for end in ends if end]


async def test_a_backchannel(server: Server) -> None:
    """The reply pauses for "yes", continues where it stopped, and is complete; the handler is not called again."""
    async with talking(server) as (client, microphone):
        microphone.say(speech.clip("backchannel"))
        await client.wait(type="log", data="response_paused")
        await client.wait(type="log", data="response_resumed")
        await client.until(lambda: numbers(client)[-1:] == [BLOCKS])
        assert numbers(client) == list(range(1, BLOCKS + 1))
        assert len([one for one in client.messages if one.get("data") == "response_starting"]) == 1
        times = [at for at, _ in client.arrivals]
        assert max(np.diff(times)) > 0.4  # it was silent while the person spoke, and until the decision
        assert {"event": "clear"} not in client.messages


async def test_an_interruption(server: Server) -> None:
    """The reply to "stop, please" is silent soon after the start of the speech, ends for good, and the next reply begins anew."""
    async with talking(server) as (client, microphone):
        microphone.say(speech.clip("stop"))
        await client.until(lambda: {"event": "clear"} in client.messages)
        late_s = (len(client.sound) - microphone.heard_at_speech) / 2 / RATE
        assert late_s < SILENT_WITHIN_S * MARGIN
        await client.until(lambda: len([one for one in client.messages if one.get("data") == "response_starting"]) == 2)
        await client.until(lambda: numbers(client)[-1] < numbers(client)[60])
        assert "response_resumed" not in [one.get("data") for one in client.messages]


async def test_others_talk_in_the_background(server: Server) -> None:
    """20 dB softer than the user: the question is answered although they continue, and the reply is not paused."""
    others = np.resize(np.concatenate([spoken(name) for name in ("unfinished", "rest", "stop")]), OTHERS_S * 48_000) // 10
    async with streaming(server, await asyncio.to_thread(server.token), "numbered") as client, microphone_of(client) as microphone:
        microphone.say(np.concatenate((speech.clip("question", 0.3), others)))
        await client.until(lambda: numbers(client)[-1:] == [BLOCKS])
        assert numbers(client) == list(range(1, BLOCKS + 1))
        logs = [one.get("data") for one in client.messages if one.get("type") == "log"]
        assert logs == ["started", "started_talking", "pause_detected", "response_starting"]


@pytest.mark.parametrize("pause_s", [0.8, 1.4])
async def test_a_pause_inside_of_the_users_sentence(server: Server, pause_s: float) -> None:
    """The reply to the first part may begin in the pause; the reply that stays answers the whole sentence, and nothing is said twice.

    While the words are not decoded, as on a busy machine, a silence of 0.65 s ends the turn: there are three tries.
    """
    token = await asyncio.to_thread(server.token)
    answered: list[list[str]] = []
    for _ in range(3):
        async with (
            streaming(server, token, "told") as client,
            microphone_of(client) as microphone,
            subscribed(server, token, "told", client.id) as outputs,
        ):
            microphone.say(speech.clip("unfinished", 0.3, pause_s - SILENT_S))
            microphone.say(speech.clip("rest"))
            await outputs.until(lambda: any("budget" in text for text in words(outputs)))  # noqa: B023  # awaited right here
            answered.append(words(outputs))
            if "customer" in answered[-1][-1]:
                await client.until(lambda: numbers(client)[-1:] == [BLOCKS])  # noqa: B023  # it is played to its end
                assert len(words(outputs)) <= 2  # the first part alone, and the whole
                assert numbers(client)[-BLOCKS:] == list(range(1, BLOCKS + 1))
                return
    raise AssertionError(answered)


def words(outputs: Events) -> list[str]:
    """Return the words of each turn that was answered."""
    return [event.data for event in outputs.events]


async def test_a_crash_during_a_reply(server: Server) -> None:
    """After kill -9 the same client starts again under its id; "mhm" then leaves the new reply whole, and "stop" ends the next one."""
    async with talking(server) as (client, microphone):
        name = client.id
        await asyncio.to_thread(server.kill)
        await client.wait_closed()
    await asyncio.sleep(ALIVE_S)  # so long the killed process may be alive to others, and has the id
    await asyncio.to_thread(server.start)
    async with streaming(server, await asyncio.to_thread(server.token), "numbered") as client:
        client.id = name
        async with microphone_of(client) as microphone:
            microphone.say(speech.clip("question", 0.3))
            await client.wait(type="log", data="response_starting")
            await client.until(lambda: len(client.sound) > 1.5 * RATE * 2)
            microphone.say(speech.clip("hum"))
            await client.wait(type="log", data="response_resumed")
            assert numbers(client) == list(range(1, len(numbers(client)) + 1))
            microphone.say(speech.clip("stop"))
            await client.until(lambda: {"event": "clear"} in client.messages)
            await client.until(lambda: [one.get("data") for one in client.messages].count("response_starting") == 2)


async def test_an_interruption_over_webrtc(server: Server) -> None:
    """The same with a peer: the tone ends soon after the start of the speech."""
    async with to(server, await asyncio.to_thread(server.token), "/streams/tonal/webrtc/offer") as post:
        caller = await Caller(post, "sendrecv", microphone=0.0).call()
        try:
            await caller.microphone.say(speech.clip("question"))
            await caller.message("log", "response_starting")
            await until(lambda: loud_blocks(caller) > 75, "the reply did not begin")
            before = loud_blocks(caller)
            await caller.microphone.say(speech.clip("stop"))
            await caller.message("log", "response_paused")
            await until(lambda: [one.get("data") for one in caller.messages].count("pause_detected") == 2, "no second turn")
            assert "response_resumed" not in [one.get("data") for one in caller.messages]
            assert before < BLOCKS
        finally:
            await caller.close()


def loud_blocks(caller: Caller) -> int:
    """Return how many received blocks of 20 ms are loud."""
    size = speech.RATE // 50
    sound = caller.sound[: len(caller.sound) // size * size].reshape(-1, size).astype(np.int32)
    return int((np.abs(sound).max(axis=1, initial=0) > 2000).sum())
