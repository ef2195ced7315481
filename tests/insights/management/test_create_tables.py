"""Whether the database has the tables of this version is known from the names of the migrations alone, where it has."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from insights.management import create_tables
from insights.management.create_tables import UnappliedMigrations, create_missing_tables


@pytest.mark.django_db
def test_a_migrated_database_needs_no_migration_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """No module is loaded where each has a record; a migration without a record is counted."""
    monkeypatch.setattr(create_tables, "MigrationExecutor", None)
    create_missing_tables()
    monkeypatch.undo()
    last = max(name for app, name in create_tables._files() if app == "streaming")
    MigrationRecorder(connection).record_unapplied("streaming", last)
    with pytest.raises(UnappliedMigrations, match="lacks 1 migrations"):
        create_missing_tables()


def test_the_names_are_those_that_django_loads() -> None:
    """Also for the installed apps of others."""
    assert create_tables._files() == set(MigrationLoader(None).disk_migrations)
