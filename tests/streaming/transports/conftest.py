"""Servers and tokens for the tests of transports; each test uses a connection id of its own."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests import servers
from tests.insights import postgres
from tests.servers import Server
from tests.services import running_redis

SITE = {"DJANGO_SETTINGS_MODULE": "tests.streaming.site.settings", "RECOGNISER": "scripted"}
"""The environment of a server with streams for tests."""
LIVE = {"RECOGNISER": "scripted", "TOKEN_TRIES_PER_MINUTE": "5"}


@pytest.fixture(scope="session")
def daphne_live(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the scripted recogniser, on our Daphne."""
    yield from _server("daphne", migrated_data, tmp_path_factory, LIVE)


@pytest.fixture(scope="session")
def uvicorn_live(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same on uvicorn."""
    yield from _server("uvicorn", migrated_data, tmp_path_factory, LIVE)


@pytest.fixture(scope="session", params=["daphne", "uvicorn"])
def live(request: pytest.FixtureRequest) -> Server:
    """Both of these servers, since tests that concern servers run against both. They live as long as the test run."""
    server: Server = request.getfixturevalue(f"{request.param}_live")
    return server


@pytest.fixture(scope="session")
def live_token(live: Server) -> str:
    """An access token of the server's only account."""
    return live.token()


@pytest.fixture(scope="session")
def daphne_site(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the streams of `tests.streaming.site` and Parley's own, on our Daphne."""
    yield from _server("daphne", migrated_data, tmp_path_factory, SITE | {"TOKEN_TRIES_PER_MINUTE": "1000"})


@pytest.fixture(scope="session")
def uvicorn_site(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same on uvicorn."""
    yield from _server("uvicorn", migrated_data, tmp_path_factory, SITE | {"TOKEN_TRIES_PER_MINUTE": "1000"})


def _server(kind: str, migrated: Path, folders: pytest.TempPathFactory, env: Mapping[str, str]) -> Iterator[Server]:
    server = Server(servers.copied(migrated, folders.mktemp(kind) / "data"), env, kind, forked=False)
    yield server.start()
    server.kill()


@pytest.fixture(scope="session", params=["daphne", "uvicorn"])
def site(request: pytest.FixtureRequest) -> Server:
    """Both of these servers, one after the other. They live as long as the test run: each file would start them anew otherwise."""
    server: Server = request.getfixturevalue(f"{request.param}_site")
    return server


@pytest.fixture(scope="session")
def site_token(site: Server) -> str:
    """An access token of Jane's."""
    return site.token()


@pytest.fixture(scope="session")
def other_token(site: Server) -> str:
    """An access token of another user."""
    return site.token("mallory@example.com")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two server processes, one of them on uvicorn, that share only PostgreSQL and Redis."""
    if lacking := postgres.lacking():
        pytest.skip(lacking)
    folder = tmp_path_factory.mktemp("pair")
    with running_redis(folder) as redis_url, postgres.migrated_cluster() as database_url:
        shared = {**SITE, "DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": "x" * 50}
        one = Server(folder / "one", shared, "daphne")
        two = Server(folder / "two", shared, "uvicorn")
        try:
            yield one.start(), two.start()
        finally:
            one.kill()
            two.kill()


@pytest.fixture(scope="module")
def pair_token(pair: tuple[Server, Server]) -> str:
    """An access token that both processes accept."""
    return pair[0].token()
