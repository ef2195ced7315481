"""What a session answers to whoever asks for it, here or from another process."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

from streaming.aio.database_executors import close_database_threads
from streaming.cluster import session_endpoint
from streaming.cluster.directory_table import SessionKey
from streaming.cluster.runtime import Runtime, runtime, use
from streaming.cluster.session_endpoint import PYTHON
from streaming.types.outputs import AdditionalOutputs, OutputLog
from tests.streaming.cluster.layers import processes
from tests.streaming.sessions.connections import FakeConnection

OWNER, OTHER = 7, 8


class Declared(BaseModel):
    """A stream's inputs."""

    level: int


class Stream:
    """As much of a stream as presence needs."""

    name = "some"
    inputs = Declared


class Session:
    """As much of a session as its endpoint needs."""

    def __init__(self, owner_id: int | None = OWNER, webrtc_id: str = "id") -> None:
        self.id = uuid4()
        self.stream = Stream()
        self.webrtc_id = webrtc_id
        self.connection = FakeConnection()
        self.fetched = 0
        self.owner_id = owner_id
        self.outputs = OutputLog()
        self.given: list[Any] = []
        self.sent: list[Any] = []

    def send_message(self, message: Any) -> None:
        """Note the message."""
        self.sent.append(message)

    def set_input(self, *values: Any) -> None:
        """Note the values."""
        self.given.append(values)

    def dismiss(self, *, notify: bool) -> None:
        """Note how."""
        self.given.append("notified" if notify else "not notified")

    async def close(self, reason: str) -> None:
        """Note why."""
        self.given.append(reason)


async def ask(user: session_endpoint.Asker = OWNER, **question: Any) -> dict[str, Any] | None:
    """Ask the session of the id, as a reader or a hook does."""
    return await session_endpoint.asking("some", "id", user)(question, 30)


async def outputs(after: int = 0, wait: float = 0.0, user: session_endpoint.Asker = OWNER, form: str = "text") -> dict[str, Any] | None:
    """Ask for outputs; where the session lives is looked at elsewhere."""
    answer = await ask(user, ask="outputs", after=after, wait=wait, form=form)
    assert answer is None or answer.pop("home") == runtime().directory.process
    return answer


async def nothing_is_left() -> None:
    """Wait until nobody answers."""
    async with asyncio.timeout(30):
        while await outputs() is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def opened(owner_id: int | None = OWNER) -> Any:
    """Return an open session."""
    session: Any = Session(owner_id)
    await session_endpoint.claim(session)
    session_endpoint.announce(session)
    return session


async def test_outputs_come_by_cursor() -> None:
    """What comes after the cursor is returned, with its numbers, as text; a cursor from the future counts as 0."""
    session = await opened()
    for number in range(3):
        session.outputs.append(AdditionalOutputs({"n": number}))
    assert await outputs(1) == {"items": [(2, '{"n": 1}'), (3, '{"n": 2}')], "invalid": [], "ended": False}
    answer = await outputs(99)
    assert answer is not None
    assert [number for number, _ in answer["items"]] == [1, 2, 3]


async def test_outputs_come_as_values_for_python() -> None:
    """What an output held, as far as JSON knows it, for code that wants the values and not their text."""
    session = await opened()
    session.outputs.append(AdditionalOutputs({1}, "two", float("nan")))
    assert await outputs(form="values") == {"items": [(1, [[1], "two", None])], "invalid": [], "ended": False}


async def test_an_output_that_is_not_json_is_named_by_its_type(caplog: pytest.LogCaptureFixture) -> None:
    """Its sentence is in its place; the client and the log get it once, however many readers ask."""
    session = await opened()
    session.outputs.append(AdditionalOutputs({"secret words": object()}))
    session.outputs.append(AdditionalOutputs("next"))
    text = "output 1 of the handler was not sent: a value of the type object cannot be sent as JSON"
    for form in ("text", "values"):
        answer = await outputs(form=form)
        assert answer is not None
        assert (answer["items"][0], answer["invalid"]) == ((1, text), [1])
        assert answer["items"][1][0] == 2
    assert session.sent == [{"type": "error", "data": text, "message": text}]
    assert caplog.text.count(text) == 1
    assert "secret words" not in caplog.text


async def test_waiting_ends_with_news_or_in_time() -> None:
    """A question waits for the next output, or as long as it says; nobody is left waiting behind it."""
    session = await opened()
    waiting = asyncio.create_task(outputs(0, 60))
    await asyncio.sleep(0.01)
    session.outputs.append(AdditionalOutputs("news"))
    assert await waiting == {"items": [(1, "news")], "invalid": [], "ended": False}
    assert await outputs(1, 0.05) == {"items": [], "invalid": [], "ended": False}
    assert session.outputs.subscribers == 0


async def test_large_outputs_come_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer holds about so much; the next question gets the rest."""
    monkeypatch.setattr(session_endpoint, "BATCH_CHARACTERS", 100)
    session = await opened()
    for _ in range(5):
        session.outputs.append(AdditionalOutputs("x" * 60))
    first = await outputs(0)
    assert first is not None
    assert [number for number, _ in first["items"]] == [1, 2]


async def test_inputs_are_checked_and_given() -> None:
    """Values reach the session in their declared order and type; wrong ones are named and not given."""
    session = await opened()
    assert await ask(ask="input", body={"webrtc_id": "id", "level": "3"}) == {"details": []}
    answer = await ask(ask="input", body={"webrtc_id": "id", "level": "high"})
    assert answer is not None
    assert answer["details"][0]["loc"] == ["body", "level"]
    assert session.given == [(3,)]


async def test_python_gives_values_and_ends_sessions() -> None:
    """The installation's own code reaches everybody's session: inputs as they are, without the stream's model; and the end."""
    session = await opened()
    assert await ask(PYTHON, ask="values", values=[0.7, "two"]) == {}
    assert await ask(PYTHON, ask="close", notify=True) == {}
    assert session.given == [(0.7, "two"), "notified"]


async def test_the_latest_output_is_fetched_once() -> None:
    """The newest of those that nobody fetched; waits for one, and says when none came."""
    session = await opened()
    for number in range(2):
        session.outputs.append(AdditionalOutputs(number))
    assert await ask(PYTHON, ask="latest", wait=60) == {"values": [1]}
    assert await ask(PYTHON, ask="latest", wait=0.05) == {"values": None}
    fetching = asyncio.create_task(ask(PYTHON, ask="latest", wait=60))
    await asyncio.sleep(0.01)
    session.outputs.append(AdditionalOutputs("new"))
    assert await fetching == {"values": ["new"]}


async def test_it_keeps_silent_to_others() -> None:
    """To whom it does not belong, it does not exist; one without an owner answers everybody."""
    await opened()
    assert await outputs(user=OTHER) is None
    assert await outputs(user=None) is None
    await opened(None)
    assert await outputs(user=OTHER) is not None
    assert await outputs(user=PYTHON) is not None
    assert await outputs(user=None) is not None


async def test_the_end_can_be_read_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the end there are no more inputs; the last outputs and the end linger, then nothing is left."""
    monkeypatch.setattr(session_endpoint, "LINGER_S", 3600.0)
    session = await opened()
    session.outputs.append(AdditionalOutputs("last"))
    session.outputs.close()
    await session_endpoint.withdraw(session)
    assert await ask(ask="input", body={"level": 1}) is None
    assert await outputs() == {"items": [(1, "last")], "invalid": [], "ended": True}
    monkeypatch.setattr(session_endpoint, "LINGER_S", 0.01)
    soon = await opened()
    soon.outputs.append(AdditionalOutputs("last"))
    await session_endpoint.withdraw(soon)
    await nothing_is_left()


async def test_a_session_without_outputs_goes_at_once() -> None:
    """There is nothing to read of it."""
    session = await opened()
    session.outputs.close()
    await session_endpoint.withdraw(session)
    await nothing_is_left()


async def test_the_next_session_of_an_id_is_not_taken_for_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that is used again answers for the new session, also when the old one's time is over."""
    monkeypatch.setattr(session_endpoint, "LINGER_S", 0.05)
    old = await opened()
    old.outputs.append(AdditionalOutputs("old"))
    await session_endpoint.withdraw(old)
    new = await opened()
    new.outputs.append(AdditionalOutputs("new"))
    await session_endpoint.withdraw(old)
    await asyncio.sleep(0.1)
    assert await outputs() == {"items": [(1, "new")], "invalid": [], "ended": False}


@pytest.mark.django_db(transaction=True)
async def test_an_unknown_id_is_answered_at_once() -> None:
    """Other processes are not called: the directory knows that none of them has such a session."""
    use(Runtime(processes(2)[0]))
    async with asyncio.timeout(60):
        assert await session_endpoint.asking("some", "unknown", OWNER)({"ask": "input", "body": {}}, 3600.0) is None
    await runtime().close()
    close_database_threads()


@pytest.mark.django_db(transaction=True)
async def test_an_ended_session_keeps_silent_when_another_process_has_its_id() -> None:
    """Whoever comes back with the same id, to another process, is not told of the session before, nor that all is over."""
    here, there = processes(2)
    use(Runtime(here))
    other = Runtime(there)
    session = await opened()
    session.outputs.append(AdditionalOutputs("old"))
    session.outputs.close()
    await session_endpoint.withdraw(session)
    assert await outputs() is not None, "its last outputs can be read for a moment"
    new: Any = Session()
    assert await other.directory.claim(SessionKey(OWNER, "some", "id"), new.id, "websocket", lambda: None) is None
    new.outputs.append(AdditionalOutputs("new"))
    other.rpc.register(session_endpoint.address(new.id), session_endpoint.SessionEndpoint(new).answer)
    answer = await ask(ask="outputs", after=0, wait=0.0, form="text")
    assert answer is not None
    assert answer["items"] == [[1, "new"]]
    for one in (runtime(), other):
        await one.close()
    close_database_threads()
