"""The ASGI entry point: what a server process does at start."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

LOOK = """
import asyncio, gc, sys
from config import asgi
from streaming.cluster.runtime import Runtime

async def connections():
    starts, start = [], Runtime.start
    Runtime.start = lambda own: starts.append(start(own))
    asgi.start()
    asgi.start()
    return len(starts)

print("config.urls" in sys.modules, gc.get_freeze_count() > 50_000, asyncio.run(connections()))
"""


def test_what_happens_once(tmp_path: Path) -> None:
    """Garbage collection skips all objects that exist at start, and only the first connection starts the parts of the process."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "RECOGNISER": "scripted"}
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True", "1"]
