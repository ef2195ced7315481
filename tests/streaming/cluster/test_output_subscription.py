"""One subscriber by its cursor: what it asks, and when it has heard the end."""

from itertools import count
from typing import Any

import pytest

from streaming.cluster import output_subscription as module
from streaming.cluster.directory import Directory, DirectoryUnreachable
from streaming.cluster.output_subscription import CALL_S, SLACK_S, OutputSubscription
from streaming.cluster.runtime import runtime

HOME = "some process"


class Session:
    """Answers what the test says, one after the other; None is silence, and what comes after the last answer. An error is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, float, float]] = []

    async def ask(self, question: dict[str, Any], timeout_s: float) -> dict[str, Any] | None:
        """Answer."""
        self.asked.append((question["after"], question["wait"], timeout_s))
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def answer(*numbers: int, ended: bool = False) -> dict[str, Any]:
    """Return an answer with outputs of these numbers."""
    return {"items": [[number, f"output {number}"] for number in numbers], "invalid": [], "ended": ended, "home": HOME}


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the session's process has a pulse; the test may change it."""
    pulse = [True]
    monkeypatch.setattr(module, "RETRY_S", 0.0)
    monkeypatch.setattr(module, "GONE_S", 0.0)

    async def is_alive(self: Directory, process: str) -> bool:
        return process == HOME and pulse[0]

    monkeypatch.setattr(Directory, "is_alive", is_alive)
    return pulse


async def test_it_asks_by_its_cursor_until_the_end(alive: list[bool]) -> None:
    """Each question is for what comes after the last answer, and may wait for news; the last answer says that it is the last."""
    session = Session(answer(), answer(4, 5), answer(), answer(6, ended=True))
    reader = OutputSubscription(session.ask, 3)
    assert await reader.find(1)
    got = []
    while not reader.ended:
        got += await reader.more()
    assert got == [(4, "output 4"), (5, "output 5"), (6, "output 6")]
    assert session.asked == [(3, 0.0, SLACK_S), (3, CALL_S, CALL_S + SLACK_S), (5, CALL_S, CALL_S + SLACK_S), (5, CALL_S, CALL_S + SLACK_S)]
    assert not reader.lost


async def test_a_session_may_come_late(monkeypatch: pytest.MonkeyPatch, alive: list[bool]) -> None:
    """It is asked for again until its time is over."""
    monkeypatch.setattr(module, "GRACE_STEP_S", 0.001)
    assert await OutputSubscription(Session(None, None, answer()).ask).find(5)
    clock = count()
    monkeypatch.setattr(module, "_now", lambda: next(clock))
    nobody = Session()
    assert not await OutputSubscription(nobody.ask).find(3)
    assert len(nobody.asked) == 3


async def test_a_lost_answer_is_no_end(alive: list[bool]) -> None:
    """While the session's process lives, it is asked again, and soon."""
    session = Session(answer(1), None, answer(2))
    reader = OutputSubscription(session.ask)
    assert await reader.more() == [(1, "output 1")]
    assert await reader.more() == []
    assert not reader.ended
    assert await reader.more() == [(2, "output 2")]
    assert session.asked[-1] == (1, 0.0, SLACK_S)


async def test_a_directory_that_is_away_is_no_end(alive: list[bool]) -> None:
    """A reader waits for it as for an answer that got lost."""
    session = Session(answer(1), DirectoryUnreachable(), answer(2))
    reader = OutputSubscription(session.ask)
    assert [await reader.more() for _ in range(3)] == [[(1, "output 1")], [], [(2, "output 2")]]
    assert not reader.ended


async def test_a_session_that_is_gone(alive: list[bool]) -> None:
    """After some silence it has ended, though nobody said so; its process lives, so nothing was lost."""
    reader = OutputSubscription(Session(answer(1)).ask)
    for _ in range(1 + module.MOST_MISSES):
        assert not reader.ended
        await reader.more()
    assert reader.ended
    assert not reader.lost


async def test_requests_that_fail_at_once_are_no_end(alive: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """While the channel layer is unreachable for a moment, a session of another process goes on."""
    monkeypatch.setattr(module, "RETRY_S", 0.001)
    monkeypatch.setattr(module, "GONE_S", 3600.0)
    session = Session(answer(1), *[None] * (2 * module.MOST_MISSES), answer(2))
    reader = OutputSubscription(session.ask)
    got = [await reader.more() for _ in range(2 + 2 * module.MOST_MISSES)]
    assert (got[0], got[-1]) == ([(1, "output 1")], [(2, "output 2")])
    assert not reader.ended


async def test_a_process_that_is_gone(alive: list[bool]) -> None:
    """Silence from a process without a pulse is the end, at once."""
    reader = OutputSubscription(Session(answer(1)).ask)
    await reader.more()
    alive[0] = False
    await reader.more()
    assert reader.ended
    assert reader.lost


async def test_alone_every_process_lives() -> None:
    """Without a shared cache there is no other process that could die."""
    assert await runtime().directory.is_alive(HOME)
