"""The thread that decodes the sessions in turn."""

import logging
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from streaming.speech.decode_executor import DecodeExecutor


class Task:
    """Returns the given answers, and records its turns."""

    def __init__(self, name: str, log: list[str], answers: list[float | None]) -> None:
        self.name, self.log, self.answers = name, log, answers
        self.done = threading.Event()

    def decode_portion(self) -> float | None:
        self.log.append(self.name)
        answer = self.answers.pop(0)
        if not self.answers:
            self.done.set()
        return answer


@pytest.fixture
def executor() -> Iterator[DecodeExecutor]:
    """An executor that has not started, so that submitted tasks wait."""
    executor = DecodeExecutor()
    yield executor
    executor.close()


def test_sessions_take_turns(executor: DecodeExecutor) -> None:
    """A session with a long backlog delays others by one portion at most."""
    log: list[str] = []
    tasks = [Task("much", log, [0.0, 0.0, 0.0, None]), Task("little", log, [None]), Task("some", log, [0.0, None])]
    for task in tasks:
        executor.submit(task)
        executor.submit(task)
    executor.start()
    assert all(task.done.wait(30) for task in tasks)
    assert log == ["much", "little", "some", "much", "some", "much", "much"]


def test_a_delayed_session_waits_and_others_do_not(executor: DecodeExecutor) -> None:
    """A session over its budget is called again at its time, not at the arrival of more bytes."""
    log: list[str] = []
    late, other = Task("late", log, [3600.0, None]), Task("other", log, [None])
    executor.submit(late)
    executor.submit(other)
    executor.start()
    assert other.done.wait(30)
    executor.submit(late)
    again = Task("again", log, [None])
    executor.submit(again)
    assert again.done.wait(30)
    assert log == ["late", "other", "again"]
    soon = Task("soon", log, [0.02, None])
    executor.submit(soon)
    assert soon.done.wait(30)
    assert log[3:] == ["soon", "soon"]


def test_a_failure_is_logged_by_type(executor: DecodeExecutor, caplog: pytest.LogCaptureFixture) -> None:
    """The thread continues after a failure."""

    class Broken:
        def decode_portion(self) -> float | None:
            raise RuntimeError("the secret words")

    good = Task("good", [], [None])
    with caplog.at_level(logging.DEBUG):
        executor.submit(Broken())
        executor.submit(good)
        executor.start()
        assert good.done.wait(30)
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_a_waiting_executor_holds_no_session(executor: DecodeExecutor) -> None:
    """A session can be freed after its last portion."""
    task = Task("gone", [], [None])
    kept = weakref.ref(task)
    executor.submit(task)
    executor.start()
    assert task.done.wait(30)
    del task
    pause, deadline = threading.Event(), time.monotonic() + 30
    while kept() is not None and time.monotonic() < deadline:
        pause.wait(0.005)
    assert kept() is None


def test_closing_ends_the_thread(executor: DecodeExecutor) -> None:
    """Queued tasks are dropped, and later ones are ignored."""
    executor.start()
    executor.submit(Task("delayed", [], [3600.0]))
    executor.close()
    assert not executor._thread.is_alive()
    executor.submit(Task("late", [], [None]))
    assert not executor._ready
