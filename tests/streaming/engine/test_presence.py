"""What a session answers to whoever asks for it, here or from another process."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from streaming.engine import presence
from streaming.engine.outputs import AdditionalOutputs, OutputLog
from streaming.engine.switchboard import switchboard

OWNER, OTHER = 7, 8


class Declared(BaseModel):
    """A stream's inputs."""

    level: int


class Stream:
    """As much of a stream as presence needs."""

    name = "some"
    inputs = Declared


class Session:
    """As much of a participant as presence needs."""

    def __init__(self, owner_id: int | None = OWNER, webrtc_id: str = "id") -> None:
        self.stream = Stream()
        self.webrtc_id = webrtc_id
        self.owner_id = owner_id
        self.outputs = OutputLog()
        self.given: list[Any] = []

    def set_input(self, *values: Any) -> None:
        """Note the values."""
        self.given.append(values)


async def ask(user: int | None = OWNER, **question: Any) -> dict[str, Any] | None:
    """Ask the session of the id, as a reader or a hook does."""
    return await switchboard().call(presence.address("some", "id"), {"user": user, **question})


async def outputs(after: int = 0, wait: float = 0.0, user: int | None = OWNER) -> dict[str, Any] | None:
    """Ask for outputs."""
    return await ask(user, ask="outputs", after=after, wait=wait)


def opened(owner_id: int | None = OWNER) -> Any:
    """Return an announced session."""
    session: Any = Session(owner_id)
    presence.announce(session)
    return session


async def test_outputs_come_by_cursor() -> None:
    """What comes after the cursor is returned, with its numbers, as text; a cursor from the future counts as 0."""
    session = opened()
    for number in range(3):
        session.outputs.append(AdditionalOutputs({"n": number}))
    assert await outputs(1) == {"items": [(2, '{"n": 1}'), (3, '{"n": 2}')], "ended": False}
    answer = await outputs(99)
    assert answer is not None
    assert [number for number, _ in answer["items"]] == [1, 2, 3]


async def test_waiting_ends_with_news_or_in_time() -> None:
    """A question waits for the next output, or as long as it says; nobody is left waiting behind it."""
    session = opened()
    waiting = asyncio.create_task(outputs(0, 5))
    await asyncio.sleep(0.01)
    session.outputs.append(AdditionalOutputs("news"))
    assert await waiting == {"items": [(1, "news")], "ended": False}
    assert await outputs(1, 0.05) == {"items": [], "ended": False}
    assert session.outputs.subscribers == 0


async def test_large_outputs_come_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer holds about so much; the next question gets the rest."""
    monkeypatch.setattr(presence, "BATCH_CHARACTERS", 100)
    session = opened()
    for _ in range(5):
        session.outputs.append(AdditionalOutputs("x" * 60))
    first = await outputs(0)
    assert first is not None
    assert [number for number, _ in first["items"]] == [1, 2]


async def test_inputs_are_checked_and_given() -> None:
    """Values reach the session in their declared order and type; wrong ones are named and not given."""
    session = opened()
    assert await ask(ask="input", body={"webrtc_id": "id", "level": "3"}) == {"details": []}
    answer = await ask(ask="input", body={"webrtc_id": "id", "level": "high"})
    assert answer is not None
    assert answer["details"][0]["loc"] == ["body", "level"]
    assert session.given == [(3,)]


async def test_it_keeps_silent_to_others() -> None:
    """To whom it does not belong, it does not exist; one without an owner answers everybody."""
    opened()
    assert await outputs(user=OTHER) is None
    assert await outputs(user=None) is None
    opened(None)
    assert await outputs(user=OTHER) is not None
    assert await outputs(user=None) is not None


async def test_the_end_can_be_read_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the end there are no more inputs; the last outputs and the end linger, then nothing is left."""
    monkeypatch.setattr(presence, "LINGER_S", 0.1)
    session = opened()
    session.outputs.append(AdditionalOutputs("last"))
    session.outputs.close()
    presence.withdraw(session)
    assert await ask(ask="input", body={"level": 1}) is None
    assert await outputs() == {"items": [(1, "last")], "ended": True}
    await asyncio.sleep(0.2)
    assert await outputs() is None


async def test_a_session_without_outputs_goes_at_once() -> None:
    """There is nothing to read of it."""
    session = opened()
    session.outputs.close()
    presence.withdraw(session)
    await asyncio.sleep(0.01)
    assert await outputs() is None


async def test_the_next_session_of_an_id_is_not_taken_for_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that is used again answers for the new session, also when the old one's time is over."""
    monkeypatch.setattr(presence, "LINGER_S", 0.05)
    old = opened()
    old.outputs.append(AdditionalOutputs("old"))
    presence.withdraw(old)
    new = opened()
    new.outputs.append(AdditionalOutputs("new"))
    presence.withdraw(old)
    await asyncio.sleep(0.1)
    assert await outputs() == {"items": [(1, "new")], "ended": False}
