"""The speech engines: one module per recogniser, all with the interface of base.py."""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from streaming.speech.engines.base import Recogniser

NAMES = ("moonshine", "scripted")


class _Builder(Protocol):
    def __call__(self, *, threads: int, models_dir: Path, script: str) -> Recogniser: ...


def make(name: str, *, threads: int, models_dir: Path, script: str = "") -> Recogniser:
    """Return the recogniser of that name, not loaded yet.

    Each module here has a `build` function with these parameters. A module is imported only if its engine is chosen. Raises
    ValueError for an unknown name.

    Args:
        name: one of NAMES.
        threads: number of threads that decode speech.
        models_dir: folder of the models that `manage.py getmodel` fetched.
        script: file of the scripted recogniser.
    """
    if name not in NAMES:
        raise ValueError(f"unknown recogniser {name!r}; there are {', '.join(NAMES)}")
    builder = cast(_Builder, import_module(f"{__name__}.{name}").build)
    return builder(threads=threads, models_dir=models_dir, script=script)
