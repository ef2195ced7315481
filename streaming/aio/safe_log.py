"""Logging of unexpected exceptions: type and location, never the text, which may hold spoken words (design law 9)."""

import traceback
from pathlib import PurePath


def error_location(error: BaseException) -> str:
    """Return the type of an exception and the line that raised it, such as "KeyError at recording.py:45"."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    return f"{type(error).__name__} at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}"
