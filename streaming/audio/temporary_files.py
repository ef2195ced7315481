"""Writes audio to temporary files, for services that need a file name."""

import atexit
import shutil
import tempfile
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from streaming.audio.convert import Audio, audio_to_bytes

KEPT_S = 3600.0
"""Seconds that a file is kept: long enough to upload it, short enough to bound the use of the disk."""


def audio_to_file(audio: Audio) -> str:
    """Write audio to a temporary MP3 file, see `temporary_file`, and return its path."""
    return temporary_file(audio_to_bytes(audio), ".mp3")


def temporary_file(content: bytes, suffix: str) -> str:
    """Write a temporary file and return its path. Files older than an hour are removed at the next call, all at process exit."""
    folder = _folder()
    for old in folder.iterdir():
        with suppress(OSError):  # another thread removes it too
            if old.stat().st_mtime < time.time() - KEPT_S:
                old.unlink()
    with tempfile.NamedTemporaryFile(dir=folder, suffix=suffix, delete=False) as file:
        file.write(content)
    return file.name


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Return the folder for the files of this process; it is removed at process exit."""
    folder = Path(tempfile.mkdtemp(prefix="parley-audio-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
