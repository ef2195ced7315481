"""A real Redis for tests, on a free port of the loopback address, gone with its fixture."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.servers import free_port


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Yield the URL of a Redis that keeps nothing; the test is skipped, saying so, where there is no redis-server."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server (make test installs it where it may)")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        client = redis.Redis.from_url(url, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 100))
        client.ping()
        client.close()
        yield url
    finally:
        process.terminate()
        process.wait(10)
