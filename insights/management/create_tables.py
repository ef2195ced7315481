"""Create the tables of a new installation, or say that migrations have not been applied, before a command uses the database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pkgutil import iter_modules

from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

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
    """Return the number of migrations that are not applied."""
    if _files() <= MigrationRecorder(connection).applied_migrations().keys():
        return 0  # nearly always; loading all migrations takes longer than the rest of this
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _files() -> set[tuple[str, str]]:
    """Return the app label and the name of each migration of the installed apps, found by the file names that Django loads."""
    found: set[tuple[str, str]] = set()
    for app in apps.get_app_configs():
        package, _ = MigrationLoader.migrations_module(app.label)
        spec = find_spec(package) if package else None
        folders = spec.submodule_search_locations if spec is not None else None
        found |= {(app.label, module.name) for module in iter_modules(folders or []) if not module.ispkg and module.name[0] not in "_~"}
    return found


@contextmanager
def _one_process_at_a_time() -> Iterator[None]:
    """Hold a lock on DATA_DIR, so that two commands do not migrate the same database at the same time."""
    folder = os.open(settings.DATA_DIR, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
