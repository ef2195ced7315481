"""Logging of unexpected exceptions: type and location, never the text, which may hold spoken words (design law 9)."""

import traceback
from collections import deque
from pathlib import PurePath

MOST_FRAMES = 12
"""Frames of a traceback that are logged; an endless recursion has a thousand."""


def error_location(error: BaseException) -> str:
    """Return the type of an exception and the frames of its traceback, innermost first: file, line and function, no values.

    Such as "KeyError at join.py:45 in _start < join.py:30 in open_conversation". Outer frames beyond MOST_FRAMES are left out.
    """
    innermost = deque(traceback.walk_tb(error.__traceback__), maxlen=MOST_FRAMES)
    if not innermost:
        return type(error).__name__
    places = [f"{PurePath(frame.f_code.co_filename).name}:{line} in {frame.f_code.co_name}" for frame, line in reversed(innermost)]
    return f"{type(error).__name__} at {' < '.join(places)}"
