"""The migrated database that new installations copy."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from insights.management import template_database


def tables(file: Path) -> set[str]:
    """Return the tables of a SQLite database."""
    with closing(sqlite3.connect(file)) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


class Connection:
    """Django's connection to one SQLite database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.connection = database

    def ensure_connection(self) -> None:
        """It is open."""


@pytest.fixture
def new_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty database in the place of that of the installation."""
    file = tmp_path / "new.sqlite3"
    with closing(sqlite3.connect(file)) as empty:
        monkeypatch.setattr(template_database, "connection", Connection(empty))
        yield file


def test_a_copy_has_all_tables(tmp_path: Path, settings: Any, new_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A written template holds the tables of the database in one file, and is copied as a whole."""
    settings.BASE_DIR = tmp_path
    assert not template_database.install()
    with closing(sqlite3.connect(new_database)) as source:
        source.execute("PRAGMA journal_mode=WAL")
        source.execute("CREATE TABLE django_migrations (id)")
        source.commit()
    (tmp_path / "requirements").mkdir()
    template_database.keep()
    template = tmp_path / ".cache" / template_database.name()
    assert tables(template) == {"django_migrations"}
    assert [file.name for file in template.parent.iterdir()] == [template.name]
    with closing(sqlite3.connect(template)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as empty:
        monkeypatch.setattr(template_database, "connection", Connection(empty))
        assert template_database.install()
    assert tables(tmp_path / "other.sqlite3") == {"django_migrations"}


def test_an_installed_package_is_not_written_to(tmp_path: Path, settings: Any, new_database: Path) -> None:
    """Only a checkout keeps a template."""
    settings.BASE_DIR = tmp_path
    template_database.keep()
    assert not (tmp_path / ".cache").exists()


def test_the_name_changes_with_the_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template of other migrations is never used."""
    before = template_database.name()
    assert before == template_database.name()
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_more.py").write_text("")

    class App:
        name, path = "more", str(tmp_path)

    configs = [*template_database.apps.get_app_configs(), App()]
    monkeypatch.setattr(template_database.apps, "get_app_configs", lambda: configs)
    with_more = template_database.name()
    (tmp_path / "migrations" / "0001_more.py").write_text("changed = True")
    assert len({before, with_more, template_database.name()}) == 3
