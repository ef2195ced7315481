"""The tests of models, recorder, jobs, webhooks, queries, search and figures, repeated on PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.insights import postgres

HERE = Path(__file__).parent


@pytest.mark.skipif(bool(postgres.lacking()), reason=postgres.lacking())
@pytest.mark.skipif("PARLEY_TEST_DATABASE_URL" in os.environ, reason="this run is on another database already")
@pytest.mark.timeout(1500)
def test_the_same_on_postgresql() -> None:
    """The tests pass on PostgreSQL, with a connection pool and concurrent writers."""
    tests = [
        str(HERE / name)
        for name in (
            "recorder",
            "jobs/test_concurrent.py",
            "jobs/test_enqueue.py",
            "jobs/test_execute.py",
            "jobs/test_export.py",
            "webhooks",
            "test_models.py",
            "test_queries.py",
            "test_rsql.py",
            "test_search.py",
            "test_find.py",
            "test_meaning.py",
            "test_derived.py",
            "test_migrations.py",
        )
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    with postgres.cluster() as url:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            command, cwd=HERE.parent.parent, env={**env, "PARLEY_TEST_DATABASE_URL": url}, capture_output=True, text=True, timeout=1400
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
