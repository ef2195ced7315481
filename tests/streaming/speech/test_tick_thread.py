"""The thread that calls its tick with the woken members."""

import gc
import logging
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

from streaming.speech import vad_worker
from streaming.speech.vad_worker import FEW, TickThread

Tick = Callable[[list[str]], list[str]]


@pytest.fixture
def start() -> Iterator[Callable[..., TickThread[str]]]:
    """Start threads that end with the test."""
    started: list[TickThread[str]] = []

    def begin(tick: Tick, timeout: Callable[[], float | None] = lambda: None) -> TickThread[str]:
        thread = TickThread("tested", tick, timeout)
        thread.start()
        started.append(thread)
        return thread

    yield begin
    for thread in started:
        thread.close()


def test_the_thread_sleeps_until_a_member_wakes(start: Callable[..., TickThread[str]]) -> None:
    """After its one tick the thread sleeps until it is woken again."""
    ticks: list[list[str]] = []
    ticked = threading.Semaphore(0)

    def tick(members: list[str]) -> list[str]:
        ticks.append(members)
        if members == ["jane"]:
            thread.wake("joe")
            thread.wake("joe")
        ticked.release()
        return []

    thread = start(tick)
    thread.wake("jane")
    for _ in range(2):
        assert ticked.acquire(timeout=30)
    assert not ticked.acquire(timeout=0.2)
    thread.wake("jim")
    assert ticked.acquire(timeout=30)
    assert ticks == [["jane"], ["joe"], ["jim"]]


def test_members_with_more_work_share_a_tick_with_woken_ones(start: Callable[..., TickThread[str]]) -> None:
    """A member with much work does not delay others."""
    ticks: list[list[str]] = []
    enough = threading.Event()

    def tick(members: list[str]) -> list[str]:
        ticks.append(members)
        if len(ticks) == 1:
            thread.wake("joe")
        if len(ticks) == 3:
            enough.set()
        return ["jane"] if len(ticks) < 3 else []

    thread = start(tick)
    thread.wake("jane")
    assert enough.wait(30)
    assert ticks == [["jane"], ["jane", "joe"], ["jane"]]


def test_timeout(start: Callable[..., TickThread[str]]) -> None:
    """With a timeout, the tick is called although no member was woken."""
    ticked = threading.Semaphore(0)

    def tick(members: list[str]) -> list[str]:
        ticked.release()
        return members

    start(tick, lambda: 0.05)
    assert all(ticked.acquire(timeout=30) for _ in range(3))


def test_a_failing_tick_does_not_end_the_thread(start: Callable[..., TickThread[str]], caplog: pytest.LogCaptureFixture) -> None:
    """The failure is logged by type, and the next tick follows."""
    reached = threading.Event()

    def tick(members: list[str]) -> list[str]:
        if members == ["bad"]:
            raise KeyError("the secret words")
        reached.set()
        return []

    with caplog.at_level(logging.DEBUG):
        thread = start(tick)
        thread.wake("bad")
        while "KeyError" not in caplog.text:
            threading.Event().wait(0.005)
        thread.wake("good")
        assert reached.wait(30)
    assert "secret" not in caplog.text


@pytest.mark.parametrize(("count", "name"), [(FEW, "SHORT_TICK_S"), (FEW + 1, "TICK_S")])
def test_ticks_are_short_for_few_active_members(
    start: Callable[..., TickThread[str]], monkeypatch: pytest.MonkeyPatch, count: int, name: str
) -> None:
    """The pause after a tick depends on the members of the last ticks, not on those of this one."""
    paused = threading.Semaphore(0)
    thread = start(lambda members: [])
    monkeypatch.setattr(vad_worker, "_ACTIVE_S", 3600.0)
    monkeypatch.setattr(thread._closed, "wait", lambda seconds: pauses.append(thread._tick_s) or paused.release())
    pauses: list[float] = []
    for number in range(count):
        thread.wake(str(number))
        assert paused.acquire(timeout=30)
    assert pauses[-1] == getattr(vad_worker, name)


class Member:
    """A member."""


def test_a_waiting_thread_keeps_no_reference(start: Callable[..., TickThread[Member]]) -> None:
    """The last member is released from memory, although no other follows."""
    ticked, waiting = threading.Event(), threading.Event()

    def tick(members: list[Member]) -> list[Member]:
        ticked.set()
        return []

    def timeout() -> None:
        if ticked.is_set():
            waiting.set()

    thread = start(tick, timeout)
    member = Member()
    gone = weakref.ref(member)
    thread.wake(member)
    del member
    assert waiting.wait(30)
    gc.collect()
    assert gone() is None
