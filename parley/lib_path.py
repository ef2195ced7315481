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
    """Put that folder on sys.path, in front, so that a package `config` of another project does not come first."""
    folder = str(library())
    if folder not in sys.path:
        sys.path.insert(0, folder)
