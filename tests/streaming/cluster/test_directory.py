"""Whose an id is among several processes: two of them in one event loop here, with one cache between them."""

import asyncio
import gc
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakSet

import pytest
from django.core.cache import cache

from streaming.cluster import directory as module
from streaming.cluster.directory import Directory, SessionOwner
from streaming.cluster.poller import Poller
from streaming.cluster.runtime import runtime
from tests.streaming.sessions.lines import until

ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache in which nothing is noted, and which may take its time: on a busy machine it is not away."""
    monkeypatch.setattr(module, "ANSWER_S", 60.0)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
async def pair(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Directory, Directory]]:
    """Two processes that beat fast."""
    monkeypatch.setattr(module, "BEAT_S", 0.02)
    both = Directory(Poller(), alone=False), Directory(Poller(), alone=False)
    yield both
    for one in both:
        await one._poller.close()


async def taken(
    process: Directory, session: UUID = ONE, webrtc_id: str = "id", owner: int | None = 7, lost: Any = None
) -> SessionOwner | None:
    """Claim an id."""
    return await process.claim("some", webrtc_id, session, owner, "websocket", lost or (lambda: None))


async def test_the_first_has_it(pair: tuple[Directory, Directory]) -> None:
    """The second learns who; ids of other streams and other ids are free."""
    one, two = pair
    assert await taken(one) is None
    assert await taken(two, TWO) == SessionOwner(one.process, ONE.hex, 7, "websocket")
    assert await two.holder("some", "id") == SessionOwner(one.process, ONE.hex, 7, "websocket")
    assert await one.holder("some", "id") is None, "a process knows its own sessions itself"
    assert await taken(two, TWO, "another \x00 id") is None
    assert await two.claim("other", "id", TWO, 7, "webrtc", lambda: None) is None


async def test_many_can_be_asked_for_at_once(pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch) -> None:
    """In one question; what nobody has, what is one's own, and what a dead process had, is nobody's."""
    one, two = pair
    assert await taken(one) is None
    assert await taken(two, TWO, "own") is None
    ids = [("some", "free"), ("some", "id"), ("some", "own"), ("other", "id")]
    assert await two.holders(ids) == [None, SessionOwner(one.process, ONE.hex, 7, "websocket"), None, None]
    await one._poller.close()
    cache.delete(module._heartbeat_key(one.process))
    assert await two.holders(ids) == [None] * 4


async def test_of_many_at_once_one_has_it() -> None:
    """Whatever the order, an id has one holder."""
    crowd = [Directory(Poller(), alone=False) for _ in range(8)]
    found = await asyncio.gather(*(taken(one, uuid4()) for one in crowd))
    assert found.count(None) == 1
    for one in crowd:
        await one._poller.close()


async def test_it_is_free_after_the_session(pair: tuple[Directory, Directory]) -> None:
    """Whoever lets go of what is not theirs changes nothing."""
    one, two = pair
    assert await taken(one) is None
    await two.release("some", "id", TWO)
    await one.release("some", "id", TWO)
    assert await taken(two, TWO) is not None
    await one.release("some", "id", ONE)
    assert await taken(two, TWO) is None
    await one.release("some", "id", ONE)
    assert await one.holder("some", "id") == SessionOwner(two.process, TWO.hex, 7, "websocket")


async def test_a_new_session_of_the_same_process_need_not_wait(pair: tuple[Directory, Directory]) -> None:
    """The process knows itself that the session before has ended; its late letting go does not harm the new one."""
    one, two = pair
    assert await taken(one) is None
    assert await taken(one, TWO) is None
    await one.release("some", "id", ONE)
    assert await two.holder("some", "id") == SessionOwner(one.process, TWO.hex, 7, "websocket")


async def test_ids_of_a_dead_process_are_free(pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has no pulse; of many that want the id then, one has it."""
    one, two = pair
    assert await taken(one) is None
    assert await two.is_alive(one.process)
    with monkeypatch.context() as short:
        short.setattr(module, "ALIVE_S", 1)
        await asyncio.to_thread(one._renew_heartbeat)
        await one._poller.close()  # as a process that was killed
    await until(lambda: not cache.get(f"parley.pulse.{one.process}"))
    assert not await two.is_alive(one.process)
    assert await two.holder("some", "id") is None
    others = [two, *(Directory(Poller(), alone=False) for _ in range(5))]
    found = await asyncio.gather(*(taken(other, uuid4()) for other in others))
    assert found.count(None) == 1
    for other in others:
        await other._poller.close()


@pytest.mark.usefixtures("busy_handlers")
async def test_handlers_that_keep_asyncios_threads_busy_do_not_stop_the_pulse(pair: tuple[Directory, Directory]) -> None:
    """Ids are claimed, and their process shows that it lives, however many calls handlers have made in threads."""
    one, two = pair
    assert await asyncio.wait_for(taken(one), 30) is None
    cache.delete(module._heartbeat_key(one.process))
    await until(lambda: module._has_heartbeat(one.process))
    assert await asyncio.wait_for(taken(two, TWO), 30) == SessionOwner(one.process, ONE.hex, 7, "websocket")


async def test_a_process_that_slept_learns_what_it_lost(pair: tuple[Directory, Directory]) -> None:
    """It gives up the ids that others took meanwhile, and notes those again that were forgotten, as after a restart of Redis."""
    one, two = pair
    lost: list[str] = []
    for webrtc_id in ("kept", "gone"):
        await taken(one, ONE, webrtc_id, lost=lambda webrtc_id=webrtc_id: lost.append(webrtc_id))
    await one._poller.close()
    cache.clear()
    assert await taken(two, TWO, "gone") is None
    await taken(one, ONE, "third")  # it beats again
    cache.delete(f"parley.pulse.{one.process}")
    await until(lambda: lost == ["gone"])
    assert (await two.holder("some", "kept")) == SessionOwner(one.process, ONE.hex, 7, "websocket")


async def test_claims_are_noted_again_though_new_ones_come(pair: tuple[Directory, Directory]) -> None:
    """A session that begins between a restart of Redis and the next beat does not hide that the others' notes are gone."""
    one, two = pair
    await taken(one, ONE, "before")
    await one._poller.close()
    cache.clear()
    await taken(one, TWO, "behind")  # it beats again
    before = SessionOwner(one.process, ONE.hex, 7, "websocket")
    await until(lambda: one._poller._duties and module._read(module._key("some", "before")) == before)
    assert await two.holder("some", "before") == before


class Slow:
    """A cache whose `add` takes its time; counts who is in there at once, and the pulses beside it."""

    def __init__(self, wait: Callable[[], object]) -> None:
        self.most_at_once = self.pulses = 0
        self._wait, self._inside, self._lock = wait, 0, threading.Lock()

    def add(self, *args: Any) -> bool:
        """Note."""
        with self._lock:
            self._inside += 1
            self.most_at_once = max(self._inside, self.most_at_once)
        self._wait()
        with self._lock:
            self._inside -= 1
        return cache.add(*args)

    def touch(self, *args: Any) -> bool:
        """Prolong the pulse."""
        self.pulses += 1
        return cache.touch(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(cache, name)


async def test_a_hundred_claims_are_noted_again_beside_the_pulse(
    pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart of Redis, which then takes longer for all of them than for one answer: some with each beat, by one thread."""
    one, two = pair
    ids = [str(number) for number in range(100)]
    await asyncio.gather(*(taken(one, ONE, webrtc_id) for webrtc_id in ids))
    slow = Slow(lambda: time.sleep(0.01))
    monkeypatch.setattr(module, "AGAIN_S", 0.1)
    monkeypatch.setattr(module, "ANSWER_S", 0.5)
    monkeypatch.setattr(module, "cache", slow)
    cache.clear()
    await until(lambda: all(module._read(module._key("some", webrtc_id)) for webrtc_id in ids))
    assert slow.most_at_once == 1
    assert slow.pulses >= 5
    await until(lambda: not one._unregistered)
    monkeypatch.setattr(module, "ANSWER_S", 60.0)
    assert await two.holder("some", "99") == SessionOwner(one.process, ONE.hex, 7, "websocket")


async def test_a_cache_that_hangs_takes_one_thread_and_no_pulse(pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch) -> None:
    """Noting again is not begun a second time while the first still waits; it is made up for later."""
    one, _ = pair
    for webrtc_id in ("first", "second"):
        await taken(one, ONE, webrtc_id)
    go_on = threading.Event()
    slow = Slow(lambda: go_on.wait(60))
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    monkeypatch.setattr(module, "cache", slow)
    cache.clear()
    try:
        await until(lambda: slow.pulses >= 20)
        assert slow.most_at_once == 1
    finally:
        go_on.set()
    await until(lambda: all(module._read(module._key("some", webrtc_id)) for webrtc_id in ("first", "second")))


async def test_its_own_note_does_not_keep_a_session_out(pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch) -> None:
    """A beat that notes again what was forgotten may be there before the claim itself."""
    one, _ = pair
    take = one._register

    def late(key: str, mine: SessionOwner) -> SessionOwner | None:
        assert one._register_again({key: mine}) == {key: False}
        return take(key, mine)

    monkeypatch.setattr(one, "_register", late)
    assert await taken(one) is None


async def test_what_is_let_go_while_it_is_noted_again_is_free(pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart of Redis, an id whose session ends just then does not stay taken."""
    one, two = pair
    await taken(one)
    loop, again, noted = asyncio.get_running_loop(), one._register_again, threading.Event()

    def late(held: dict[str, SessionOwner]) -> dict[str, bool]:
        asyncio.run_coroutine_threadsafe(one.release("some", "id", ONE), loop).result(20)
        try:
            return again(held)
        finally:
            noted.set()

    monkeypatch.setattr(one, "_register_again", late)
    cache.clear()
    await until(noted.is_set)
    await until(lambda: module._read(module._key("some", "id")) is None)
    await one._poller.close()
    assert module._read(module._key("some", "id")) is None
    assert await taken(two, TWO) is None


async def test_letting_go_does_not_remove_the_next_sessions_note(
    pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that begins while the one before is letting the id go has it."""
    one, two = pair
    await taken(one)
    reading, go_on = threading.Event(), threading.Event()
    read = module._read

    def slow(key: str) -> SessionOwner | None:
        found = read(key)
        if threading.current_thread() in slow_threads:
            reading.set()
            go_on.wait(20)
        return found

    slow_threads: set[threading.Thread] = set()
    give_back = one._delete_entry

    def giving_back(key: str, mine: SessionOwner) -> None:
        slow_threads.add(threading.current_thread())
        give_back(key, mine)
        slow_threads.clear()

    monkeypatch.setattr(module, "_read", slow)
    monkeypatch.setattr(one, "_delete_entry", giving_back)
    leaving = asyncio.create_task(one.release("some", "id", ONE))
    assert await asyncio.to_thread(reading.wait, 20)
    coming = asyncio.create_task(taken(one, TWO))
    await asyncio.wait({coming}, timeout=0.1)
    go_on.set()
    await leaving
    assert await coming is None
    assert await two.holder("some", "id") == SessionOwner(one.process, TWO.hex, 7, "websocket")


async def test_a_cache_that_is_away_stops_nobody(
    pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Sessions begin without it; that is said once."""

    class Away:
        def __getattr__(self, name: str) -> Any:
            raise ConnectionError("no Redis")

    monkeypatch.setattr(module, "cache", Away())
    with caplog.at_level(logging.WARNING):
        assert await taken(pair[0]) is None
        assert await taken(pair[1]) is None
    assert await pair[0].is_alive("somebody")
    assert caplog.text.count("the shared cache is away (ConnectionError)") == 2, "each process says it once"
    monkeypatch.undo()


async def test_an_id_that_could_not_be_let_go_is_let_go_later(pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that is away for a moment as a session ends does not keep its id from other processes for as long as this one lives."""
    one, two = pair
    assert await taken(one) is None
    give_back, refused = one._delete_entry, threading.Event()

    def away(key: str, mine: SessionOwner) -> None:
        if not refused.is_set():
            refused.set()
            raise ConnectionError("no Redis")
        give_back(key, mine)

    monkeypatch.setattr(one, "_delete_entry", away)
    await one.release("some", "id", ONE)
    assert refused.is_set()
    await until(lambda: cache.get(module._key("some", "id")) is None)
    assert await taken(two, TWO) is None
    await until(lambda: not one._unreleased)


async def test_an_id_let_go_late_is_not_taken_from_the_next_session(
    pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It began in the same process, where nobody could note it: it has the id as soon as the cache is back."""
    one, two = pair
    assert await taken(one) is None
    away = threading.Event()
    away.set()

    class Sometimes:
        def __getattr__(self, name: str) -> Any:
            if away.is_set():
                raise ConnectionError("no Redis")
            return getattr(cache, name)

    monkeypatch.setattr(module, "cache", Sometimes())
    await one.release("some", "id", ONE)
    assert await taken(one, TWO) is None
    away.clear()
    await until(lambda: module._read(module._key("some", "id")) == SessionOwner(one.process, TWO.hex, 7, "websocket"))
    assert await taken(two, UUID(int=3)) == SessionOwner(one.process, TWO.hex, 7, "websocket")


async def test_a_cache_that_hung_notes_nothing_for_a_session_that_is_over(
    pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it notes late is removed again: the id is free for other processes."""
    one, two = pair
    reached, go_on, noted = threading.Event(), threading.Event(), threading.Event()
    take = one._register

    def hung(key: str, mine: SessionOwner) -> SessionOwner | None:
        reached.set()
        assert go_on.wait(60)
        try:
            return take(key, mine)
        finally:
            noted.set()

    monkeypatch.setattr(one, "_register", hung)
    monkeypatch.setattr(module, "ANSWER_S", 2.0)
    assert await taken(one) is None
    assert reached.is_set()
    monkeypatch.setattr(module, "ANSWER_S", 60.0)
    await one.release("some", "id", ONE)
    go_on.set()
    await until(noted.is_set)
    await until(lambda: cache.get(module._key("some", "id")) is None)
    assert await taken(two, TWO) is None


async def test_a_cache_that_hung_notes_the_id_of_a_session_that_goes_on(
    pair: tuple[Directory, Directory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late is better than never: from then on nobody else has it."""
    one, two = pair
    go_on, take = threading.Event(), one._register
    monkeypatch.setattr(one, "_register", lambda key, mine: take(key, mine) if go_on.wait(60) else None)
    monkeypatch.setattr(module, "ANSWER_S", 2.0)
    assert await taken(one) is None
    monkeypatch.setattr(module, "ANSWER_S", 60.0)
    go_on.set()
    await until(lambda: cache.get(module._key("some", "id")) is not None)
    assert await taken(two, TWO) == SessionOwner(one.process, ONE.hex, 7, "websocket")


async def test_alone_nothing_is_noted() -> None:
    """One process needs no cache."""
    assert await taken(runtime().directory) is None
    assert await runtime().directory.holder("some", "id") is None
    assert await runtime().directory.is_alive("anybody")
    assert runtime().directory._held == {}


def test_loops_that_are_over_are_forgotten() -> None:
    """Code that runs an event loop for each call, as asyncio.run does, leaves none behind."""

    async def asked() -> None:
        loops.add(asyncio.get_running_loop())
        await Directory(Poller(), alone=False).holder("some", "id")
        assert runtime().directory is not None

    loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
    for _ in range(3):
        asyncio.run(asked())
    module._threads.close()  # no thread has its last piece of work in hand any more
    gc.collect()
    assert len(loops) == 0
