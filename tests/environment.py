"""Pytest loads this before Django's settings (see `addopts`); it sets a data directory, and spares the garbage collector work."""

import gc
import os
import tempfile
from collections.abc import Generator

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


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while the files of tests are imported, once afterwards, and never again what they made.

    A collection takes 0.7 s of CPU with all of them in memory.
    """
    gc.disable()
    try:
        result = yield
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
    return result
