"""Which session has which id: two processes in one event loop here, with one database between them."""

import asyncio
import gc
from typing import Any
from uuid import uuid4
from weakref import WeakSet

import pytest

from streaming.aio.database_executors import close_database_threads
from streaming.cluster import directory_table as table
from streaming.cluster import heartbeat as heartbeat_module
from streaming.cluster.directory_table import PYTHON, SessionKey, SessionLocation
from streaming.cluster.runtime import Runtime
from tests.streaming.cluster.directory_processes import ONE, OTHER, OWNER, THREE, TWO, Process, crowd, entry, pair, patient
from tests.streaming.cluster.layers import processes

__all__ = ["crowd", "pair", "patient"]
pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_process_that_stops_is_known_to_be_gone_at_once(pair: tuple[Process, Process]) -> None:
    """Its row is removed, so others wait for no heartbeat."""
    one, two = pair
    await one.claim()
    process = one.directory.process
    assert await two.directory.is_alive(process)
    await one.runtime.heartbeat.stop()
    assert not await two.directory.is_alive(process)
    assert await two.session() is None
    assert await two.claim(TWO) is None


async def test_the_first_has_it(pair: tuple[Process, Process]) -> None:
    """The second learns who, and how to reach it; ids of other streams and other ids are free."""
    one, two = pair
    assert await one.claim() is None
    channel = await one.runtime.pubsub.channel()
    there = SessionLocation(ONE, one.runtime.heartbeat.process, channel, OWNER, "websocket")
    assert await two.claim(TWO) == there
    assert await two.directory.find("some", "id", OWNER) == there
    assert await two.claim(TWO, "another \x00 id \ud800") is None
    assert await two.directory.claim(SessionKey(OWNER, "other", "id"), THREE, "webrtc", lambda: None) is None


async def test_ids_are_per_user(pair: tuple[Process, Process]) -> None:
    """Two accounts and the anonymous clients may each use one id; nobody finds another account's session by it."""
    one, two = pair
    for session, owner in ((ONE, OWNER), (TWO, OTHER), (THREE, None)):
        assert await one.claim(session, owner=owner) is None
        assert await two.claim(uuid4(), owner=owner) is not None
    for process in pair:
        assert await process.session(asker=OWNER) == ONE
        assert await process.session(asker=OTHER) == TWO
        assert await process.session(asker=None) == THREE
        assert await process.session(asker=9) == THREE, "who knows the id of an anonymous session has access to it"
    await one.directory.release(SessionKey(None, "some", "id"), THREE)
    for process in pair:
        assert await process.session(asker=9) is None
        assert await process.session(asker=None) is None


async def test_the_installations_own_code_finds_the_newest(crowd: list[Process]) -> None:
    """It has no user: of several owners' sessions with one id it gets one of its own process, else the newest."""
    one, two, three = crowd[:3]
    assert await one.claim(ONE, owner=OWNER) is None
    assert await two.claim(TWO, owner=OTHER) is None
    assert await three.session(asker=PYTHON) == TWO
    assert await one.session(asker=PYTHON) == ONE


async def test_many_can_be_looked_up_at_once(pair: tuple[Process, Process]) -> None:
    """What nobody has, and what a dead process had, is nobody's."""
    one, two = pair
    assert await one.claim() is None
    assert await two.claim(TWO, "own") is None
    ids = [(OWNER, "some", "free"), (OWNER, "some", "id"), (OWNER, "some", "own"), (OWNER, "other", "id"), (OTHER, "some", "id")]
    found = await two.directory.find_all(ids)
    assert [location and location.session for location in found] == [None, ONE, TWO, None, None]
    await one.seem_dead()
    found = await two.directory.find_all(ids)
    assert [location and location.session for location in found] == [None, None, TWO, None, None]


def test_many_cost_one_query(django_assert_num_queries: Any) -> None:
    """However many ids and askers there are."""
    with django_assert_num_queries(1):
        table.find_all([(OWNER, "some", str(number)) for number in range(50)] + [(PYTHON, "other", "id")])


async def test_of_many_at_once_one_has_it(crowd: list[Process]) -> None:
    """Whatever the order, an id has one session."""
    found = await asyncio.gather(*(one.claim(uuid4()) for one in crowd))
    assert found.count(None) == 1


async def test_it_is_free_after_the_session(pair: tuple[Process, Process]) -> None:
    """Whoever releases what is not theirs changes nothing."""
    one, two = pair
    assert await one.claim() is None
    await two.release(TWO)
    await one.release(TWO)
    assert await two.claim(TWO) is not None
    await one.release(ONE)
    assert await two.claim(TWO) is None
    await one.release(ONE)
    assert await one.session() == TWO


async def test_a_new_session_of_the_same_process_need_not_wait(pair: tuple[Process, Process]) -> None:
    """The process knows itself that the session before has ended; its late release does not harm the new one."""
    one, two = pair
    assert await one.claim() is None
    assert await one.claim(TWO) is None
    await one.release(ONE)
    assert await two.session() == TWO


async def test_the_outputs_of_an_ended_session_can_be_found(pair: tuple[Process, Process]) -> None:
    """Its id is free, in its own process and in others; a new session with the id takes its place."""
    one, two = pair
    assert await one.claim() is None
    await one.release(readable=True)
    for process in pair:
        found = await process.directory.find("some", "id", OWNER)
        assert found is not None
        assert (found.session, found.ended) == (ONE, True)
    assert await one.session(asker=OTHER) is None
    assert await two.claim(TWO) is None
    assert await one.session() == TWO, "the client came back to another process: that one answers"
    await one.directory.forget(SessionKey(OWNER, "some", "id"), ONE)
    assert await one.session() == TWO
    await two.release(TWO, readable=True)
    await two.directory.forget(SessionKey(OWNER, "some", "id"), TWO)
    assert await two.session() is None


async def test_ids_of_a_dead_process_are_free(crowd: list[Process]) -> None:
    """Once it has sent no heartbeat for a while; of many that want the id then, one has it."""
    one, two = crowd[:2]
    assert await one.claim() is None
    assert await two.claim(TWO, "other") is None
    assert await two.directory.is_alive(one.directory.process)
    await one.seem_dead(heartbeat_module.ALIVE_S + 1)
    assert not await two.directory.is_alive(one.directory.process)
    assert await two.session() is None
    found = await asyncio.gather(*(other.claim(uuid4()) for other in crowd[1:]))
    assert found.count(None) == 1


async def test_rows_of_dead_processes_are_removed(pair: tuple[Process, Process]) -> None:
    """With the entries of their sessions."""
    one, two = pair
    assert await one.claim() is None
    assert await two.claim(TWO, "other") is None
    await one.seem_dead()
    await two.runtime.registry._close_stale()
    assert not await entry(ONE)
    assert await entry(TWO)


async def test_a_process_that_is_alone_writes_its_claims_later(pair: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch) -> None:
    """The session has its id at once. Its claim is written a moment later, if it still lives, and a process that starts then finds it."""
    one, two = pair
    monkeypatch.setattr(one.runtime.pubsub._layer, "alone", True, raising=False)
    assert await one.claim() is None
    assert await one.claim(TWO, "short") is None
    assert await one.session() == ONE
    assert one.directory.process == "", "nothing was written yet"
    await one.release(TWO, "short")
    await one.directory.finish(60)
    assert await entry(ONE)
    assert not await entry(TWO)
    monkeypatch.setattr(one.runtime.pubsub._layer, "alone", False, raising=False)
    assert await two.session() == ONE


@pytest.mark.usefixtures("busy_handlers")
async def test_busy_handlers_do_not_stop_claims_and_heartbeats(pair: tuple[Process, Process]) -> None:
    """Ids are claimed, and their process shows that it lives, however many calls handlers have made in threads."""
    one, two = pair
    assert await asyncio.wait_for(one.claim(), 30) is None
    await one.seem_dead()
    await asyncio.wait_for(one.beat(), 30)
    assert await asyncio.wait_for(two.session(), 30) == ONE


async def test_a_process_that_was_suspended_learns_what_it_lost(pair: tuple[Process, Process]) -> None:
    """For a moment: it gives up the ids that others claimed meanwhile, and keeps the others."""
    one, two = pair
    lost: list[str] = []
    for webrtc_id, session in (("kept", ONE), ("gone", THREE)):
        await one.claim(session, webrtc_id, lost=lambda webrtc_id=webrtc_id: lost.append(webrtc_id))
    before = one.directory.process
    await one.seem_dead(heartbeat_module.ALIVE_S + 1)
    assert await two.claim(TWO, "gone") is None
    await one.beat()
    assert lost == ["gone"]
    assert await two.session("kept") == ONE
    assert one.directory.process == before


async def test_a_process_that_was_taken_for_dead_claims_again(pair: tuple[Process, Process]) -> None:
    """Its row and its claims were removed: it gets a new row, and what others did not claim meanwhile."""
    one, two = pair
    lost: list[str] = []
    for webrtc_id, session in (("kept", ONE), ("gone", THREE)):
        await one.claim(session, webrtc_id, lost=lambda webrtc_id=webrtc_id: lost.append(webrtc_id))
    before = one.directory.process
    await one.seem_dead()
    await two.runtime.registry._close_stale()
    assert await two.claim(TWO, "gone") is None
    assert await two.session("kept") is None
    await one.beat()
    assert lost == ["gone"]
    assert await two.session("kept") == ONE
    assert one.directory.process != before
    assert not await two.directory.is_alive(before)


async def test_a_claim_under_a_removed_row_is_written_with_the_next_heartbeat(pair: tuple[Process, Process]) -> None:
    """A process that does not know yet that it was taken for dead starts the session all the same."""
    one, two = pair
    await one.claim()
    await one.seem_dead()
    await two.runtime.registry._close_stale()
    assert await one.claim(THREE, "late") is None
    assert not await entry(THREE)
    await one.beat()
    assert await two.session("late") == THREE
    assert await two.session() == ONE


async def test_what_is_not_shared_is_not_written() -> None:
    """A process whose sessions nobody else may find needs no table."""
    alone = Process(Runtime(shared=False))
    assert await alone.claim() is None
    assert await alone.session() == ONE
    assert await alone.session(asker=OTHER) is None
    assert await alone.session("unknown") is None
    assert await alone.directory.is_alive(uuid4().hex)
    await alone.release(readable=True)
    assert await alone.session() == ONE
    await alone.directory.forget(SessionKey(OWNER, "some", "id"), ONE)
    assert await alone.session() is None
    assert not await entry(ONE)


def test_loops_that_are_over_are_forgotten() -> None:
    """Code that runs an event loop for each call, as asyncio.run does, leaves none behind."""

    async def asked() -> None:
        loops.add(asyncio.get_running_loop())
        one = Process(Runtime(processes(1)[0]))
        assert await one.session() is None

    loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
    for _ in range(3):
        asyncio.run(asked())
    close_database_threads()
    gc.collect()
    assert len(loops) == 0
