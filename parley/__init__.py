"""Parley: live conversations and real-time streams. `parley run app.py` runs a FastRTC program; `from parley import Stream` works in it.

The names are those of the package `streaming`, loaded when they are first used.
"""

from pathlib import Path
from typing import Any

from parley import lib_path

_HERE = Path(__file__).resolve().parent


def __getattr__(name: str) -> Any:
    """Load a name that developers use, such as `Stream`."""
    if name.startswith("_") or (_HERE / f"{name}.py").is_file():  # a module of this package, which Python imports then
        raise AttributeError(f"module 'parley' has no attribute {name!r}")
    lib_path.add()
    from django.apps import apps

    if not apps.ready:
        raise ImportError(f"parley.{name} needs a running Parley: start this program with `parley run`, or see docs/guide/streams.md")
    import streaming

    try:
        return getattr(streaming, name)
    except AttributeError:
        raise AttributeError(f"module 'parley' has no attribute {name!r}") from None
