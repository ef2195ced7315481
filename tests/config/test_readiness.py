"""`/readyz` while the database cannot be written, and while it or Redis does not answer."""

import os
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from tests.insights import postgres
from tests.servers import Server, copied
from tests.services import running_redis

ANSWER_S = 8.0
"""Four times the limit of two seconds: tests share their machine."""
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.fixture(scope="module")
def server(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests on SQLite."""
    server = Server(copied(migrated_data, tmp_path_factory.mktemp("readiness") / "data"), {"RECOGNISER": "scripted"})
    try:
        yield server.start()
    finally:
        server.kill()


def until(server: Server, status: int) -> dict[str, bool]:
    """Repeat the request until it has this status; each response must be in time."""
    deadline = time.monotonic() + 60
    while True:
        began = time.monotonic()
        got, answer = server.get("/readyz")
        assert time.monotonic() - began < ANSWER_S
        if got == status:
            return dict(answer)
        assert time.monotonic() < deadline, answer
        threading.Event().wait(0.2)


def test_a_database_that_cannot_be_written_is_not_ready(server: Server) -> None:
    """The server answers 503 while the disk is full for it, and serves meanwhile."""
    assert server.process is not None
    until(server, 200)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    answer = until(server, 503)
    assert (answer["database"], answer["channelLayer"]) == (False, True)
    assert server.get("/healthz")[0] == 200
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, UNLIMITED)
    until(server, 200)


def test_a_locked_database_is_not_ready(server: Server) -> None:
    """Thirty checks share one thread and get "not ready" within two seconds; afterwards the server is ready."""
    assert server.process is not None
    tasks = Path(f"/proc/{server.process.pid}/task")
    until(server, 200)
    before = len(list(tasks.iterdir()))
    with closing(sqlite3.connect(server.data / "parley.sqlite3", isolation_level=None)) as writer, ThreadPoolExecutor(30) as pool:
        writer.execute("BEGIN IMMEDIATE")
        until(server, 503)
        began = time.monotonic()
        assert {status for status, _ in pool.map(lambda _: server.get("/readyz"), range(30))} == {503}
        assert time.monotonic() - began < ANSWER_S
        assert len(list(tasks.iterdir())) <= before + 5
        writer.execute("ROLLBACK")
    until(server, 200)


def test_the_check_leaves_no_row(server: Server) -> None:
    """The check removes its row."""
    until(server, 200)
    with closing(sqlite3.connect(server.data / "parley.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM django_session").fetchone() == (0,)


def test_unresponsive_services_are_named(tmp_path: Path) -> None:
    """The response names PostgreSQL and Redis in time, without tables and while their connections are open but silent."""
    if lacking := postgres.lacking():
        pytest.skip(lacking)
    with running_redis(tmp_path) as redis_url, postgres.cluster() as database_url:
        server = Server(tmp_path / "data", {"RECOGNISER": "scripted", "REDIS_URL": redis_url, "DATABASE_URL": database_url})
        try:
            server.start(until="/healthz")
            answer = until(server, 503)
            assert (answer["database"], answer["channelLayer"]) == (False, True)
            server.manage("migrate", "-v0")
            until(server, 200)
            with (
                psycopg.connect(database_url, autocommit=True) as connection,
                redis.Redis.from_url(redis_url) as admin,
                stopped(connection),
            ):
                admin.client_pause(40_000)  # an end before that would wait for it, too
                deadline = time.monotonic() + 60
                while (answer := until(server, 503))["database"] or answer["channelLayer"]:  # a check of one may have ended just before
                    assert time.monotonic() < deadline, answer
            until(server, 200)
        finally:
            server.kill()


@contextmanager
def stopped(connection: psycopg.Connection[tuple[int]]) -> Iterator[None]:
    """Stop the server processes of all other connections to a PostgreSQL, and what accepts new ones, within the context."""
    backends = [
        pid for (pid,) in connection.execute("SELECT pid FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()")
    ]
    assert backends
    backends.insert(0, int(Path(f"/proc/{backends[0]}/stat").read_text().rpartition(")")[2].split()[1]))  # their parent
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)
