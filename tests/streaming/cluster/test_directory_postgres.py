"""The session directory once more on PostgreSQL, where several processes write at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.insights import postgres
from tests.servers import ROOT


@pytest.mark.skipif(bool(postgres.lacking()), reason=postgres.lacking())
@pytest.mark.skipif("PARLEY_TEST_DATABASE_URL" in os.environ, reason="this run is on another database already")
def test_the_same_on_postgresql() -> None:
    """Claims, lookups and heartbeats: everything that holds on SQLite."""
    tests = [str(Path(__file__).with_name(name)) for name in ("test_directory.py", "test_directory_away.py")]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    with postgres.cluster() as url:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            command, cwd=ROOT, env={**env, "PARLEY_TEST_DATABASE_URL": url}, capture_output=True, text=True, timeout=280, check=False
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
