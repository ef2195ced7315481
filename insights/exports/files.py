"""The files of exports: made in the folder `exports/unfinished` of DATA_DIR, kept in the storage `exports` of the settings.

Each export has a folder in the storage, each attempt of its job a name of its own in it, so that an attempt that another worker replaced
cannot change the file of the other.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

PIECE_BYTES = 64 * 1024
ABANDONED_S = 24 * 3600.0
"""Age in seconds of the last byte of an unfinished file, after which its process must have died."""


class FileMissing(Exception):
    """The file of an export is not in the storage, or the storage does not answer."""


def storage() -> Storage:
    """Return the storage for finished files."""
    return storages["exports"]


def unfinished_folder() -> Path:
    """Return the folder for files that are being made, which is made if it is missing."""
    folder: Path = settings.DATA_DIR / "exports" / "unfinished"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def unfinished(export_id: UUID, attempt: UUID) -> Iterator[BinaryIO]:
    """Open a new file that only its owner may read, and remove it afterwards."""
    path = unfinished_folder() / f"{export_id}.{attempt}"
    try:
        with open(path, "w+b", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            yield file
    finally:
        path.unlink(missing_ok=True)


def store(export_id: UUID, attempt: UUID, file: BinaryIO) -> str:
    """Copy a finished file into the storage, in place of an earlier copy of the same attempt; return its name there."""
    name, where = f"{export_id}/{attempt}", storage()
    if where.exists(name):
        where.delete(name)
    file.seek(0)
    return where.save(name, File(file))


def pieces(name: str) -> Iterator[bytes]:
    """Yield the content of a file. Raises FileMissing before the first piece."""
    try:
        file = storage().open(name, "rb")
    except Exception as error:  # each storage has exceptions of its own
        raise FileMissing(f"the file of the export cannot be read ({type(error).__name__})") from None
    with file:
        yield b""
        while piece := file.read(PIECE_BYTES):
            yield piece


def remove_one(name: str) -> None:
    """Remove a file; it is no error if it is gone already."""
    storage().delete(name)


def remove_all_of(export_id: UUID) -> None:
    """Remove all files of an export on this host and in the storage, finished or not."""
    for path in unfinished_folder().glob(f"{export_id}.*"):
        path.unlink(missing_ok=True)
    where = storage()
    with suppress(FileNotFoundError):
        for name in where.listdir(str(export_id))[1]:
            where.delete(f"{export_id}/{name}")
    with suppress(NotImplementedError, OSError):
        os.rmdir(where.path(str(export_id)))


def stored_exports() -> list[UUID]:
    """Return the ids of the exports that have a folder in the storage."""
    try:
        return [UUID(name) for name in storage().listdir("")[0] if _is_id(name)]
    except FileNotFoundError:
        return []


def remove_abandoned() -> None:
    """Remove unfinished files of processes of this host that died long ago."""
    limit = time.time() - ABANDONED_S
    for path in unfinished_folder().iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < limit:
                path.unlink()


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
