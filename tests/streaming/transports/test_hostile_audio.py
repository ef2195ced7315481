"""One client sends audio that is expensive to decode, while another one speaks."""

import asyncio
import time
from contextlib import suppress
from itertools import count

import websockets

from tests.attacks.hostile_audio import endless
from tests.servers import Server
from tests.streaming.transports.client import RATE, Message, SymblClient, connected, noise

SENTENCE_S = 63 * 512 / RATE  # the scripted recogniser's, in its blocks
CHUNK = 3_072  # bytes of six of them
LATE_S = 1.0  # a final that takes less is in time, on any machine


def is_final(message: Message) -> bool:
    """Match a final result."""
    return message["type"] == "message" and bool(message["message"].get("isFinal"))


async def latest_final_s(client: SymblClient, sentences: int, until: asyncio.Event | None = None) -> float:
    """Speak a number of sentences, or until the event is set; return the latency of the slowest final result in seconds."""
    sound, latest, before = noise(SENTENCE_S), 0.0, len(list(filter(is_final, client.messages)))
    for spoken in count(before + 1):
        for at in range(0, len(sound), CHUNK):
            await client.socket.send(sound[at : at + CHUNK])
            await asyncio.sleep(CHUNK / 2 / RATE)
        said = time.monotonic()
        await client.wait(is_final, spoken)
        latest = max(latest, time.monotonic() - said)
        if until.is_set() if until else spoken == before + sentences:
            break
    return latest


async def attack(client: SymblClient) -> None:
    """Send a little audio and much padding until the server closes."""
    await client.start("Mallory", config={"speechRecognition": {"encoding": "FLAC", "sampleRateHertz": RATE}})
    chunks = endless("flac-mixed")
    while client.closed is None:
        with suppress(websockets.ConnectionClosed):
            await client.socket.send(next(chunks))


async def test_expensive_audio_is_refused(live: Server, live_token: str) -> None:
    """The attacker is slowed down, then gets an error and is closed; the other speaker's final results are in time."""
    async with connected(live, live_token) as jane, connected(live, live_token) as mallory:
        await jane.start()
        alone_s = await latest_final_s(jane, 1)
        over = asyncio.Event()
        beside = asyncio.create_task(latest_final_s(jane, 0, over))
        attacking = asyncio.create_task(attack(mallory))
        assert await mallory.wait_closed() == 1008
        over.set()
        assert await beside <= 4 * max(alone_s, LATE_S)
        await attacking
    reasons = [message for message in mallory.of("error") if "takes more computing time" in message["message"]]
    assert [message["field"] for message in reasons] == ["audio"]
