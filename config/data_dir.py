"""Makes DATA_DIR, which holds conversations, password hashes and the key that signs sessions, and restricts access to it.

Every process that serves or manages an installation calls `prepare` (config/asgi.py, config/program/run.py, manage.py). Importing the
settings makes and changes nothing.
"""

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

_SQLITE_FILES = ("", "-wal", "-shm", "-journal")
_FOLDERS = ("audio", "exports", "models", "uploads")


def make_folder() -> None:
    """Make DATA_DIR, private, unless it exists. Raises ImproperlyConfigured if it cannot be made."""
    folder: Path = settings.DATA_DIR
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR={str(folder)!r}: a folder is needed that can be made and written: {error.strerror}") from None


def prepare() -> None:
    """Make DATA_DIR and the key in it. Remove all permissions of group and others from Parley's files; log a warning if that fails.

    Raises ImproperlyConfigured if the folder or the key cannot be made or read.

    A missing SQLite database is created empty, so that it is private from the start; SQLite gives its side files the permissions of the
    database. Only Parley's own files are changed, since DATA_DIR may contain other files.
    """
    make_folder()
    str(settings.SECRET_KEY)  # made or read with its first use, which reports what is wrong with it
    data: Path = settings.DATA_DIR
    failed = [path for path in _paths(data) if not _restrict(path)]
    if failed:
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        logger.warning(
            "%s%s: cannot remove the permissions of group and others, so other users of this machine may read what Parley stores;"
            " DATA_DIR should belong to the user who runs Parley, with mode 0700",
            failed[0],
            more,
        )


def create_files_private() -> None:
    """Set the umask so that new files have no permissions for group and others. For servers only: commands may write source files."""
    os.umask(os.umask(0o077) | 0o077)


def _paths(data: Path) -> Iterator[Path]:
    yield data
    yield data / "secret_key"
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        file = str(database["NAME"])
        if file and ":memory:" not in file:
            _create(Path(file))
            yield from (Path(file + suffix) for suffix in _SQLITE_FILES)
    for folder in (data / name for name in _FOLDERS):
        if folder.is_dir() and not folder.is_symlink():
            yield folder
            yield from (path for path in folder.rglob("*") if not path.is_symlink())


def _create(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:  # it exists, or the command that needs the database reports the problem
        logger.debug("cannot create %s: %s", file, error.strerror)


def _restrict(path: Path) -> bool:
    """Remove the permissions of group and others from a file or folder; return False if that fails. A missing file is not a failure."""
    try:
        mode = path.stat().st_mode
        if not mode & 0o077:
            return True
        if mode & stat.S_ISVTX or path == path.parent:  # never restrict a shared folder such as /tmp
            return False
        path.chmod(stat.S_IMODE(mode) & ~0o077)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
