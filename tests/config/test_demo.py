"""`make demo`, with the shipped recogniser."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT


def test_the_demo_transcribes_its_recording(tmp_path: Path) -> None:
    """Both speakers are recognised, insights are found, a URL is printed, the server ends, and no warning hides that."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "RECOGNISER": "moonshine"}
    command = [sys.executable, "manage.py", "demo", "--speed", "8", "--leave"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "readyz" not in done.stderr  # the demo asks for it until the recogniser is loaded
    assert re.search(r"Tom: .*twelve hundred dollars", done.stdout)
    assert re.search(r"Anna: Good morning,? Tom", done.stdout)
    assert re.search(r"question \(\d+%\): .*How much", done.stdout, re.IGNORECASE)
    assert re.search(r"action item \(\d+%\): ", done.stdout)
    assert re.search(r"The saved conversation: http://127\.0\.0\.1:\d+/conversations/\d{16}/", done.stdout)
    assert (tmp_path / "demo" / "parley.sqlite3").exists()
