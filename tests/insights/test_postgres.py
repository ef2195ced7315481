"""The tests of models, recorder, jobs, webhooks, queries, search and figures, repeated on PostgreSQL."""

import os
from pathlib import Path

import pytest

from tests.insights import postgres


@pytest.mark.skipif(bool(postgres.lacking()), reason=postgres.lacking())
@pytest.mark.skipif("PARLEY_TEST_DATABASE_URL" in os.environ, reason="this run is on another database already")
@pytest.mark.timeout(1500)
def test_the_same_on_postgresql() -> None:
    """The tests pass on PostgreSQL, with a connection pool and concurrent writers."""
    names = (
        "recorder",
        "jobs/test_concurrent.py",
        "jobs/test_enqueue.py",
        "jobs/test_execute.py",
        "jobs/test_export.py",
        "managed/test_voice_profiles.py",
        "webhooks",
        "test_compiled_query.py",
        "test_models.py",
        "test_queries.py",
        "test_rsql.py",
        "test_substring_search.py",
        "test_word_search.py",
        "test_meaning.py",
        "test_derived.py",
    )
    postgres.run_tests([Path(__file__).parent / name for name in names], 1400)
