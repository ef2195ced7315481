"""Import: upload, job, recogniser, recorder, broadcast, subscribers and REST, with the embedded defaults and a real worker process.

Links: upload to disk, job in the database, worker process, decoding process, recognition, recorder, local channel layer, subscription.
"""

import asyncio
import json
import os
import re
import signal
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import av
import numpy as np

from tests.paths.conftest import WAIT_S, eventually
from tests.servers import ROOT, Server
from tests.streaming.audio.media_files import encoded, wav
from tests.streaming.transports.client import connected

RATE = 16_000
NO_POLL = {"DJANGO_SETTINGS_MODULE": "tests.streaming.site.settings", "SITE_POLL_S": "3600"}
"""Subscribers get events by notification only, so that a missing one fails the test."""
TURNS = 60


def demo(path: Path, seconds: float) -> bytes:
    """Return the start of the recorded conversation of Anna (left) and Tom (right), as a video that began at a known time."""
    with av.open(str(ROOT / "streaming" / "demo" / "conversation.ogg")) as source:
        pcm = np.concatenate([frame.to_ndarray() for frame in source.decode(audio=0)], axis=1)[:, : int(seconds * 48_000)]
    samples = (pcm.T * 32_767).astype("<i2")
    return encoded(path, "aac", samples, 48_000, picture=True, creation_time="2026-03-02T14:00:00.000000Z").read_bytes()


def turns(count: int) -> bytes:
    """Return a WAV file of noise that the scripted recogniser takes for sentences of two seconds, with silence between them."""
    noise = np.random.default_rng(7).integers(-8000, 8000, 2 * RATE, dtype=np.int16)
    return wav(np.concatenate([noise, np.zeros(RATE, dtype=np.int16)] * count).reshape(-1, 1))


def upload(server: Server, token: str, body: bytes, path: str = "audio", method: str = "POST", **query: object) -> dict[str, Any]:
    """Upload a file and return the accepted job."""
    url = f"{server.url}/v1/process/{path}?{urlencode(query)}"
    request = urllib.request.Request(url, body, {"x-api-key": token, "Content-Type": "audio/wav"}, method=method)
    with urllib.request.urlopen(request, timeout=WAIT_S) as response:
        assert response.status == 201
        answer: dict[str, Any] = json.loads(response.read())
    return answer


async def read(server: Server, token: str, path: str) -> dict[str, Any]:
    """Return the JSON of a good answer."""
    status, answer = await asyncio.to_thread(server.get, path, token)
    assert status == 200, answer
    return dict(answer)


async def ended(server: Server, token: str, job_id: str) -> dict[str, Any]:
    """Wait until a job has ended, and return it."""
    return await eventually(lambda: read(server, token, f"/v1/job/{job_id}"), lambda job: job["status"] in ("completed", "failed"))


async def messages(server: Server, token: str, conversation_id: str) -> list[dict[str, Any]]:
    """Return the messages of a conversation."""
    return list((await read(server, token, f"/v1/conversations/{conversation_id}/messages"))["messages"])


async def test_an_upload_becomes_a_conversation(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """Messages reach a subscriber and REST, with the times of the container and a speaker for each channel; the file is removed."""
    server = await asyncio.to_thread(lambda: make_server(worker=True, RECOGNISER="moonshine", WORKER_NICE="0", **NO_POLL))
    token = await asyncio.to_thread(server.token)
    options = {
        "name": "Demo",
        "enableSeparateRecognitionPerChannel": "true",
        "channelMetadata": json.dumps([{"channel": 1, "speaker": {"name": "Anna"}}, {"channel": 2, "speaker": {"name": "Tom"}}]),
    }
    accepted = await asyncio.to_thread(lambda: upload(server, token, demo(tmp_path / "demo.mp4", 14.0), "video", **options))
    conversation = f"/v1/conversations/{accepted['conversationId']}"
    async with connected(server, token, f"import-{accepted['conversationId']}", "/v1/subscribe/") as subscriber:
        await subscriber.wait("message_response", 3)
        await subscriber.wait("topic_response")
        assert subscriber.said()[0].startswith("Good morning, Tom")
    job = await ended(server, token, accepted["jobId"])
    assert job["status"] == "completed", (job, [line for line in server.output if "readyz" not in line])
    said = await messages(server, token, accepted["conversationId"])
    starts = [message["startTime"] for message in said]
    assert starts == sorted(starts)
    assert starts[0].startswith("2026-03-02T14:00:00.")
    assert 0.3 < said[0]["timeOffset"] < 1.0
    names = [message["from"]["name"] for message in said]
    assert names[0] == "Anna"
    assert next(message["from"]["name"] for message in said if message["timeOffset"] > 4.0) == "Tom"
    assert set(names) == {"Anna", "Tom"}
    found = await read(server, token, conversation)
    assert (found["name"], found["startTime"]) == ("Demo", "2026-03-02T14:00:00.000Z")
    assert found["endTime"].startswith("2026-03-02T14:00:1")
    assert list((server.data / "uploads").iterdir()) == []


async def test_a_worker_that_is_killed(make_server: Callable[..., Server]) -> None:
    """Another worker goes on with the import: each turn is stored once, in order; what is appended meanwhile follows."""
    server = await asyncio.to_thread(lambda: make_server(worker=True, WORKER_NICE="0"))
    token = await asyncio.to_thread(server.token)
    accepted = await asyncio.to_thread(lambda: upload(server, token, turns(TURNS)))
    identity = accepted["conversationId"]
    more = await asyncio.to_thread(lambda: upload(server, token, turns(2), f"audio/{identity}", "PUT"))
    before = await eventually(lambda: messages(server, token, identity), lambda said: len(said) >= 5)
    workers = re.findall(r"worker (\d+) runs", "".join(server.output))
    os.kill(int(workers[-1]), signal.SIGKILL)
    assert len(before) < TURNS
    job = await ended(server, token, accepted["jobId"])
    assert job["status"] == "completed", (job, [line for line in server.output if "readyz" not in line])
    job = await ended(server, token, more["jobId"])
    assert job["status"] == "completed", (job, [line for line in server.output if "readyz" not in line])
    whole = await asyncio.to_thread(lambda: upload(server, token, turns(TURNS)))
    assert (await ended(server, token, whole["jobId"]))["status"] == "completed"
    undisturbed = await messages(server, token, whole["conversationId"])
    said = await messages(server, token, identity)
    assert [one["id"] for one in said[:5]] == [one["id"] for one in before[:5]]
    count = len(undisturbed)
    assert count >= TURNS
    assert [(one["text"], one["timeOffset"]) for one in said[:count]] == [(one["text"], one["timeOffset"]) for one in undisturbed]
    assert len(said) > count
    assert said[count]["timeOffset"] >= 3.0 * TURNS
    numbers = [event["number"] for event in (await read(server, token, f"/v1/conversations/{identity}/events?limit=500"))["events"]]
    assert numbers == list(range(1, len(numbers) + 1))
