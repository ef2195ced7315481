"""Erasing: a message is deleted or personal data redacted for good, and its sound is gone from the stored file.

Links: REST, recorder, job in the transaction of the deletion, worker process, storage. The file in the storage is decoded.
"""

import asyncio
import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from streaming.audio.opus_file import OpusReader
from streaming.audio.pcm import RATE, Samples
from tests.paths.conftest import WAIT_S, eventually
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


TURNS = 60


def killed_while_writing(server: Server, path: Path, former: bytes) -> bool:
    """Kill the worker as soon as it writes a file beside a stored one; return whether it left one that was not finished."""
    until = time.monotonic() + WAIT_S
    while not (parts := list(path.parent.glob("*.part"))):
        if path.read_bytes() != former:
            return False
        assert time.monotonic() < until, "the job did not run"
    os.kill(int(re.findall(r"worker (\d+) runs", "".join(server.output))[-1]), signal.SIGKILL)
    return parts[0].exists() and path.read_bytes() == former


async def test_a_worker_that_is_killed_while_it_erases(make_server: Callable[..., Server]) -> None:
    """The file is whole with its former content, then whole with silence; the rest is as it was, and nothing is left beside it."""
    server = await asyncio.to_thread(lambda: make_server(worker=True, WORKER_NICE="0"))
    token = await asyncio.to_thread(server.token)
    accepted = await asyncio.to_thread(lambda: upload(server, token, turns(TURNS), storeAudio="true"))
    assert (await ended(server, token, accepted["jobId"]))["status"] == "completed"
    root = f"/v1/conversations/{accepted['conversationId']}"
    said = await messages(server, token, accepted["conversationId"])
    (path,) = (server.data / "audio" / "stored").rglob("*.ogg")
    whole = decoded(path)
    gone: list[dict[str, Any]] = []
    killed = False
    for message in said[1 : TURNS - 1 : 2]:  # the worker may be faster than the signal
        former = path.read_bytes()
        gone.append(message)
        await asyncio.to_thread(delete, server, token, f"{root}/messages/{message['id']}")
        killed = await asyncio.to_thread(killed_while_writing, server, path, former)
        if killed:
            break
    assert killed, "the worker was never killed in the middle"
    assert len(decoded(path)) == len(whole)

    async def samples() -> Samples:
        return decoded(path)

    after = await eventually(samples, lambda after: all(loudness(after, *span(message)) < 0.001 for message in gone))
    assert len(after) == len(whole)
    changed = np.zeros(len(after), dtype=bool)
    for start, end in map(span, gone):
        assert loudness(after, start - MARGIN_S + EDGE_S, end + MARGIN_S) < 0.001
        changed[round((start - MARGIN_S - EDGE_S) * RATE) : round((end + MARGIN_S + EDGE_S) * RATE)] = True
    assert float(np.abs(after - whole)[~changed].max()) < 0.02
    kept = [message for message in said if message not in gone]
    assert all(loudness(after, *span(message)) > 0.05 for message in kept)
    sizes = lambda answer: [one["size"] for one in answer["audio"]] == [path.stat().st_size]  # noqa: E731
    await eventually(lambda: read(server, token, f"{root}/audio/sessions"), sizes)
    assert not list((server.data / "audio").rglob("*.part"))
