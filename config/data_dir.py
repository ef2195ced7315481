"""DATA_DIR is private: it holds conversations, password hashes and the key that signs sessions.

Called by every process that serves or manages an installation (config/asgi.py, manage.py); importing the settings changes no mode.
"""

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

_SQLITE_FILES = ("", "-wal", "-shm", "-journal")


def make_private() -> None:
    """Take all rights of group and others from DATA_DIR and from Parley's files in it; log a warning where that is not possible.

    An SQLite database that does not exist yet is created empty, so that it is private from its first byte; SQLite gives its own
    rights to the files that it makes beside it. Only Parley's own files are touched, since DATA_DIR may be a folder with others.
    """
    data: Path = settings.DATA_DIR
    failed = [path for path in _paths(data) if not _restrict(path)]
    if failed:
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        logger.warning(
            "%s%s: the rights of group and others cannot be taken away, so other users of this machine may read what Parley stores;"
            " DATA_DIR should belong to the user who runs Parley, with mode 0700",
            failed[0],
            more,
        )


def create_files_private() -> None:
    """Let this process make every new file without rights for group and others. For servers; commands may write source files."""
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
    for folder in (data / "models", data / "media"):
        if folder.is_dir() and not folder.is_symlink():
            yield folder
            yield from (path for path in folder.rglob("*") if not path.is_symlink())


def _create(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:  # it exists, or the command that needs the database says what is wrong
        logger.debug("%s is not created: %s", file, error.strerror)


def _restrict(path: Path) -> bool:
    """Take the rights of group and others from a file or folder; return False if that is not possible. A missing file is no failure."""
    try:
        mode = path.stat().st_mode
        if not mode & 0o077:
            return True
        if mode & stat.S_ISVTX or path == path.parent:  # a folder of everybody, such as /tmp, is not made private for Parley's sake
            return False
        path.chmod(stat.S_IMODE(mode) & ~0o077)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
