"""Create the tables of a new installation, or say that migrations have not been applied, before a command uses the database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from insights.management import template_database

MIGRATE = "apply the migrations first: .venv/bin/python manage.py migrate"


class UnappliedMigrations(CommandError):
    """The database lacks tables or columns that this version needs."""


def create_missing_tables() -> None:
    """Migrate an empty SQLite database in DATA_DIR.

    Any other database may hold data or serve other processes, so its migration is left to the operator. Raises UnappliedMigrations
    there, and a database error where the database is unreachable.
    """
    if not _unapplied():
        return
    if settings.DATABASE_URL or connection.introspection.table_names():
        raise UnappliedMigrations(f"the database lacks {_unapplied()} migrations of this version; {MIGRATE}")
    with _one_process_at_a_time():
        if _unapplied() and not template_database.install():
            call_command("migrate", verbosity=0)
            template_database.keep()


def _unapplied() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def _one_process_at_a_time() -> Iterator[None]:
    """Hold a lock on DATA_DIR, so that two commands do not migrate the same database at the same time."""
    folder = os.open(settings.DATA_DIR, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
