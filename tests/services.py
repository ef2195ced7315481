"""A real Redis and a real TURN server for tests, on free ports of the loopback address."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.servers import START_S, STOP_S, free_port


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Yield the URL of a Redis without persistence; skip the test where there is no redis-server."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server (make test installs it where it may)")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        client = redis.Redis.from_url(url, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 600))
        client.ping()
        client.close()
        yield url
    finally:
        process.terminate()
        process.wait(STOP_S)


@contextmanager
def running_turn(folder: Path, secret: str) -> Iterator[str]:
    """Yield the URL of a coturn that accepts the passwords made with this secret; skip the test where there is none."""
    program = shutil.which("turnserver")
    if program is None:
        pytest.skip("needs coturn (make test installs it where it may)")
    port = free_port()
    options = [
        *("-n", "--use-auth-secret", f"--static-auth-secret={secret}", "--realm=parley.example.org", "--fingerprint"),
        *(f"--listening-port={port}", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers"),
        *("--no-tls", "--no-dtls", "--no-cli", f"--pidfile={folder}/turn.pid", f"--log-file={folder}/turn.log", "--simple-log"),
    ]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        deadline = time.monotonic() + START_S
        while not listens(port):
            assert process.poll() is None, (folder / "turn.log").read_text()
            assert time.monotonic() < deadline, "coturn does not listen"
            threading.Event().wait(0.05)
        yield f"turn:127.0.0.1:{port}?transport=udp"
    finally:
        process.terminate()
        process.wait(STOP_S)


def listens(port: int) -> bool:
    """Whether a server listens on a TCP port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True
