"""Pytest loads this before Django's settings (see `addopts`).

It sets a data directory, spares the garbage collector work, and shares the compilation of test files between the workers of a parallel run.
"""

import contextlib
import gc
import importlib
import os
import tempfile
import warnings
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

if "PARLEY_TEST_DATA" not in os.environ:  # pytest-xdist's workers inherit the first process's folder
    os.environ["PARLEY_TEST_DATA"] = tempfile.mkdtemp(prefix="parley-test-")

os.environ["DATA_DIR"] = os.environ["PARLEY_TEST_DATA"]
for name in ("DATABASE_URL", "REDIS_URL", "DEBUG", "PORT", "HOST"):
    if f"PARLEY_TEST_{name}" in os.environ:
        os.environ[name] = os.environ[f"PARLEY_TEST_{name}"]
    else:
        os.environ.pop(name, None)
os.environ.setdefault("RECOGNISER", "scripted")


ROOT = Path(__file__).resolve().parent.parent


def from_own_place(files: Sequence[Path], number: int, count: int) -> Sequence[Path]:
    """Return the files in the order in which a worker begins with its own part of them."""
    place = number * len(files) // count
    return (*files[place:], *files[:place])


def import_from_own_place(number: int, count: int) -> None:
    """Import all files of tests, with those of this worker first.

    Pytest rewrites the assertions of a file when it is imported, and keeps the result for the other processes. All workers import the files
    in the same order: each would rewrite all of them, in 10 s of CPU. What fails here fails again when pytest imports the file.
    """
    for file in from_own_place(sorted(ROOT.glob("tests/**/test_*.py")), number, count):
        with warnings.catch_warnings(), contextlib.suppress(Exception, pytest.skip.Exception):
            warnings.simplefilter("error")
            importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Collect no garbage while the files of tests are imported, once afterwards, and never again what they made.

    A collection takes 0.7 s of CPU with all of them in memory.
    """
    gc.disable()
    worker = getattr(session.config, "workerinput", None)
    try:
        if worker and session.config.args == session.config.getini("testpaths"):
            import_from_own_place(int(worker["workerid"].removeprefix("gw")), worker["workercount"])
        result = yield
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
    return result
