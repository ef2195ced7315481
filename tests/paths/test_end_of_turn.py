"""The end of a turn by its words, with real speech and the real recogniser: a sentence with a pause after "and" is one message and gets one
reply; a complete question ends early. The clips are Flite's (tests/speech).
"""

import asyncio
from collections.abc import Callable
from statistics import median

import numpy as np
import soxr

from tests import speech
from tests.servers import Server
from tests.streaming.transports.client import SymblClient, connected
from tests.streaming.transports.stream_client import streaming

RATE = 16_000
PAUSE_S = 0.75
"""Longer than the fixed pause, also with what the VAD still takes for speech."""
FIXED_S = 3
TIMES = 3
"""On a busy machine the words may come too late once."""
SITE = "tests.streaming.site.settings"


def said(name: str) -> np.ndarray:
    """Return a clip as int16 at 16 kHz, without silence at its edges."""
    sound = soxr.resample(speech.clip(name), speech.RATE, RATE)
    loud = np.flatnonzero(np.abs(sound) > 200)
    return sound[loud[0] : loud[-1]].astype("<i2")


def silence(seconds: float) -> np.ndarray:
    """Return nearly silent noise: a microphone is never quite silent."""
    return np.random.default_rng(1).integers(-4, 5, int(seconds * RATE)).astype("<i2")


def interrupted() -> np.ndarray:
    """Return a sentence with a pause after "and", several times."""
    return np.concatenate((silence(0.5), said("unfinished"), silence(PAUSE_S), said("rest"), silence(2.0)) * TIMES)


async def speak(send: Callable[[bytes], object], audio: np.ndarray) -> None:
    """Send audio in real time, 40 ms at a time."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    for at in range(0, len(audio), RATE // 25):
        await asyncio.sleep(max(0.0, begun + at / RATE - clock()))
        await send(audio[at : at + RATE // 25].tobytes())  # type: ignore[misc]


async def finals(server: Server, audio: np.ndarray) -> SymblClient:
    """Send audio as one speaker, and return the client once the server has closed."""
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        await client.start()
        await speak(client.socket.send, audio)
        await client.stop()
    return client


async def test_a_pause_after_and_is_no_end(make_server: Callable[..., Server]) -> None:
    """The words join both halves to one message, the fixed pause makes two of them."""
    words, pause = (make_server(RECOGNISER="moonshine", END_OF_TURN=kind) for kind in ("words", "pause"))
    assert TIMES <= len((await finals(words, interrupted())).said()) < 2 * TIMES
    assert len((await finals(pause, interrupted())).said()) == 2 * TIMES


async def latency_s(server: Server) -> float:
    """Return the median time from the end of a question to its final result."""
    question, token, found = said("question"), await asyncio.to_thread(server.token), []
    clock = asyncio.get_running_loop().time
    async with connected(server, token) as client:
        await client.start()
        for number in range(1, TIMES + 1):
            await speak(client.socket.send, np.concatenate((silence(0.5), question)))
            ended = clock()
            after = asyncio.create_task(speak(client.socket.send, silence(FIXED_S + 1)))
            await client.wait(lambda message: message.get("message", {}).get("isFinal") is True, number)
            found.append(clock() - ended)
            await after
        await client.stop()
    return median(found)


async def test_a_complete_question_ends_early(make_server: Callable[..., Server]) -> None:
    """The words end it long before the fixed pause, which is set to three seconds, so that a busy machine does not matter."""
    fixed = {"END_OF_TURN_MS": str(FIXED_S * 1000)}
    words, pause = (make_server(RECOGNISER="moonshine", END_OF_TURN=kind, **fixed) for kind in ("words", "pause"))
    assert await latency_s(words) < FIXED_S - 1
    assert await latency_s(pause) > FIXED_S - 0.5


async def test_a_reply_waits_for_the_rest_of_the_sentence(make_server: Callable[..., Server]) -> None:
    """A stream that asks for the words replies to whole sentences."""
    server = make_server(RECOGNISER="moonshine", DJANGO_SETTINGS_MODULE=SITE)
    token = await asyncio.to_thread(server.token)
    replies = []
    for stream in ("by-words", "by-pause"):
        async with streaming(server, token, stream) as client:
            await client.start(format="pcm16", sample_rate=RATE)
            await client.wait(type="log", data="started")
            await speak(client.send, interrupted())
            await client.stop()
        replies.append(sum(message.get("data") == "response_starting" for message in client.messages))
    assert TIMES <= replies[0] < replies[1] == 2 * TIMES
