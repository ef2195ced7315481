"""Early candidates for a session in another process: two processes share a channel layer and a database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from streaming.aio.database_executors import close_database_threads
from streaming.cluster import directory as directory_module
from streaming.cluster.directory import Directory
from streaming.cluster.directory_table import SessionKey
from streaming.cluster.rpc import Rpc
from streaming.cluster.runtime import Runtime, use
from streaming.transports.webrtc import forwarding
from streaming.transports.webrtc.candidates import Key, parse
from streaming.transports.webrtc.early_candidates import MOST, EarlyCandidates, Waiting
from streaming.transports.webrtc.forwarding import Forwarding, peer_address
from tests.streaming.cluster.layers import processes
from tests.streaming.sessions.connections import until

pytestmark = pytest.mark.django_db(transaction=True)

SESSION = UUID(int=1)
KEY: Key = (7, "echo", "a")


@dataclass
class Home:
    """The process with the session, and the ports of the candidates that it received."""

    runtime: Runtime
    got: list[int] = field(default_factory=list)
    status: int = 200

    async def claim(self, owner_id: int | None = 7) -> None:
        """Claim the id."""
        assert await self.runtime.directory.claim(SessionKey(owner_id, *KEY[1:]), SESSION, "webrtc", lambda: None) is None

    async def serve(self) -> None:
        """Answer calls and announce the session, as a starting session does."""
        self.runtime.rpc.register(peer_address(SESSION), self._answer)
        at = {"channel": await self.runtime.pubsub.channel(), "session": SESSION.hex}
        await self.runtime.pubsub.publish("early-candidates", {"owner": 7, "stream": KEY[1], "webrtc_id": KEY[2], **at})

    async def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        assert (call["user"], call["body"]["type"], call["body"]["webrtc_id"]) == (7, "ice-candidate", "a")
        found = parse(call["body"]["candidate"]).candidate
        assert found is not None
        self.got.append(found.port)
        return {"status": self.status, "body": {}}


@pytest.fixture
async def home(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Home]:
    """The session's process; the test itself is the other one."""
    there, here = processes(2)
    far, ours = Runtime(there), use(Runtime(here))
    monkeypatch.setattr(directory_module, "ANSWER_S", 60.0)
    monkeypatch.setattr(forwarding, "FORWARD_S", 60.0)
    yield Home(far)
    for one in (far, ours):
        await one.close()
    close_database_threads()


def put(early: EarlyCandidates, port: int, key: Key = KEY) -> Waiting:
    """Keep a candidate."""
    return early.put(key, parse({"candidate": f"candidate:1 1 udp 1 192.0.2.7 {port} typ host", "sdpMid": "0"}))


async def test_the_session_exists(home: Home) -> None:
    """All of its candidates are sent to it in order."""
    await home.claim()
    await home.serve()
    early = EarlyCandidates()
    kept = [put(early, port) for port in (1, 2, 3)]
    Forwarding(early).look_for(KEY)
    await until(lambda: home.got == [1, 2, 3] and not len(early))
    assert all(waiting.taken.is_set() for waiting in kept)


async def test_the_session_starts_later(home: Home) -> None:
    """Kept candidates are sent once the session is announced, and not before."""
    early = EarlyCandidates()
    put(early, 1)
    looking = Forwarding(early)
    looking.look_for(KEY)
    await until(lambda: looking._lookup is None)
    assert (home.got, len(early)) == ([], 1)
    await home.claim()
    await home.serve()
    await until(lambda: home.got == [1] and not len(early))


async def test_the_session_does_not_answer_yet(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """While its id is claimed and its address unknown, the candidate is kept until the session is announced."""
    monkeypatch.setattr(forwarding, "FORWARD_S", 0.01)
    await home.claim()
    early = EarlyCandidates()
    put(early, 1)
    looking = Forwarding(early)
    looking.look_for(KEY)
    await until(lambda: looking._lookup is None and not looking._sending)
    assert len(early) == 1
    monkeypatch.setattr(forwarding, "FORWARD_S", 60.0)
    await home.serve()
    await until(lambda: home.got == [1] and not len(early))


async def test_the_session_is_announced_while_it_is_called(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that was lost before the announcement is repeated."""
    called, lost = asyncio.Event(), asyncio.Event()
    call = Rpc.call

    async def lose_first(self: Rpc, *args: Any) -> Any:
        if not called.is_set():
            called.set()
            await lost.wait()
            return None
        return await call(self, *args)

    monkeypatch.setattr(Rpc, "call", lose_first)
    await home.claim()
    early = EarlyCandidates()
    put(early, 1)
    looking = Forwarding(early)
    looking.look_for(KEY)
    await called.wait()
    await home.serve()
    await until(lambda: looking._sending.get(KEY) is not None)
    lost.set()
    await until(lambda: home.got == [1] and not len(early))


async def test_a_session_that_refuses_it_is_not_called_again(home: Home) -> None:
    """The candidate is kept until it expires."""
    home.status = 404
    await home.claim()
    await home.serve()
    early = EarlyCandidates()
    put(early, 1)
    looking = Forwarding(early)
    looking.look_for(KEY)
    await until(lambda: home.got == [1] and not looking._sending)
    assert len(early) == 1


async def test_the_session_of_another_user_is_not_called(home: Home) -> None:
    """Another user's session is an unknown id."""
    await home.claim(owner_id=8)
    await home.serve()
    early = EarlyCandidates()
    put(early, 1)
    looking = Forwarding(early)
    looking.look_for(KEY)
    await until(lambda: looking._lookup is None)
    assert (home.got, looking._sending) == ([], {})


async def test_unknown_ids_share_one_query(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few requests wait while the database does not answer."""
    asked: list[int] = []

    async def find_all(self: Directory, ids: list[Key]) -> list[None]:
        asked.append(len(ids))
        return [None] * len(ids)

    monkeypatch.setattr(Directory, "find_all", find_all)
    early = EarlyCandidates()
    looking = Forwarding(early)
    for number in range(MOST + 100):
        key = (7, "echo", str(number))
        put(early, 1, key)
        looking.look_for(key)
    assert len(looking._wanted) == MOST
    await until(lambda: looking._lookup is None)
    assert asked == [forwarding.MOST_AT_ONCE] * (MOST // forwarding.MOST_AT_ONCE)
