"""The key that signs sign-in sessions and tokens."""

import os
import secrets
import time
from pathlib import Path
from typing import cast

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject


def secret_key(given: str, folder: Path) -> str:
    """Return the key of the environment, or one that is read from a folder when it is first used: importing the settings writes nothing.

    Raises ImproperlyConfigured for a key that is too short.
    """
    if not given:
        return cast(str, SimpleLazyObject(lambda: _stored_key(folder)))
    if len(given) < 32:
        raise ImproperlyConfigured("SECRET_KEY: at least 32 characters are needed")
    return given


def _stored_key(folder: Path) -> str:
    """Return the key that is kept in a folder, made at the first start with mode 0600.

    Raises ImproperlyConfigured for a file that cannot be written or is empty.
    """
    file = folder / "secret_key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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
