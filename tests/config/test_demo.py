"""`make demo` as a person runs it, with the real recogniser."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT


def test_the_demo_hears_its_recording_and_ends_with_an_address(tmp_path: Path) -> None:
    """Both speakers are heard, something is found, and the server is gone afterwards."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "RECOGNISER": "moonshine"}
    command = [sys.executable, "manage.py", "demo", "--speed", "8", "--leave"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Tom: .*twelve hundred dollars", done.stdout)
    assert re.search(r"Anna: Good morning,? Tom", done.stdout)
    assert re.search(r"question \(\d+%\): .*How much", done.stdout, re.IGNORECASE)
    assert re.search(r"action item \(\d+%\): ", done.stdout)
    assert re.search(r"The saved conversation: http://127\.0\.0\.1:\d+/conversations/\d{16}/", done.stdout)
    assert (tmp_path / "demo" / "parley.sqlite3").exists()
