"""Files that wait for their import, in the folder `uploads` of DATA_DIR. They are removed when their job or their conversation ends.

The name of a file starts with the id of its conversation. While it is being written it ends in `.part`.
"""

import errno
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from django.conf import settings

logger = logging.getLogger(__name__)

PART = ".part"
ABANDONED_S = 24 * 3600.0
"""Age in seconds of the last byte of a partly written file, after which its process must have died."""
READ_BYTES = 256 * 1024


class NoSpace(Exception):
    """There is no space left on the disk. The text is a sentence for the client."""

    def __init__(self) -> None:
        super().__init__("There is no space left for uploads on the server.")


def folder() -> Path:
    """Return the folder, which is made if it does not exist."""
    path: Path = settings.DATA_DIR / "uploads"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def new_part() -> Path:
    """Return the path for a file that is about to be written, and remove files that were never finished."""
    remove_abandoned()
    return folder() / f"{uuid4().hex}{PART}"


def new_name(conversation_id: int) -> str:
    """Return the name of a file of a conversation."""
    return f"{conversation_id}-{uuid4().hex}"


def path_of(name: str) -> Path:
    """Return the path of a file by its name."""
    if "/" in name or name.startswith("."):
        raise ValueError("a file of an import has a plain name")
    return folder() / name


@contextmanager
def created(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb", buffering=0) as file:
        yield file


def append(file: BinaryIO, block: bytes) -> None:
    """Write all bytes of a block to an unbuffered file, which may take fewer at a time. Raises NoSpace."""
    rest = memoryview(block)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        logger.error("an upload was refused: there is no space left in %s", folder())
        raise NoSpace from None


def write(path: Path, content: bytes) -> None:
    """Write a new file at once. Raises NoSpace; a failure leaves no file."""
    try:
        with created(path) as file:
            append(file, content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def remove_of_conversation(conversation_id: int) -> None:
    """Remove the files of a conversation."""
    for path in folder().glob(f"{conversation_id}-*"):
        path.unlink(missing_ok=True)


def remove_abandoned() -> None:
    """Remove files that a process left behind when it died while writing them."""
    limit = time.time() - ABANDONED_S
    for path in folder().glob(f"*{PART}"):
        try:
            if path.stat().st_mtime < limit:
                path.unlink()
        except FileNotFoundError:
            continue
