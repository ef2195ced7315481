"""The command line."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.servers import ROOT


def manage(data: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a `manage.py` command that ends by itself."""
    environment = {**os.environ, "DATA_DIR": str(data), **env}
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize(("name", "value"), [("END_OF_TURN_MS", "soon"), ("DATA_DIR", "/dev/null/data")])
def test_an_invalid_setting_is_one_line(tmp_path: Path, name: str, value: str) -> None:
    """The message names the variable; an option shows the traceback."""
    done = manage(tmp_path, "migrate", **{name: value})
    assert done.returncode == 1
    assert done.stderr.startswith("Parley cannot start: ")
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_database_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    """The test has a directory in place of the file, which stands for a PostgreSQL that is unreachable."""
    (tmp_path / "parley.sqlite3").mkdir()
    done = manage(tmp_path, "migrate", DATABASE_URL="")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["Parley cannot use its database: unable to open database file"]


def test_an_unknown_default_stream_stops_the_server(tmp_path: Path) -> None:
    """The error names the existing streams."""
    done = manage(tmp_path, "serve", DEFAULT_STREAM="karaoke", PORT="0")
    assert done.returncode == 1
    assert done.stderr.startswith("Parley cannot start: DEFAULT_STREAM: there is no stream 'karaoke'; there are conversation, echo")


def test_an_option_shows_the_traceback(tmp_path: Path) -> None:
    """The traceback is for developers of apps."""
    done = manage(tmp_path, "migrate", "--traceback", END_OF_TURN_MS="soon")
    assert "Traceback" in done.stderr
    assert "END_OF_TURN_MS" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("argument", ["version", "--version"])
def test_the_version_is_that_of_the_project(tmp_path: Path, argument: str) -> None:
    """The command prints Parley's version, not Django's, without valid settings."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    done = manage(tmp_path, argument, END_OF_TURN_MS="soon")
    assert (done.returncode, done.stdout.split("(")[0].strip()) == (0, f"Parley {declared}")


@pytest.mark.parametrize("argument", ["version", "--version"])
def test_the_installed_command_has_the_same_version(tmp_path: Path, argument: str) -> None:
    """It needs no data folder and makes none."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-m", "parley", argument], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.stdout == manage(tmp_path, "version").stdout
    assert not (tmp_path / "data").exists()


def test_a_script_that_does_not_exist_stops_the_server(tmp_path: Path) -> None:
    """The error at start names the script."""
    done = manage(tmp_path, "serve", PORT="0", RECOGNISER="scripted", RECOGNISER_SCRIPT="/nope")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["Parley cannot start: RECOGNISER_SCRIPT='/nope': there is no such file"]


def test_the_first_command_of_a_new_installation_creates_the_tables(tmp_path: Path) -> None:
    """`createapp` after `make setup` creates the tables; a second command finds them."""
    made = manage(tmp_path, "createapp", "--email", "jane@example.com", "--json", DATABASE_URL="")
    assert made.returncode == 0, made.stderr
    assert set(json.loads(made.stdout)) == {"appId", "appSecret"}
    assert manage(tmp_path, "createapp", "--email", "jane@example.com", DATABASE_URL="").returncode == 0


def test_a_database_with_data_is_not_migrated_automatically(tmp_path: Path) -> None:
    """The message has the migrate command; the last migration of insights is missing here."""
    assert manage(tmp_path, "migrate", "insights", "0001", DATABASE_URL="").returncode == 0
    done = manage(tmp_path, "createapp", "--email", "jane@example.com", DATABASE_URL="")
    assert done.returncode == 1
    assert re.search(r"lacks \d+ migrations .*: \.venv/bin/python manage\.py migrate$", done.stderr.strip())


def test_stream_without_an_account_says_what_to_do(tmp_path: Path) -> None:
    """The command on an empty data directory explains how to create an account."""
    done = manage(tmp_path, "stream", "talk.wav", DATABASE_URL="")
    assert done.returncode == 1
    assert "`manage.py createapp --email EMAIL` creates an account" in done.stderr
    assert "Traceback" not in done.stderr
