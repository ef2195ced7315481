"""Import: upload, job, recogniser, recorder, broadcast, subscribers and REST, with the embedded defaults and a real worker process.

Links: upload to disk, job in the database, worker process, decoding process, recognition, recorder, local channel layer, subscription.
"""

import asyncio
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode

import av
import numpy as np
import pytest

from tests.certificates import make_certificate
from tests.http_server import Received, Responder, answer, http_server
from tests.insights import postgres
from tests.paths.conftest import WAIT_S, eventually
from tests.processes import children, priorities
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


async def test_a_worker_that_holds_locks_waits_for_nobody(make_server: Callable[..., Server]) -> None:
    """Every thread of it has the priority of the server, so that busy processes cannot suspend one that holds the database; what decodes
    files and recognises their speech has a lower one."""
    server = await asyncio.to_thread(lambda: make_server(worker=True, WORKER_NICE="7"))
    assert server.process is not None
    own = os.getpriority(os.PRIO_PROCESS, server.process.pid)
    token = await asyncio.to_thread(server.token)
    accepted = await asyncio.to_thread(lambda: upload(server, token, turns(TURNS)))
    await eventually(lambda: messages(server, token, accepted["conversationId"]), lambda said: len(said) >= 5)
    worker = int(re.findall(r"worker (\d+) runs", "".join(server.output))[-1])
    beside = [priorities(child) for child in children(worker)]
    assert priorities(worker) == {own}
    assert len(beside) >= 1
    assert all(found == {min(19, own + 7)} for found in beside if found), beside
    assert (await ended(server, token, accepted["jobId"]))["status"] == "completed"


async def test_a_killed_speech_process(make_server: Callable[..., Server]) -> None:
    """The import goes on with another one, and stores each turn once."""
    server = await asyncio.to_thread(lambda: make_server(worker=True, WORKER_NICE="0"))
    token = await asyncio.to_thread(server.token)
    accepted = await asyncio.to_thread(lambda: upload(server, token, turns(TURNS)))
    before = await eventually(lambda: messages(server, token, accepted["conversationId"]), lambda said: len(said) >= 5)
    killed = int(re.findall(r"speech process (\d+) is ready", "".join(server.output))[-1])
    os.kill(killed, signal.SIGKILL)
    job = await ended(server, token, accepted["jobId"])
    assert job["status"] == "completed", job
    said = await messages(server, token, accepted["conversationId"])
    assert [one["id"] for one in said[: len(before)]] == [one["id"] for one in before]
    assert len(said) >= TURNS
    assert len({one["timeOffset"] for one in said}) == len(said)


def dripping(body: bytes) -> Responder:
    """Return a responder that states no length and sends the body in small pieces."""

    def respond(request: Received, out: BinaryIO) -> None:
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: close\r\n\r\n")
        for at in range(0, len(body), 16_384):
            out.write(body[at : at + 16_384])
            out.flush()
            time.sleep(0.01)

    return respond


def without_end(request: Received, out: BinaryIO) -> None:
    """Send bytes for ever, without a stated length."""
    out.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        out.write(bytes(65_536))


def routed(routes: Mapping[str, Responder]) -> Responder:
    """Return a responder that chooses another one by the path."""

    def respond(request: Received, out: BinaryIO) -> None:
        routes[request.line.split()[1]](request, out)

    return respond


def send_json(server: Server, token: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
    """POST JSON with a token."""
    status, answer = server.send("POST", path, token, body)
    return status, dict(answer)


async def test_an_import_by_url(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """Over real connections, with a redirect, a slow body and TLS; what is too large, no media or redirects to a refused address fails."""
    pem = make_certificate(tmp_path, "localhost")
    env = {"ALLOWED_NETWORKS": "127.0.0.0/8,::1/128", "MAX_UPLOAD_MB": "1", "SSL_CERT_FILE": str(pem)}
    server = await asyncio.to_thread(lambda: make_server(worker=True, WORKER_NICE="0", **env))
    token = await asyncio.to_thread(server.token)
    body = turns(3)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    routes = {
        "/moved": answer(302, Location="/slow.wav"),
        "/slow.wav": dripping(body),
        "/stated": answer(200, bytes(1_100_000)),
        "/endless": without_end,
        "/page": answer(200, b"<html>No audio here</html>", Content_Type="text/html"),
        "/away": answer(302, Location="http://169.254.169.254/latest"),
        "/missing": answer(404, b"nothing"),
    }

    async def imported(url: str) -> tuple[dict[str, Any], list[str]]:
        status, accepted = await asyncio.to_thread(send_json, server, token, "/v1/process/audio/url", {"url": url})
        assert status == 201, accepted
        job = await ended(server, token, accepted["jobId"])
        return job, [one["text"] for one in await messages(server, token, accepted["conversationId"])]

    with http_server(routed(routes)) as plain, http_server(answer(200, body), tls) as secure:
        uploaded = await asyncio.to_thread(lambda: upload(server, token, body))
        assert (await ended(server, token, uploaded["jobId"]))["status"] == "completed"
        said = [one["text"] for one in await messages(server, token, uploaded["conversationId"])]
        assert len(said) >= 3
        root = f"http://127.0.0.1:{plain.port}"
        for url in (f"{root}/moved", f"https://localhost:{secure.port}/a.wav"):
            job, found = await imported(url)
            assert (job["status"], found) == ("completed", said), job
        assert [one.line.split()[1] for one in plain.requests] == ["/moved", "/slow.wav"]
        for path, reason in (
            ("stated", "larger than 1048576 bytes"),
            ("endless", "larger than 1048576 bytes"),
            ("missing", "answered with status 404"),
            ("away", "not public"),
            ("page", "file"),
        ):
            job, found = await imported(f"{root}/{path}")
            assert (job["status"], found) == ("failed", [])
            assert reason in job["reason"], (path, job)
        job, _ = await imported(f"https://127.0.0.1:{secure.port}/a.wav")  # the certificate is of another name
        assert (job["status"], "cannot be reached" in job["reason"]) == ("failed", True), job
    assert list((server.data / "uploads").iterdir()) == []


async def test_a_worker_on_postgresql_that_is_killed(tmp_path: Path) -> None:
    """A worker of another host, a process of its own, goes on with the import: each turn is stored once, in order."""
    if lacking := postgres.lacking():
        pytest.skip(lacking)
    with postgres.migrated_cluster() as url:
        server = Server(tmp_path / "data", {"RECOGNISER": "scripted", "DATABASE_URL": url, "WORKER_NICE": "0"})
        workers: list[subprocess.Popen[bytes]] = []
        try:
            await asyncio.to_thread(server.start)
            token = await asyncio.to_thread(server.token)
            accepted = await asyncio.to_thread(lambda: upload(server, token, turns(TURNS)))
            workers.append(worker_of(server))
            identity = accepted["conversationId"]
            before = await eventually(lambda: messages(server, token, identity), lambda said: len(said) >= 5)
            os.killpg(workers[0].pid, signal.SIGKILL)
            workers[0].wait()
            assert len(before) < TURNS
            workers.append(worker_of(server))
            job = await ended(server, token, accepted["jobId"])
            assert job["status"] == "completed", job
            said = await messages(server, token, identity)
        finally:
            for worker in workers:
                if worker.poll() is None:
                    os.killpg(worker.pid, signal.SIGKILL)
                    worker.wait()
            server.kill()
    assert [one["id"] for one in said[: len(before)]] == [one["id"] for one in before]
    offsets = [one["timeOffset"] for one in said]
    assert len({int(at // 3) for at in offsets}) == TURNS, "every turn of three seconds has words"
    assert offsets == sorted(offsets)
    assert len({(one["timeOffset"], one["text"]) for one in said}) == len(said)


def worker_of(server: Server) -> "subprocess.Popen[bytes]":
    """Start a worker on the data of a server, in a process group of its own."""
    command = [sys.executable, "manage.py", "worker"]
    return subprocess.Popen(
        command, cwd=ROOT, env=server.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
