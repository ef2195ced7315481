"""Where a live session can be found: every process may ask for its outputs, and give it inputs (design law 7).

A session has its id to itself among all processes, and answers at an address on the switchboard. Its outputs are asked for by cursor,
in batches, so that a reader that does not read costs nothing; after the end they can still be read for a moment, by readers in other
processes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from streaming.cluster.directory import directory
from streaming.cluster.rpc import Body, rpc
from streaming.protocols.fastrtc import BodyError, output_text, plain
from streaming.types.client_connection import IdTaken
from streaming.types.input_values import input_values
from streaming.types.outputs import AdditionalOutputs, OutputLog
from streaming.types.remote_session import Reachable

Asker = int | Literal["python"] | None
"""Who asks: a user, a stranger (None), or the installation's own code, which may ask every session."""
PYTHON: Asker = "python"
Ask = Callable[[Body, float], Awaitable[Body | None]]
"""Asks one session a question, for so many seconds at most; None where nobody answers."""

LINGER_S = 5.0
"""How long the last outputs of an ended session can be read."""
BATCH_CHARACTERS = 65_536
MOST_WAIT_S = 30.0

_tasks: set[asyncio.Task[None]] = set()


def address(stream: str, webrtc_id: str) -> str:
    """Return where the session of an id answers."""
    return f"stream.{stream}.{webrtc_id}"


def asking(stream: str, webrtc_id: str, user: Asker) -> Ask:
    """Return the way to ask the session of an id, in this event loop or in another process, on behalf of a user."""

    async def ask(question: Body, timeout_s: float) -> Body | None:
        return await rpc().call(address(stream, webrtc_id), {**question, "user": user}, timeout_s)

    return ask


async def claim(session: Reachable) -> None:
    """Take the session's id among all processes. Raises IdTaken where another one has it."""
    stream, identity, owner_id = session.stream.name, session.webrtc_id, session.owner_id

    def lost() -> None:
        _keep(session.close("another session has this id"))

    holder = await directory().claim(stream, identity, session.id, owner_id, session.line.kind, lost)
    if holder is not None:
        raise IdTaken(identity, holder.owner_id)


def announce(session: Reachable) -> None:
    """Make an open session known."""
    at = address(session.stream.name, session.webrtc_id)
    session_endpoint = SessionEndpoint(session)
    rpc().hold(at, session_endpoint.answer)
    _keep(rpc().serve(at, session_endpoint.answer))


async def withdraw(session: Reachable) -> None:
    """Take back what `announce` made known: no more inputs, soon no outputs; when it returns, the id is free in every process."""
    at = address(session.stream.name, session.webrtc_id)
    session_endpoint = getattr(rpc().answerer(at), "__self__", None)
    if isinstance(session_endpoint, SessionEndpoint) and session_endpoint.session is session:
        session_endpoint.session = None
        _keep(_linger(at, session_endpoint))
    await directory().release(session.stream.name, session.webrtc_id, session.id)


async def _linger(at: str, session_endpoint: "SessionEndpoint") -> None:
    if session_endpoint.log.last:
        await asyncio.sleep(LINGER_S)
    if getattr(rpc().answerer(at), "__self__", None) is session_endpoint:
        await rpc().unserve(at)


class SessionEndpoint:
    """What a session answers to whoever asks for it by its id, here or from another process."""

    def __init__(self, session: Reachable) -> None:
        self.session: Reachable | None = session
        self.log: OutputLog = session.outputs
        self._owner_id = session.owner_id
        self._identity = session.stream.name, session.webrtc_id

    async def answer(self, body: Body) -> Body | None:
        """Answer a call; to whom the session does not belong it does not exist, and keeps silent (design law 6)."""
        if self._owner_id is not None and body["user"] not in (self._owner_id, PYTHON):
            return None
        if self.session is None and await directory().holder(*self._identity) is not None:
            return None  # whoever came back has it in another process: that one answers
        ask = body["ask"]
        if ask == "outputs":
            return await self._outputs(body["after"], min(body["wait"], MOST_WAIT_S), body["form"])
        if self.session is None:
            return None
        if ask == "latest":
            return await self._latest(self.session, min(body["wait"], MOST_WAIT_S))
        if ask == "input":
            return self._input(self.session, body["body"])
        if ask == "values":
            self.session.set_input(*body["values"])
        elif ask == "close":
            self.session.dismiss(told=body["told"])
        return {}

    def _input(self, session: Reachable, body: dict[str, Any]) -> Body:
        try:
            values = input_values(session.stream.inputs, body)
        except BodyError as error:
            return {"details": error.details}
        session.set_input(*values)
        return {"details": []}

    async def _outputs(self, after: int, wait: float, form: str) -> Body:
        """Return what came after a cursor, waiting for it if need be; a cursor from the future counts as 0."""
        cursor = after if after <= self.log.last else 0
        if cursor == self.log.last and wait > 0:
            await self._news(cursor, wait)
        items: list[tuple[int, Any]] = []
        characters = 0
        while characters < BATCH_CHARACTERS and (found := self.log.after(cursor)) is not None:
            cursor, outputs = found
            text = output_text(outputs.args)
            items.append((cursor, text if form == "text" else _values(outputs)))
            characters += len(text)
        return {"items": items, "ended": self.log.closed and cursor == self.log.last, "home": directory().process}

    async def _latest(self, session: Reachable, wait: float) -> Body:
        """Return the values of the newest output that was not fetched yet, waiting for it; none where none comes."""
        if session.fetched == self.log.last and wait > 0:
            await self._news(session.fetched, wait)
        latest = self.log.latest if self.log.last > session.fetched else None
        session.fetched = self.log.last
        return {"values": None if latest is None else _values(latest)}

    async def _news(self, cursor: int, wait: float) -> None:
        coming = self.log.subscribe(cursor)
        try:
            async with asyncio.timeout(wait):
                await anext(coming, None)
        except TimeoutError:
            pass
        finally:
            await coming.aclose()  # type: ignore[attr-defined]  # an asynchronous generator, typed as the iterator it is used as


def _values(outputs: AdditionalOutputs) -> list[Any]:
    """Return what an output holds, as far as JSON knows it."""
    return [plain(value) for value in outputs.args]


def _keep(work: Any) -> None:
    """Hold a task until it is done: the event loop itself only holds it weakly."""
    task = asyncio.ensure_future(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
