"""Fixtures for all tests: accounts, tokens, and real servers."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from channels.layers import channel_layers
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core import management
from django.db import connection
from django.test import TransactionTestCase, override_settings
from hypothesis import HealthCheck, settings
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from tests import fork_server, servers

settings.register_profile(
    "parley",
    deadline=None,  # a slow machine must not fail a test
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not os.environ.get("PARLEY_TEST_RANDOM"),  # the same examples each time unless the variable is set
)
settings.load_profile("parley")


LONGEST_FIRST = (
    "tests/insights/test_postgres.py",
    "tests/insights/test_migrations_postgres.py",
    "tests/insights/test_migrations.py",
    "tests/paths/",
    "tests/browser/",
    "tests/clients/",
    "tests/openapi/",
    "tests/config/",
    "tests/streaming/transports/",
    "tests/streaming/",
)
"""Files and folders in the order in which a parallel run begins them; all others come afterwards, in short files that end together.

By itself pytest-xdist begins with the files that have the most tests: one long test would start last, and leave the other processors idle.
"""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the files of a parallel run; the order within each stays."""
    if hasattr(config, "workerinput"):
        items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    found = (place for place, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
    return next(found, len(LONGEST_FIRST))


@pytest.fixture(scope="session", autouse=True)
def _own_channel_layer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each process of a parallel test run has its own channel layer, because they share a data directory."""
    config = django_settings.CHANNEL_LAYERS["default"]["CONFIG"]
    if "folder" in config:
        config["folder"] = tmp_path_factory.mktemp("sockets")
    yield
    for layer in channel_layers.backends.values():
        asyncio.run(layer.close())


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Use a fast password hash in the process of the tests: the usual one takes 0.3 s of CPU for each account with a password."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _fork_server() -> Iterator[None]:
    """Servers of the tests are forked from a process that has imported their packages, which saves a part of each start."""
    servers.fork_server = fork_server.ForkServer()
    yield
    servers.fork_server.close()
    servers.fork_server = None


@pytest.fixture(scope="session", autouse=True)
def _copied_test_database() -> Iterator[None]:
    """The database of the tests is a copy of a migrated one, which the first process of a test run makes: migrations take 12 s of CPU."""
    from insights.management import template_database

    call = management.call_command
    has_migrated = "PARLEY_TEST_MIGRATED" in os.environ
    if has_migrated:  # PostgreSQL copies it when it creates the database of the tests
        connection.settings_dict["TEST"]["TEMPLATE"] = connection.settings_dict["NAME"]

    def migrate_or_copy(command: str, *arguments: Any, **options: Any) -> Any:
        if command != "migrate" or (connection.vendor != "sqlite" and not has_migrated):
            return call(command, *arguments, **options)
        management.call_command = call  # type: ignore[assignment]  # only the creation of the database is replaced
        if has_migrated:
            return None
        with servers.one_migration():
            if not template_database.install():
                call(command, *arguments, **options)
                template_database.keep()
        return None

    management.call_command = migrate_or_copy  # type: ignore[assignment]
    yield
    management.call_command = call  # type: ignore[assignment]


KEPT = {"django_content_type", "auth_permission"}
"""Tables whose rows depend on the models only: Django empties them after each test that uses transactions, and makes them anew."""


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> Iterator[None]:
    """After a test that uses transactions, empty the tables that have rows. Django's way takes ten times as long."""
    former = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = lambda _: empty_tables()
    yield
    TransactionTestCase._fixture_teardown = former


def empty_tables() -> None:
    """Delete all rows except those of `KEPT`."""
    quote = connection.ops.quote_name
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{one}' WHERE EXISTS (SELECT 1 FROM {quote(one)})" for one in tables))
        filled = [quote(name) for (name,) in cursor.fetchall()]
    if connection.vendor == "postgresql" and filled:
        connection.ops.execute_sql_flush([f"TRUNCATE {', '.join(filled)} CASCADE"])
    else:
        connection.ops.execute_sql_flush([f"DELETE FROM {name}" for name in filled])


@pytest.fixture(scope="session", autouse=True)
def _static_files_listed_once() -> Iterator[None]:
    """All test clients share one list of the static files: each client would make it anew, which takes 20 ms of CPU."""
    former = WhiteNoiseMiddleware.add_files_from_finders
    lists: dict[tuple[Any, ...], dict[str, StaticFile]] = {}

    def add_files(middleware: WhiteNoiseMiddleware) -> None:
        # Django makes the finders anew when their settings change.
        key = (*finders.get_finders(), middleware.static_prefix, middleware.max_age)
        if key not in lists:
            former(middleware)
            lists[key] = dict(middleware.files)
        middleware.files.update(lists[key])

    WhiteNoiseMiddleware.add_files_from_finders = add_files
    yield
    WhiteNoiseMiddleware.add_files_from_finders = former


@pytest.fixture
def user(db: None) -> User:
    """The account that owns the objects of a test."""
    return User.objects.create_user("jane@example.com", "jane@example.com", "correct horse battery")


@pytest.fixture
def other_user(db: None) -> User:
    """An account that owns nothing."""
    return User.objects.create_user("mallory@example.com", "mallory@example.com", "correct horse battery")


@pytest.fixture
def admin_user(db: None) -> User:
    """An account that is administrator and reviewer."""
    from insights import access

    user = User(username="admin", email="admin@example.com")
    access.make_administrator(user, "correct horse battery")
    return user


@pytest.fixture
def token(user: User) -> str:
    """An access token of `user`."""
    from insights import access

    app, secret = access.create_app(user, "tests")
    return access.token_for(app.app_id, secret).access_token


@pytest.fixture(scope="session")
def migrated_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with an empty database, to be copied."""
    return servers.migrated(tmp_path_factory.mktemp("migrated"))


@pytest.fixture
def make_server(migrated_data: Path, tmp_path: Path) -> Iterator[Callable[..., servers.Server]]:
    """Start servers and stop them after the test; keyword arguments but `worker` are environment variables."""
    made: list[servers.Server] = []

    def make(kind: str = "daphne", *, worker: bool = False, **env: str) -> servers.Server:
        data = servers.copied(migrated_data, tmp_path / f"server{len(made)}")
        server = servers.Server(data, {"RECOGNISER": "scripted", **env}, kind, worker)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.kill()
        shutil.rmtree(server.data, ignore_errors=True)


@pytest.fixture
def server(make_server: Callable[..., servers.Server]) -> servers.Server:
    """A running server with the scripted recogniser."""
    return make_server()
