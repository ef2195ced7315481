"""Stored audio: spoken over a real socket, recorded to a file, put into the storage, and read as a mix on the clock of the words.

Links: start_request, decoder, recording, writer thread, Ogg file, kill -9, repair at the next start, storage, REST with ranges. The sound
is bursts of a tone, and the scripted recogniser says when they were: where they are in the mix must be the time of the words.
"""

import asyncio
import io
import json
import time
import wave
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import httpx
import numpy as np

from tests.servers import Server
from tests.streaming.transports.client import RATE, SymblClient, connected

WAIT_S = 90.0
DEMO = Path(__file__).parents[2] / "streaming" / "demo"
APART_S = 0.2
BURSTS = (1.0, 2.5, 4.0)
"""Seconds at which the bursts of a session begin, without pauses of its microphone."""
BURST_S = 0.4
SCRIPT = [{"after": at + BURST_S + 0.2, "text": f"Burst {n}.", "start": at, "end": at + BURST_S} for n, at in enumerate(BURSTS)]


def bursts(seconds: float) -> bytes:
    """Return LINEAR16 audio with the bursts."""
    samples = np.zeros(int(seconds * RATE), dtype=np.float32)
    tone = 0.4 * np.sin(2 * np.pi * 500 * np.arange(int(BURST_S * RATE)) / RATE)
    for at in BURSTS:
        samples[int(at * RATE) : int(at * RATE) + len(tone)] = tone
    return (samples * 32767).astype("<i2").tobytes()


def onsets(wav: bytes) -> list[float]:
    """Return the seconds at which sound begins in a WAV file after at least 0.3 s of silence."""
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 3000)
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-RATE) > 0.3 * RATE)]
    return [float(at) / RATE for at in starts]


async def say(client: SymblClient, audio: bytes) -> None:
    """Send audio in chunks of 100 ms at the pace of a microphone."""
    begun = time.monotonic()
    for number, at in enumerate(range(0, len(audio), 3200)):
        await client.socket.send(audio[at : at + 3200])
        await asyncio.sleep(max(0.0, begun + (number + 1) * 0.1 - time.monotonic()))


async def fetched(server: Server, token: str, path: str, **headers: str) -> httpx.Response:
    """GET a path."""
    async with httpx.AsyncClient(timeout=60) as http:
        return await http.get(server.url + path, headers={"x-api-key": token, **headers})


async def stored(server: Server, token: str, root: str, count: int) -> list[Any]:
    """Wait until all of `count` sessions are in the storage, and return the list of them."""
    async with asyncio.timeout(WAIT_S):
        while True:
            audio: list[Any] = (await fetched(server, token, f"{root}/audio/sessions")).json()["audio"]
            if len(audio) == count and all(one["state"] == "stored" for one in audio):
                return audio
            await asyncio.sleep(0.2)


async def word_times(server: Server, token: str, root: str) -> list[float]:
    """Return the start of each message in seconds on the conversation's clock."""
    began = datetime.fromisoformat((await fetched(server, token, root)).json()["startTime"])
    messages = (await fetched(server, token, f"{root}/messages?verbose=true")).json()["messages"]
    return [(datetime.fromisoformat(one["startTime"]) - began).total_seconds() for one in messages]


async def test_audio_survives_a_kill_and_lies_where_the_words_are(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """After a pause, kill -9 and a reconnection each burst is heard at the time of its words, and at most 5 s are lost."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    server = make_server(RECOGNISER_SCRIPT=str(script))
    token, room, audio = await asyncio.to_thread(server.token), uuid4().hex, bursts(5.0)
    async with connected(server, token, room) as anna:
        conversation_id = await anna.start("Anna", storeAudio=True, noConnectionTimeout=600)
        assert (await anna.wait("audio_recording"))["message"]["data"]["conversationId"] == conversation_id
        await say(anna, audio[: 2 * RATE * 2])
        await asyncio.sleep(2.5)  # the microphone is paused
        await say(anna, audio[2 * RATE * 2 :])
        await say(anna, bytes(RATE * 2 * 4))
        await anna.wait("message_response", 3)
        server.kill()
        await anna.wait_closed()
    await asyncio.to_thread(server.start)
    root = f"/v1/conversations/{conversation_id}"
    (first,) = await stored(server, token, root, 1)
    assert 5.0 + 2.5 + 4.0 - 5.0 < first["duration"] < 5.0 + 2.5 + 4.0 + 3.0
    async with connected(server, token, room) as tom:
        assert await tom.start("Tom", storeAudio=True) == conversation_id
        await say(tom, audio)
        await tom.stop()
    listed = await stored(server, token, root, 2)
    assert [one["speaker"] for one in listed] == ["Anna", "Tom"]
    mix = await fetched(server, token, f"{root}/audio")
    assert (mix.status_code, mix.headers["content-type"], mix.headers["accept-ranges"]) == (200, "audio/wav", "bytes")
    words, heard = await word_times(server, token, root), onsets(mix.content)
    assert len(heard) == len(words) == 2 * len(BURSTS)
    assert max(abs(one - other) for one, other in zip(words, heard, strict=True)) < APART_S
    await check_parts(server, token, root, mix, listed)


async def test_audio_across_lost_connections(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """A client loses its connection twice, and its server once, and comes back each time: every burst is heard when it was said."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    server = make_server(RECOGNISER_SCRIPT=str(script))
    token, room, audio = await asyncio.to_thread(server.token), uuid4().hex, bursts(5.0)
    for last in ("cut", "cut", "kill", "stop"):
        async with connected(server, token, room) as anna:
            conversation_id = await anna.start("Anna", storeAudio=True, noConnectionTimeout=600)
            await say(anna, audio)
            if last == "kill":
                await say(anna, bytes(RATE * 2 * 4))  # silence, which is what a crash may lose
                await anna.wait("message_response", len(BURSTS))
                server.kill()
                await anna.wait_closed()
            elif last == "stop":
                await anna.stop()
            else:
                anna.socket.transport.abort()
        if last == "kill":
            await asyncio.to_thread(server.start)
        await asyncio.sleep(0.7)
    root = f"/v1/conversations/{conversation_id}"
    listed = await stored(server, token, root, 4)
    assert {one["speaker"] for one in listed} == {"Anna"}
    words, heard = await word_times(server, token, root), onsets((await fetched(server, token, f"{root}/audio")).content)
    assert len(heard) == len(words) == 4 * len(BURSTS)
    assert max(abs(one - other) for one, other in zip(words, heard, strict=True)) < APART_S
    for number, one in enumerate(listed):
        alone = onsets((await fetched(server, token, f"{root}/audio?session={one['sessionId']}")).content)
        of_all = heard[number * len(BURSTS) : (number + 1) * len(BURSTS)]
        assert len(alone) == len(of_all)
        assert max(abs(one - other) for one, other in zip(alone, of_all, strict=True)) < 0.01


async def check_parts(server: Server, token: str, root: str, mix: httpx.Response, listed: list[Any]) -> None:
    """A range has the bytes of the whole; one session and one message have the sound of them only."""
    part = await fetched(server, token, f"{root}/audio", Range="bytes=100001-300000", **{"If-Range": mix.headers["etag"]})
    assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 100001-300000/{len(mix.content)}")
    assert part.content == mix.content[100001:300001]
    changed = await fetched(server, token, f"{root}/audio", Range="bytes=0-9", **{"If-Range": '"other"'})
    assert (changed.status_code, len(changed.content)) == (200, len(mix.content))
    assert (await fetched(server, token, f"{root}/audio", Range="bytes=999999999-")).status_code == 416
    second = await fetched(server, token, f"{root}/audio?session={listed[1]['sessionId']}")
    assert len(onsets(second.content)) == len(BURSTS)
    file = await fetched(server, token, f"{root}/audio?format=ogg&session={listed[1]['id']}")
    assert (file.headers["content-type"], file.content[:4], len(file.content)) == ("audio/ogg", b"OggS", listed[1]["size"])
    message = (await fetched(server, token, f"{root}/messages")).json()["messages"][1]
    said = await fetched(server, token, f"{root}/audio?message={message['id']}")
    (onset,) = onsets(said.content)
    assert abs(onset - 0.2) < APART_S
    assert (await fetched(server, "", f"{root}/audio")).status_code == 401
    assert (await fetched(server, token, f"{root}/audio?message={uuid4()}")).status_code == 404


def demo(seconds: float) -> bytes:
    """Return the start of the demo recording as LINEAR16."""
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(str(DEMO / "conversation.ogg")) as file:
        frames = [part.to_ndarray()[0] for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(frames)[: int(seconds * RATE)].astype("<i2").tobytes()


def lag_of(heard: bytes, sent: bytes) -> float:
    """Return the seconds by which a WAV file is later than what was sent, by cross-correlation."""
    with wave.open(io.BytesIO(heard)) as file:
        there = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    here = np.frombuffer(sent, dtype="<i2").astype(float)
    size = len(here) + len(there)
    at = int(np.fft.irfft(np.fft.rfft(there, size) * np.conj(np.fft.rfft(here, size)), size).argmax())
    return (at if at < size // 2 else at - size) / RATE


async def test_the_words_of_a_recording_lie_where_they_are_heard(make_server: Callable[..., Server]) -> None:
    """Real words, recognised from the demo recording, have the times at which the mix has them."""
    server = make_server(RECOGNISER="moonshine")
    token, audio = await asyncio.to_thread(server.token), demo(11.0)
    async with connected(server, token) as client:
        root = f"/v1/conversations/{await client.start(storeAudio=True)}"
        await say(client, audio)
        await client.stop()
    await stored(server, token, root, 1)
    lag = lag_of((await fetched(server, token, f"{root}/audio")).content, audio)
    began = datetime.fromisoformat((await fetched(server, token, root)).json()["startTime"])
    messages = (await fetched(server, token, f"{root}/messages?verbose=true")).json()["messages"]
    said = {word["word"].strip(".,").lower(): word["startTime"] for message in messages for word in message["words"]}
    spoken = {one["word"].lower(): one["start"] for one in json.loads((DEMO / "words.json").read_text())[:14]}
    apart = [(datetime.fromisoformat(at) - began).total_seconds() - lag - spoken[word] for word, at in said.items() if word in spoken]
    assert len(apart) >= 8
    assert float(np.median(np.abs(apart))) < APART_S


async def test_nothing_is_recorded_by_default(make_server: Callable[..., Server]) -> None:
    """Without `storeAudio` no audio is stored, and there is none to get."""
    server = make_server()
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        conversation_id = await client.start()
        await client.speak(2.1)
        await client.stop()
    assert not client.of("audio_recording")
    answer = await fetched(server, token, f"/v1/conversations/{conversation_id}/audio")
    assert (answer.status_code, answer.json()["message"]) == (404, "The conversation has no stored audio of this kind.")
    assert not list((server.data / "audio").rglob("*.ogg"))
