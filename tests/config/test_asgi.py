"""The ASGI entry point: what begins with a server process."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

LOOK = """
import asyncio, gc, sys, threading
from config import asgi
from streaming import recogniser

async def look():
    print("config.urls" in sys.modules, gc.get_freeze_count())
    asgi.start()
    recogniser.begin_loading().result()
    for thread in threading.enumerate():
        if thread.name == "load-recogniser":
            thread.join()
    frozen = gc.get_freeze_count()
    asgi.start()
    print("config.urls" in sys.modules, frozen > 50_000, gc.get_freeze_count() == frozen)
    recogniser.close()

asyncio.run(look())
"""


def test_what_was_loaded_is_out_of_the_collectors_sight(tmp_path: Path) -> None:
    """Once, when the recogniser is there; the pages are loaded by then."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "RECOGNISER": "scripted"}
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["False 0", "True True True"]
