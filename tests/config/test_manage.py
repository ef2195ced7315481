"""The command line, as a person calls it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT


def manage(data: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run `manage.py` where it is expected to end by itself."""
    environment = {**os.environ, "DATA_DIR": str(data), **env}
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize(("name", "value"), [("END_OF_TURN_MS", "soon"), ("DATA_DIR", "/dev/null/data")])
def test_a_setting_that_makes_no_sense_is_one_clear_line(tmp_path: Path, name: str, value: str) -> None:
    """The message names the variable; whoever wants the traceback asks for it."""
    done = manage(tmp_path, "migrate", **{name: value})
    assert done.returncode == 1
    assert done.stderr.startswith("Parley cannot start: ")
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_database_that_cannot_be_opened_is_one_clear_line(tmp_path: Path) -> None:
    """As while PostgreSQL is away; here a folder stands where the file would be."""
    (tmp_path / "parley.sqlite3").mkdir()
    done = manage(tmp_path, "migrate", DATABASE_URL="")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["Parley cannot use its database: unable to open database file"]


def test_a_default_stream_that_is_not_there_stops_the_server(tmp_path: Path) -> None:
    """Its routes at the root would answer 404 for ever; those that exist are named."""
    done = manage(tmp_path, "serve", DEFAULT_STREAM="karaoke", PORT="0")
    assert done.returncode == 1
    assert done.stderr.startswith("Parley cannot start: DEFAULT_STREAM: there is no stream 'karaoke'; there are conversation, echo")


def test_the_traceback_can_be_asked_for(tmp_path: Path) -> None:
    """For whoever writes an app of their own."""
    done = manage(tmp_path, "migrate", "--traceback", END_OF_TURN_MS="soon")
    assert "Traceback" in done.stderr
    assert "END_OF_TURN_MS" in done.stderr.splitlines()[-1]
