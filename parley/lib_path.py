"""Where Parley's packages are: in a wheel under parley/_lib, so that site-packages gets no package called `config`; in a checkout beside
`parley`.
"""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def library() -> Path:
    """Return the folder that has the packages `config`, `streaming` and `insights`, and `manage.py`."""
    inside = _HERE / "_lib"
    return inside if inside.is_dir() else _HERE.parent


def add() -> None:
    """Put that folder in front on sys.path, so that a `config.py` in the current folder or of another package does not come first."""
    folder = str(library())
    sys.path[:] = [folder, *(entry for entry in sys.path if entry != folder)]
