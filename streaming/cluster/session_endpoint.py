"""RPC endpoint of a live session: every process can request its outputs and send it inputs (design law 7).

The directory tells which process has a session. Outputs are requested by cursor, in batches, so that an idle reader costs nothing. They
can be read for `LINGER_S` after the session's end.
"""

import asyncio
import logging
from typing import Any, assert_never, cast
from uuid import UUID

from insights.snapshots import Payload
from streaming.aio.executors import COMPONENT_THREADS
from streaming.cluster.directory import DirectoryUnreachable
from streaming.cluster.directory_table import PYTHON, Asker, SessionKey
from streaming.cluster.rpc import Rpc
from streaming.cluster.runtime import runtime
from streaming.cluster.session_requests import (
    Ask,
    ComponentsRequest,
    InputAnswer,
    LatestAnswer,
    LiveRequest,
    OutputForm,
    OutputsAnswer,
    ResumeAnswer,
    ResumeRequest,
    SessionAnswer,
    SessionRequest,
)
from streaming.protocols import fastrtc as wire
from streaming.protocols.fastrtc import BodyError, NotJsonError, output_text, plain
from streaming.types.client_connection import IdTaken, resumes
from streaming.types.input_values import input_values
from streaming.types.outputs import AdditionalOutputs, OutputLog
from streaming.types.remote_session import Reachable

__all__ = ["PYTHON", "Asker", "address", "announce", "asking", "claim", "end_resumed", "withdraw"]

END_S = 25.0
"""Seconds that the end of a session may take whose client came back: its handler is shut down."""
LINGER_S = 5.0
"""Seconds after a session's end for which its last outputs can be read."""
BATCH_CHARACTERS = 65_536
MOST_WAIT_S = 30.0

logger = logging.getLogger(__name__)

_tasks: set[asyncio.Task[None]] = set()


def address(session: UUID) -> str:
    """Return the RPC address of a session."""
    return f"session.{session.hex}"


def asking(stream: str, webrtc_id: str, user: Asker) -> Ask:
    """Return a function that sends requests to the session with this id, in whatever process, on behalf of `user`.

    It looks the session up once, and again after a request without an answer.
    """
    found: tuple[Rpc, str, str] | None = None
    """How to call it: the RPC client of this event loop, its channel and its address."""

    async def ask(request: SessionRequest, timeout_s: float) -> Payload | None:
        nonlocal found
        if found is None:
            own = runtime()
            location = await own.directory.find(stream, webrtc_id, user)
            if location is None:
                return None
            found = own.rpc, location.channel, address(location.session)
        rpc, channel, at = found
        answer = await rpc.call(channel, at, {**request, "user": user}, timeout_s, self_limited="wait" in request)
        if answer is None:
            found = None
        return answer

    return ask


async def claim(session: Reachable) -> None:
    """Claim the session's id in the directory of all processes. Raises IdTaken where another session of its owner has it."""

    def lost() -> None:
        _run_task(session.close("another session has this id"))

    taken = await runtime().directory.claim(_key(session), session.id, session.connection.kind, lost)
    if taken is not None:
        raise IdTaken


async def end_resumed(stream: str, webrtc_id: str, owner_id: int | None, presented: str) -> bool:
    """End the owner's session with this id, in whatever process, if `presented` is its resume value; return whether its id is free now."""
    own = runtime()
    try:
        location = await own.directory.find(stream, webrtc_id, owner_id)
    except DirectoryUnreachable:
        return False
    if location is None or location.ended or location.owner_id != owner_id:
        return False
    request: ResumeRequest = {"ask": "resume", "resume": presented}
    found = await own.rpc.call(location.channel, address(location.session), {**request, "user": owner_id}, END_S)
    answer = cast(ResumeAnswer | None, found)
    return answer is not None and answer["ended"]


def announce(session: Reachable) -> None:
    """Register the endpoint of an open session."""
    runtime().rpc.register(address(session.id), SessionEndpoint(session).answer)


async def withdraw(session: Reachable) -> None:
    """Unregister the endpoint: inputs are refused at once, outputs after `LINGER_S`. On return the id is free in every process."""
    own, at, readable = runtime(), address(session.id), session.outputs.last > 0
    endpoint = getattr(own.rpc.answerer(at), "__self__", None)
    if isinstance(endpoint, SessionEndpoint):
        endpoint.session = None
        if readable:
            _run_task(_forget_later(_key(session), session.id))
        else:
            own.rpc.unregister(at)
    await own.directory.release(_key(session), session.id, readable=readable)


async def _forget_later(key: SessionKey, session: UUID) -> None:
    await asyncio.sleep(LINGER_S)
    own = runtime()
    own.rpc.unregister(address(session))
    await own.directory.forget(key, session)


def _key(session: Reachable) -> SessionKey:
    return SessionKey(session.owner_id, session.stream.name, session.webrtc_id)


class SessionEndpoint:
    """Answers the requests to one session, from this process or another one."""

    def __init__(self, session: Reachable) -> None:
        self.session: Reachable | None = session
        self.log: OutputLog = session.outputs
        self._owner_id = session.owner_id
        self._stream = session.stream.name
        self._reported = 0  # the number of the newest output that was reported as invalid

    async def answer(self, body: Payload) -> SessionAnswer | None:
        """Answer a request; return None, as if the session did not exist, to callers that do not own it (design law 6)."""
        if self._owner_id is not None and body["user"] not in (self._owner_id, PYTHON):
            return None
        request = cast(SessionRequest, body)
        if request["ask"] == "outputs":
            return await self._outputs(request["after"], min(request["wait"], MOST_WAIT_S), request["form"])
        return None if self.session is None else await self._answer_live(self.session, request)

    async def _answer_live(self, session: Reachable, request: LiveRequest) -> SessionAnswer:
        if request["ask"] == "resume":
            return await self._end_resumed(session, request["resume"])
        if request["ask"] == "latest":
            return await self._latest(session, min(request["wait"], MOST_WAIT_S))
        if request["ask"] == "input":
            return self._input(session, request["body"])
        if request["ask"] == "components":
            await self._component_inputs(session, request)
        elif request["ask"] == "values":
            session.set_input(*request["values"])
        elif request["ask"] == "close":
            session.dismiss(notify=request["notify"])
        else:
            assert_never(request)
        return {}

    async def _end_resumed(self, session: Reachable, presented: str) -> ResumeAnswer:
        found = resumes(session.resume, presented)
        if found:
            await session.close("its client came back")
        return {"ended": found}

    def _input(self, session: Reachable, body: Payload) -> InputAnswer:
        try:
            values = input_values(session.stream.inputs, body)
        except BodyError as error:
            return {"details": error.details}
        session.set_input(*values)
        return {"details": []}

    async def _component_inputs(self, session: Reachable, request: ComponentsRequest) -> None:
        """Set the inputs of a page's components, which its process has checked; with `submit` let the handler reply at once."""
        values = await COMPONENT_THREADS.run(session.stream.component_inputs, request["values"])
        if values:
            session.set_input(*values)
        submit = getattr(session.handler, "parley_submit", None)
        if request["submit"] and submit is not None:
            submit(request["text"])

    async def _outputs(self, after: int, wait: float, form: OutputForm) -> OutputsAnswer:
        """Return the outputs after a cursor; wait up to `wait` seconds for one. A cursor beyond the last output counts as 0."""
        cursor = after if after <= self.log.last else 0
        if cursor == self.log.last and wait > 0:
            await self.log.next_after(cursor, wait)
        items: list[tuple[int, Any]] = []
        invalid: list[int] = []
        characters = 0
        while characters < BATCH_CHARACTERS and (found := self.log.after(cursor)) is not None:
            cursor, outputs = found
            try:
                text = output_text(outputs.args)
                items.append((cursor, text if form == "text" else _values(outputs)))
            except (NotJsonError, ValueError) as error:
                text = self._report(cursor, error)
                items.append((cursor, text))
                invalid.append(cursor)
            characters += len(text)
        ended = self.log.closed and cursor == self.log.last
        return {"items": items, "invalid": invalid, "ended": ended, "home": runtime().directory.process}

    def _report(self, number: int, error: Exception) -> str:
        """Return the sentence about an output that cannot be sent; at the first time also send it to the client, and log it."""
        reason = str(error) if isinstance(error, NotJsonError) else "a value of it cannot be sent as JSON"
        text = f"output {number} of the handler was not sent: {reason}"
        if number > self._reported:
            self._reported = number
            logger.warning("stream %s: %s", self._stream, text)
            if self.session is not None:
                self.session.send_message(wire.error(text))
        return text

    async def _latest(self, session: Reachable, wait: float) -> LatestAnswer:
        """Return the values of the newest output that was not fetched yet; wait up to `wait` seconds for one, else None."""
        if session.fetched == self.log.last and wait > 0:
            await self.log.next_after(session.fetched, wait)
        latest = self.log.latest if self.log.last > session.fetched else None
        session.fetched = self.log.last
        try:
            return {"values": None if latest is None else _values(latest)}
        except (NotJsonError, ValueError) as error:
            return {"values": None, "invalid": self._report(self.log.last, error)}


def _values(outputs: AdditionalOutputs) -> list[Any]:
    """Return the values of an output, converted to JSON types. Raises NotJsonError or ValueError."""
    return [plain(value) for value in outputs.args]


def _run_task(work: Any) -> None:
    """Run as a task and reference it until it is done: the event loop keeps only a weak reference."""
    task = asyncio.ensure_future(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
