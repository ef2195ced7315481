"""The tests of migrations, repeated on PostgreSQL: a file of their own, because another process of a parallel run may have it."""

import os
from pathlib import Path

import pytest

from tests.insights import postgres


@pytest.mark.skipif(bool(postgres.lacking()), reason=postgres.lacking())
@pytest.mark.skipif("PARLEY_TEST_DATABASE_URL" in os.environ, reason="this run is on another database already")
@pytest.mark.timeout(1500)
def test_the_same_on_postgresql() -> None:
    """The tests pass on PostgreSQL."""
    postgres.run_tests([Path(__file__).with_name("test_migrations.py")], 1400)
