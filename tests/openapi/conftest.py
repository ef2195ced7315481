"""A server for the tests of this folder. The account of docs/api.md comes first, so that its numbers are those of the page."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.servers import Server, copied
from tools.api_docs.calls import CALLS
from tools.api_docs.page import page
from tools.api_docs.site import EMAIL, ENVIRONMENT, new_walk
from tools.api_docs.walk import Walk


@pytest.fixture(scope="package")
def running(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a worker."""
    server = Server(copied(migrated_data, tmp_path_factory.mktemp("openapi") / "data"), ENVIRONMENT, worker=True)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="package")
def generated(running: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page, from the present responses."""
    walk = new_walk(running, tmp_path_factory.mktemp("page"), EMAIL)
    with urlopen(f"{running.url}/api/openapi.json") as response:
        schema = json.load(response)
    return page(schema, walk.run(CALLS), running.url)


@pytest.fixture(scope="package")
def account(running: Server, generated: str, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Another account, which has made every call of the page that deletes nothing."""
    walk = new_walk(running, tmp_path_factory.mktemp("account"), "mary@example.com")
    for _ in walk.run(call for call in CALLS if call.method != "DELETE"):
        pass
    return walk
