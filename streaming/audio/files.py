"""Sound as files, for services that want the name of one."""

import atexit
import shutil
import tempfile
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from streaming.audio.convert import Audio, audio_to_bytes

KEPT_S = 3600.0
"""How long a file is there: long enough to be sent somewhere, and no disk fills up."""


def audio_to_file(audio: Audio) -> str:
    """Write sound into an MP3 file and return its path. It is removed after an hour, or when the process ends."""
    folder = _folder()
    for old in folder.glob("*.mp3"):
        with suppress(OSError):  # another thread removes it too
            if old.stat().st_mtime < time.time() - KEPT_S:
                old.unlink()
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".mp3", delete=False) as file:
        file.write(audio_to_bytes(audio))
    return file.name


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Return the folder of this process's files."""
    folder = Path(tempfile.mkdtemp(prefix="parley-sound-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
