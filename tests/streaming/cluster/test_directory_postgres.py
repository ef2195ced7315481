"""The session directory once more on PostgreSQL, where several processes write at once."""

import os
from pathlib import Path

import pytest

from tests.insights import postgres


@pytest.mark.skipif(bool(postgres.lacking()), reason=postgres.lacking())
@pytest.mark.skipif("PARLEY_TEST_DATABASE_URL" in os.environ, reason="this run is on another database already")
def test_the_same_on_postgresql() -> None:
    """Claims, lookups and heartbeats: everything that holds on SQLite."""
    postgres.run_tests([Path(__file__).with_name(name) for name in ("test_directory.py", "test_directory_away.py")], 280)
