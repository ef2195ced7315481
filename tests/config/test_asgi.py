"""The ASGI entry point: what a server process does at start."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

LOOK = """
import gc, sys
from config import asgi
print("config.urls" in sys.modules, gc.get_freeze_count() > 50_000)
"""


def test_loaded_objects_are_frozen(tmp_path: Path) -> None:
    """Garbage collection skips all objects that exist at start, before the first connection."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "RECOGNISER": "scripted"}
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True"]
