"""One server and one token for all tests of the doors; each test uses a connection id of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.servers import Server

SITE = {"DJANGO_SETTINGS_MODULE": "tests.streaming.site.settings", "RECOGNISER": "scripted"}
"""The environment of a server with streams for tests."""


@pytest.fixture(scope="session", params=["daphne", "uvicorn"])
def live(request: pytest.FixtureRequest, migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that hears by script: our Daphne, then uvicorn, since what concerns servers must hold for both."""
    data = servers.copied(migrated_data, tmp_path_factory.mktemp("live") / "data")
    server = Server(data, {"RECOGNISER": "scripted", "START_TIMEOUT_S": "3", "TOKEN_TRIES_PER_MINUTE": "5"}, request.param)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def live_token(live: Server) -> str:
    """An access token of the server's one account."""
    return live.token()


@pytest.fixture(scope="session", params=["daphne", "uvicorn"])
def site(request: pytest.FixtureRequest, migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the streams of `tests.streaming.site` besides Parley's own: our Daphne, then uvicorn."""
    data = servers.copied(migrated_data, tmp_path_factory.mktemp("site") / "data")
    server = Server(data, SITE | {"START_TIMEOUT_S": "3", "TOKEN_TRIES_PER_MINUTE": "1000"}, request.param)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def site_token(site: Server) -> str:
    """An access token of Jane's."""
    return site.token()


@pytest.fixture(scope="session")
def other_token(site: Server) -> str:
    """An access token of somebody else."""
    return site.token("mallory@example.com")
