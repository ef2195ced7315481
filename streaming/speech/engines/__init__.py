"""One file per recogniser behind the interface of base.py."""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from streaming.speech.engines.base import Recogniser

NAMES = ("moonshine", "scripted")


class _Builder(Protocol):
    def __call__(self, *, threads: int, models_dir: Path, script: str) -> Recogniser: ...


def make(name: str, *, threads: int, models_dir: Path, script: str = "") -> Recogniser:
    """Return the recogniser of that name, not loaded yet.

    `threads` decode speech at the same time; `models_dir` holds what `manage.py getmodel` fetched; `script` is the file of
    the scripted recogniser. Each file here has a `build` of that shape; it is imported only when it is chosen, so that
    nobody pays for an engine that is not used. Raises ValueError for an unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"unknown recogniser {name!r}; there are {', '.join(NAMES)}")
    builder = cast(_Builder, import_module(f"{__name__}.{name}").build)
    return builder(threads=threads, models_dir=models_dir, script=script)
