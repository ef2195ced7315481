"""The data directory."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import LazySettings

from config import data_dir
from tests.servers import Server

CODE = "import django; django.setup(); from django.db import connection; connection.ensure_connection(); connection.close()"


def test_a_missing_directory_is_created(tmp_path: Path) -> None:
    """It is created even if the secret key comes from the environment and only the database is in it."""
    data = tmp_path / "deep" / "data"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(data), "SECRET_KEY": "x" * 50}
    subprocess.run([sys.executable, "-c", CODE], env=env, check=True)
    assert (data / "parley.sqlite3").exists()
    assert not (data / "secret_key").exists()


def test_the_import_of_the_settings_writes_nothing(tmp_path: Path) -> None:
    """The directory and the key are made by the processes that serve or manage an installation, or when they are first used."""
    data = tmp_path / "data"
    env = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"} | {"DATA_DIR": str(data)}
    subprocess.run([sys.executable, "-c", "import config.settings"], env=env, check=True)
    assert not data.exists()
    code = "from django.conf import settings; settings.INSTALLED_APPS; print(settings.DATA_DIR)"
    subprocess.run([sys.executable, "-c", code], env=env | {"DJANGO_SETTINGS_MODULE": "config.settings"}, check=True)
    assert not data.exists()
    subprocess.run(
        [sys.executable, "-c", code + "; print(settings.SECRET_KEY)"], env=env | {"DJANGO_SETTINGS_MODULE": "config.settings"}, check=True
    )
    assert stat.S_IMODE((data / "secret_key").stat().st_mode) == 0o600


def modes(folder: Path) -> dict[str, int]:
    """Return the mode of a directory, as ".", and of everything in it except links."""
    paths = [folder, *(path for path in folder.rglob("*") if not path.is_symlink())]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in paths}


def test_a_readable_installation_becomes_private(tmp_path: Path) -> None:
    """Any command removes the access of others to the directory, the database with its SQLite files, the key, and the folders of files."""
    data = tmp_path / "data"
    files = ("models/base-en/model.onnx", "audio/stored/talk.ogg", "uploads/talk.part", "exports/stored/talk.zip")
    for name in files:
        (data / name).parent.mkdir(parents=True)
    for name in ("secret_key", "parley.sqlite3-wal", "parley.sqlite3-shm", *files):
        (data / name).write_text("")
    (data / "secret_key").write_text("x" * 50)
    (data / "notes.txt").write_text("of somebody else")
    outside = tmp_path / "outside"
    outside.mkdir()
    (data / "models" / "link").symlink_to(outside)
    for path in (data, *data.rglob("*"), outside):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    Server(data).manage("diffsettings")
    found = modes(data)
    assert found.pop("notes.txt") == 0o644
    folders = {".", "models", "models/base-en", "audio", "audio/stored", "uploads", "exports", "exports/stored"}
    assert {name: mode for name, mode in found.items() if mode != (0o700 if name in folders else 0o600)} == {}
    assert "parley.sqlite3" in found
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755


def test_a_new_installation_is_private(migrated_data: Path) -> None:
    """The directory is private after `manage.py migrate`."""
    found = modes(migrated_data)
    assert found.pop(".") == 0o700
    assert {"parley.sqlite3", "secret_key"} <= set(found)
    assert set(found.values()) == {0o600}


def test_a_directory_that_stays_readable_is_a_warning(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If the directory belongs to another user, Parley starts and the log names what others can read."""

    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    settings.DATA_DIR = tmp_path
    tmp_path.chmod(0o755)
    monkeypatch.setattr(Path, "chmod", refuse)
    data_dir.prepare()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(tmp_path) in caplog.text
    assert "0700" in caplog.text


def test_a_shared_directory_keeps_its_mode(settings: LazySettings, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The mode of a directory such as /tmp stays, because others need it."""
    tmp_path.chmod(0o1777)
    settings.DATA_DIR = tmp_path
    data_dir.prepare()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777
    assert "other users of this machine may read" in caplog.text
