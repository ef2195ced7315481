"""Erasing: a message is deleted or personal data redacted for good, and its sound is gone from the stored file.

Links: REST, recorder, job in the transaction of the deletion, worker process, storage. The file in the storage is decoded.
"""

import asyncio
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from streaming.audio.opus_file import OpusReader
from streaming.audio.pcm import RATE, Samples
from tests.paths.conftest import eventually
from tests.paths.test_import import ended, messages, read, turns, upload
from tests.servers import Server

MARGIN_S = 0.2
EDGE_S = 0.1
"""Seconds for which a decoder still hears what was before."""


def decoded(path: Path) -> Samples:
    """Return the samples of a file."""
    with open(path, "rb") as file:
        reader = OpusReader(file)
        return reader.read(0, round(reader.seconds * RATE))


def loudness(samples: Samples, start: float, end: float) -> float:
    """Return the loudest sample between two times."""
    return float(np.abs(samples[round(start * RATE) : round(end * RATE)]).max())


def delete(server: Server, token: str, path: str) -> None:
    """DELETE a path."""
    request = urllib.request.Request(server.url + path, headers={"x-api-key": token}, method="DELETE")
    with urllib.request.urlopen(request, timeout=60) as response:
        assert response.status == 200


def span(message: dict[str, Any]) -> tuple[float, float]:
    """Return start and end of a message, in seconds."""
    return message["timeOffset"], message["timeOffset"] + message["duration"]


async def test_a_deleted_message_is_silent_in_the_stored_file(make_server: Callable[..., Server]) -> None:
    """Two deletions: their words and 0.2 s around them are silence in the file, the rest is as it was, and so is the list of sessions."""
    server = await asyncio.to_thread(lambda: make_server(worker=True, WORKER_NICE="0"))
    token = await asyncio.to_thread(server.token)
    accepted = await asyncio.to_thread(lambda: upload(server, token, turns(5), storeAudio="true"))
    assert (await ended(server, token, accepted["jobId"]))["status"] == "completed"
    root = f"/v1/conversations/{accepted['conversationId']}"
    said = await messages(server, token, accepted["conversationId"])
    (path,) = (server.data / "audio" / "stored").rglob("*.ogg")
    before = decoded(path)
    gone = [said[1], said[3]]
    for message in gone:
        assert loudness(before, *span(message)) > 0.05
        await asyncio.to_thread(delete, server, token, f"{root}/messages/{message['id']}")

    async def samples() -> Samples:
        return decoded(path)

    silent = lambda after: all(loudness(after, *span(message)) < 0.001 for message in gone)  # noqa: E731
    after = await eventually(samples, silent)
    assert len(after) == len(before)
    changed = np.zeros(len(after), dtype=bool)
    for start, end in map(span, gone):
        assert loudness(after, start - MARGIN_S + EDGE_S, end + MARGIN_S) < 0.001
        changed[round((start - MARGIN_S - EDGE_S) * RATE) : round((end + MARGIN_S + EDGE_S) * RATE)] = True
    assert float(np.abs(after - before)[~changed].max()) < 0.02
    sizes = lambda answer: [one["size"] for one in answer["audio"]] == [path.stat().st_size]  # noqa: E731
    await eventually(lambda: read(server, token, f"{root}/audio/sessions"), sizes)
    assert not list((server.data / "audio").rglob("*.part"))
