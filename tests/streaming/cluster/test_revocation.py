"""A revoked grant ends its connections, of every kind, in every process (design law 6)."""

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest
from django.db import OperationalError

from insights.access import Grant
from streaming.cluster import revocation
from streaming.cluster.poller import Poller
from streaming.cluster.revocation import RevocationWatcher
from streaming.types.session_end import End
from tests.streaming.transports.rtc import until

JANE, TOM = Grant(1, app_id="jane"), Grant(2, session_key="tom")


class Revocable:
    """Notes how it is ended."""

    def __init__(self) -> None:
        self.ends: list[End] = []

    def end_early(self, end: End) -> None:
        """Note it."""
        self.ends.append(end)


class Grants:
    """The valid grants, in place of the database."""

    def __init__(self) -> None:
        self.good = {JANE, TOM}
        self.asked: list[set[Grant]] = []
        self.away = False

    async def ask(self, work: Any, asked: Collection[Grant]) -> set[Grant]:
        """As `access.valid_grants` does."""
        self.asked.append(set(asked))
        if self.away:
            raise OperationalError("away")
        return set(asked) & self.good

    async def checks(self, times: int = 2) -> None:
        """Wait until it was asked so many times more."""
        before = len(self.asked)
        async with asyncio.timeout(30):
            while len(self.asked) < before + times:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


@pytest.fixture
def grants(monkeypatch: pytest.MonkeyPatch) -> Grants:
    """The valid grants, checked very often."""
    grants = Grants()
    monkeypatch.setattr(revocation, "CHECK_S", 0.005)
    monkeypatch.setattr(revocation, "run_in_database", grants.ask)
    return grants


@pytest.fixture
async def watcher(grants: Grants) -> AsyncIterator[RevocationWatcher]:
    """The watcher of one event loop."""
    poller = Poller()
    yield RevocationWatcher(poller)
    await poller.close()


async def test_a_withdrawn_grant_ends_its_connections_once(watcher: RevocationWatcher, grants: Grants) -> None:
    """All connections of that grant end, once; the others stay, and one query checks all grants."""
    connections = [Revocable() for _ in range(3)]
    for connection, by in zip(connections, (JANE, JANE, TOM), strict=True):
        watcher.note(connection, by)
    await grants.checks()
    assert [connection.ends for connection in connections] == [[], [], []]
    grants.good = {TOM}
    await grants.checks(3)
    assert [connection.ends for connection in connections] == [[End.REVOKED], [End.REVOKED], []]
    assert grants.asked[0] == {JANE, TOM}
    assert grants.asked[-1] == {TOM}


async def test_a_connection_that_cannot_be_ended(watcher: RevocationWatcher, grants: Grants, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the others end all the same, now and later."""

    class Broken(Revocable):
        def end_early(self, end: End) -> None:
            raise RuntimeError("the secret words")

    broken, jane, tom = Broken(), Revocable(), Revocable()
    for connection, by in ((broken, JANE), (jane, JANE), (tom, TOM)):
        watcher.note(connection, by)
    grants.good = {TOM}
    await grants.checks(3)
    assert jane.ends == [End.REVOKED]
    grants.good = set()
    await until(lambda: bool(tom.ends), "it was not ended")
    assert tom.ends == [End.REVOKED]
    assert "could not be ended: RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_anonymous_and_closed_connections_are_not_checked(watcher: RevocationWatcher, grants: Grants) -> None:
    """An anonymous client has no grant; a connection that is gone is not held."""
    watcher.note(Revocable(), None)
    watcher.note(Revocable(), JANE)
    assert len(watcher) == 0
    await asyncio.sleep(0.05)
    assert grants.asked == []


async def test_a_new_grant_replaces_the_old_one(watcher: RevocationWatcher, grants: Grants) -> None:
    """A client that came back with another token stays by that."""
    connection = Revocable()
    watcher.note(connection, JANE)
    watcher.note(connection, TOM)
    grants.good = {TOM}
    await grants.checks(3)
    assert connection.ends == []


async def test_an_unreachable_database_ends_no_connection(
    watcher: RevocationWatcher, grants: Grants, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, and checked again."""
    connection = Revocable()
    watcher.note(connection, JANE)
    grants.away = True
    await grants.checks(3)
    assert connection.ends == []
    assert caplog.text.count("revocation check failed") == 1
    grants.away, grants.good = False, set()
    await grants.checks(1)
    await asyncio.sleep(0)
    assert connection.ends == [End.REVOKED]
