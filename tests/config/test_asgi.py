"""The ASGI entry point: what begins with a server process."""

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


def test_what_was_loaded_is_out_of_the_collectors_sight(tmp_path: Path) -> None:
    """All of the server, pages included, and no session: it happens before anybody can come."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "RECOGNISER": "scripted"}
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True"]
