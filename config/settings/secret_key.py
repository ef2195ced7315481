"""The key that signs sign-in sessions and tokens."""

import os
import secrets
import time
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def secret_key(given: str, folder: Path) -> str:
    """Return the key of the environment, or the one that is kept in a folder, made at the first start with mode 0600.

    Raises ImproperlyConfigured for a key that is too short, and for a file that cannot be written or is empty.
    """
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured("SECRET_KEY: at least 32 characters are needed")
        return given
    file = folder / "secret_key"
    try:
        with open(file, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            out.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    except OSError as error:
        raise ImproperlyConfigured(f"SECRET_KEY: {file} cannot be written: {error.strerror}") from None
    deadline = time.monotonic() + 2
    while not (key := file.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)  # another process has made the file and is about to write into it
    if not key:
        raise ImproperlyConfigured(f"SECRET_KEY: {file} is empty; remove it, and a new key is made")
    return key
