"""`manage.py serve`: address, health, bad settings, an occupied port."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import websockets

from config.management.commands.serve import PING_INTERVAL_S, PING_TIMEOUT_S
from tests.servers import ROOT, Server
from tests.streaming.transports.client import PATIENT, connected

PING_S = PING_INTERVAL_S + PING_TIMEOUT_S
WAITS = """
import os, subprocess, sys, time

pause = time.sleep


def fill(seconds):  # as soon as the settings wait, and not before
    time.sleep = pause
    subprocess.run([sys.executable, "-c", "print('k' * 50, end='')"], stdout=open(os.environ["DATA_DIR"] + "/secret_key", "w"), check=True)


time.sleep = fill
from django.conf import settings
print(settings.SECRET_KEY)
"""


def serve(tmp_path: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a `manage.py serve` that ends by itself."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "RECOGNISER": "scripted", **env}
    return subprocess.run([sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)


def test_health_and_readiness(server: Server) -> None:
    """/healthz answers alive, and /readyz lists what is ready."""
    assert server.get("/healthz") == (200, {"status": "ok"})
    status, answer = server.get("/readyz")
    assert status == 200
    assert answer == {"status": "ready", "database": True, "channelLayer": True, "recogniser": True, "notDraining": True}


def test_not_ready_without_a_recogniser(make_server: Callable[..., Server], migrated_data: Path, tmp_path: Path) -> None:
    """If the recogniser cannot be loaded, /readyz answers 503 and a start_request gets an error with the reason."""
    server = make_server()
    server.kill()
    script = tmp_path / "broken.json"
    script.write_text("this is no JSON")
    server.env = {**server.env, "RECOGNISER_SCRIPT": str(script)}
    server.start(until="/healthz")
    status, answer = server.get("/readyz")
    assert status == 503
    assert answer["recogniser"] is False
    assert answer["database"] is True

    async def refused() -> str:
        async with connected(server, await asyncio.to_thread(server.token)) as client:
            await client.send({"type": "start_request"})
            return str((await client.wait("error"))["message"]["message"])

    assert "RECOGNISER_SCRIPT" in asyncio.run(refused())


def test_serve_creates_the_tables_of_a_new_installation(tmp_path: Path) -> None:
    """A server on an empty directory becomes ready, and its first page leads to the first account."""
    server = Server(tmp_path, {"RECOGNISER": "scripted", "HOST": "0.0.0.0", "DATABASE_URL": "", "REDIS_URL": ""}, forked=False)
    try:
        server.start()
        assert server.get("/healthz")[0] == 200
        listens = next(line for line in server.output if "Parley listens at" in line)
        assert f"http://127.0.0.1:{server.port} (bound to 0.0.0.0 port {server.port}; requests from other machines get 400" in listens
        assert any("Create the first account at http://" in line for line in server.output)
    finally:
        server.kill()


def test_an_occupied_port_is_one_line(tmp_path: Path) -> None:
    """The message names the port without a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = serve(tmp_path, PORT=port)
    assert done.returncode != 0
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_an_invalid_setting_is_one_line(tmp_path: Path) -> None:
    """The message names the variable and the allowed values."""
    done = serve(tmp_path, PORT="eighty")
    assert done.returncode != 0
    assert "PORT='eighty'" in done.stderr


def test_the_secret_key_is_created_once_and_private(server: Server) -> None:
    """DATA_DIR keeps the key, readable only by its owner."""
    key = server.data / "secret_key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text()) >= 50


def test_a_secret_key_that_another_process_creates(tmp_path: Path) -> None:
    """A second process waits for the first one's key; a file that stays empty is one line of error."""
    key = tmp_path / "secret_key"
    key.touch()
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", WAITS], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "k" * 50, done.stderr
    key.write_text("")
    done = serve(tmp_path)
    assert done.returncode != 0
    assert "secret_key is empty; remove it" in done.stderr


async def test_a_client_that_floods_does_not_fill_the_memory(make_server: Callable[..., Server]) -> None:
    """60 MB sent as fast as possible cost the server a few megabytes, because it stops reading (design law 3)."""
    server = make_server(MAX_AUDIO_CHUNK_BYTES="65536")
    token = await asyncio.to_thread(server.token)
    assert server.process is not None
    async with connected(server, token) as client:
        await client.start()
        before = _resident_mb(server.process.pid)
        peak = before
        sending = asyncio.create_task(_flood(client.socket))
        while not sending.done():
            peak = max(peak, _resident_mb(server.process.pid))
            await asyncio.sleep(0.05)
        await sending
    assert peak - before < 40


async def _flood(socket: websockets.ClientConnection) -> None:
    chunk = bytes(65_536)
    for _ in range(960):
        await socket.send(chunk)


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


@pytest.mark.timeout(700)
async def test_a_client_that_does_not_read_does_not_fill_the_memory(make_server: Callable[..., Server]) -> None:
    """Messages for a client that does not read stay in the database, not in memory (design laws 2 and 3)."""
    server = make_server()
    token = await asyncio.to_thread(server.token)
    connection_id = "slow-reader"
    assert server.process is not None
    url = server.url.replace("http", "ws") + f"/v1/subscribe/{connection_id}"
    async with connected(server, token, connection_id) as client:
        await client.start()
        deaf_since = time.monotonic()
        async with websockets.connect(url, additional_headers={"x-api-key": token}, compression=None, max_queue=1, **PATIENT) as deaf:
            await client.speak(20)
            await client.wait("message_response", 9, seconds=120)
            before = _resident_mb(server.process.pid)
            for _ in range(4):
                await client.speak(200)
            await client.wait("message_response", 400, seconds=400)
            assert _resident_mb(server.process.pid) - before < 40
            numbers: list[str] = []
            try:
                async with asyncio.timeout(120):
                    while len(numbers) < 400:
                        if '"message_response"' in (text := str(await deaf.recv())):
                            numbers.append(text)
            except websockets.ConnectionClosed:  # who answers no ping is let go after a while, which only a busy machine needs for this
                assert time.monotonic() - deaf_since > PING_S
            assert len(set(numbers)) == len(numbers)
