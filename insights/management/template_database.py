"""A migrated, empty SQLite database to copy: 150 migrations take seconds, and a copy takes none.

A wheel brings one (tools/wheel.py). In a checkout the first migration of an empty database leaves one in .cache. Its name has a
hash of all migrations, so that a template of another version is never used.
"""

import hashlib
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection


def install() -> bool:
    """Copy the template into the empty database of this installation; return False if there is no template of this version."""
    for folder in folders():
        template = folder / name()
        if template.is_file():
            connection.ensure_connection()
            with closing(sqlite3.connect(f"file:{template}?mode=ro", uri=True)) as source:
                source.backup(connection.connection)
            return True
    return False


def keep() -> None:
    """Keep a copy of the database, which was just migrated and is otherwise empty, as the template; do nothing where that fails."""
    folder = folders()[-1]
    if not (settings.BASE_DIR / "requirements").is_dir():
        return  # an installed package: its folder is not ours to write
    with suppress(OSError, sqlite3.Error):
        folder.mkdir(mode=0o700, exist_ok=True)
        write(folder / name())


def build(folder: str) -> None:
    """Migrate the empty database of this installation, unless there is a template already, and write the template into a folder."""
    if not install():
        call_command("migrate", verbosity=0)
    Path(folder).mkdir(parents=True)
    write(Path(folder) / name())


def write(file: Path) -> None:
    """Write a copy of the database of this installation, in one step."""
    unfinished = file.with_name(f"{file.name}-{os.getpid()}")
    try:
        with closing(sqlite3.connect(unfinished)) as target:
            connection.ensure_connection()
            connection.connection.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def folders() -> tuple[Path, ...]:
    """Return where a template may be: in the package, and in a checkout in its cache."""
    return (settings.BASE_DIR / "migrated", settings.BASE_DIR / ".cache")


def name() -> str:
    """Return the file name of the template for the migrations of the installed apps."""
    digest = hashlib.sha256()
    for config in sorted(apps.get_app_configs(), key=lambda app: app.name):
        for file in sorted(Path(config.path, "migrations").glob("*.py")):
            digest.update(f"{config.name} {file.stem}\0".encode() + file.read_bytes())
    return f"migrated-{digest.hexdigest()[:16]}.sqlite3"
