"""Pytest loads this before Django's settings (see `addopts`); it sets a data directory for the tests."""

import os
import tempfile

if "PARLEY_TEST_DATA" not in os.environ:  # pytest-xdist's workers inherit the first process's folder
    os.environ["PARLEY_TEST_DATA"] = tempfile.mkdtemp(prefix="parley-test-")

os.environ["DATA_DIR"] = os.environ["PARLEY_TEST_DATA"]
for name in ("DATABASE_URL", "REDIS_URL", "DEBUG", "PORT", "HOST"):
    if f"PARLEY_TEST_{name}" in os.environ:
        os.environ[name] = os.environ[f"PARLEY_TEST_{name}"]
    else:
        os.environ.pop(name, None)
os.environ.setdefault("RECOGNISER", "scripted")
