"""Sessions without a network and without a database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from streaming.handlers.stream import Stream
from streaming.sessions.handler_runner import StreamSession, stream_session
from tests.streaming.sessions.connections import Counting, FakeConnection, Join, forget_threads, stream_of


@pytest.fixture(autouse=True)
def own_threads() -> None:
    """Exclude the threads that other tests left from the counts."""
    forget_threads()


@pytest.fixture
async def join(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Join]:
    """Open sessions, and close those that a test leaves open."""
    Counting.shutdowns = 0
    opened: list[StreamSession] = []

    async def join(handler: Any, kind: Any = "websocket", id: str = "", owner: int | None = None, **options: Any) -> StreamSession:
        stream = handler if isinstance(handler, Stream) else stream_of(handler, **options)
        session = stream_session(stream, id or f"session-{len(opened)}", owner, FakeConnection(kind))
        await session.open()
        opened.append(session)
        return session

    yield join
    for session in opened:
        await session.close("the test is over")
