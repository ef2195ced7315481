"""Server processes in one event loop, with one database between them, for tests of the directory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models.functions import Now

from insights.models import ServerProcess
from streaming.aio.database_executors import close_database_threads, run_write
from streaming.cluster import directory as module
from streaming.cluster.directory import Directory
from streaming.cluster.directory_table import Asker, SessionKey, SessionLocation
from streaming.cluster.runtime import Runtime
from streaming.models import DirectoryEntry
from tests.streaming.cluster.layers import processes
from tests.streaming.sessions.connections import until

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
OWNER, OTHER = 7, 8


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database that may take its time: on a busy machine it is not away. Its threads end with the test."""
    monkeypatch.setattr(module, "ANSWER_S", 60.0)
    monkeypatch.setattr(module, "FAILED_ANSWER_S", 60.0)
    yield
    close_database_threads()


class Process:
    """One server process."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.directory: Directory = runtime.directory

    async def claim(
        self, session: UUID = ONE, webrtc_id: str = "id", owner: int | None = OWNER, lost: Callable[[], None] = lambda: None
    ) -> SessionLocation | None:
        """Claim an id."""
        return await self.directory.claim(SessionKey(owner, "some", webrtc_id), session, "websocket", lost)

    async def release(self, session: UUID = ONE, webrtc_id: str = "id", *, readable: bool = False) -> None:
        """Release an id."""
        await self.directory.release(SessionKey(OWNER, "some", webrtc_id), session, readable=readable)

    async def session(self, webrtc_id: str = "id", asker: Asker = OWNER) -> UUID | None:
        """Return the session that is found for an id."""
        found = await self.directory.find("some", webrtc_id, asker)
        return None if found is None else found.session

    async def beat(self) -> None:
        """Send a heartbeat, and wait until what it found is written."""
        await self.runtime.heartbeat._beat()
        await until(lambda: not self.directory._repairing)

    async def seem_dead(self, seconds: float = 3600.0) -> None:
        """Let the last heartbeat be so old."""
        rows = ServerProcess.objects.filter(id=self.runtime.heartbeat.process)
        assert await run_write(lambda: rows.update(seen_at=Now() - timedelta(seconds=seconds))) == 1
        self.runtime.heartbeat._last -= seconds


@pytest.fixture
async def crowd() -> AsyncIterator[list[Process]]:
    """Eight processes, whose heartbeats the test sends."""
    made = [Process(Runtime(layer)) for layer in processes(8)]
    yield made
    for one in made:
        await asyncio.gather(*one.directory._tasks)
        await one.runtime.close()


@pytest.fixture
async def pair(crowd: list[Process]) -> tuple[Process, Process]:
    """Two processes."""
    return crowd[0], crowd[1]


async def entry(session: UUID) -> bool:
    """Return whether the table has an entry of a session."""
    return await run_write(DirectoryEntry.objects.filter(session=session).exists)
