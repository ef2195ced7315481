"""Where a live session can be found: every process may ask for its outputs, and give it inputs (design law 7).

Each session answers at an address on the switchboard. Its outputs are asked for by cursor, in batches, so that a reader that
does not read costs nothing; after the end they can still be read for a moment, by readers in other processes.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from streaming.engine.inputs import input_values
from streaming.engine.outputs import OutputLog
from streaming.engine.switchboard import Body, switchboard
from streaming.wire.fastrtc import BodyError, output_text

if TYPE_CHECKING:
    from streaming.engine.participant import Participant

LINGER_S = 5.0
"""How long the last outputs of an ended session can be read."""
BATCH_CHARACTERS = 65_536
MOST_WAIT_S = 30.0

_tasks: set[asyncio.Task[None]] = set()


def address(stream: str, webrtc_id: str) -> str:
    """Return where the session of an id answers."""
    return f"stream.{stream}.{webrtc_id}"


def announce(participant: "Participant") -> None:
    """Make an open session known."""
    at = address(participant.stream.name, participant.webrtc_id)
    presence = Presence(participant)
    switchboard().hold(at, presence.answer)
    _keep(switchboard().serve(at, presence.answer))


def withdraw(participant: "Participant") -> None:
    """Take back what `announce` made known: no more inputs, and soon no outputs."""
    at = address(participant.stream.name, participant.webrtc_id)
    presence = getattr(switchboard().answerer(at), "__self__", None)
    if isinstance(presence, Presence) and presence.participant is participant:
        presence.participant = None
        _keep(_linger(at, presence))


async def _linger(at: str, presence: "Presence") -> None:
    if presence.log.last:
        await asyncio.sleep(LINGER_S)
    if getattr(switchboard().answerer(at), "__self__", None) is presence:
        await switchboard().unserve(at)


class Presence:
    """What a session answers to whoever asks for it by its id, here or from another process."""

    def __init__(self, participant: "Participant") -> None:
        self.participant: Participant | None = participant
        self.log: OutputLog = participant.outputs
        self._owner_id = participant.owner_id

    async def answer(self, body: Body) -> Body | None:
        """Answer a call; to whom the session does not belong it does not exist, and keeps silent (design law 6)."""
        if self._owner_id is not None and self._owner_id != body["user"]:
            return None
        if body["ask"] == "outputs":
            return await self._outputs(body["after"], min(body["wait"], MOST_WAIT_S))
        if body["ask"] == "input" and self.participant is not None:
            return self._input(self.participant, body["body"])
        return None

    def _input(self, participant: "Participant", body: dict[str, Any]) -> Body:
        try:
            values = input_values(participant.stream.inputs, body)
        except BodyError as error:
            return {"details": error.details}
        participant.set_input(*values)
        return {"details": []}

    async def _outputs(self, after: int, wait: float) -> Body:
        """Return what came after a cursor, waiting for it if need be; a cursor from the future counts as 0."""
        cursor = after if after <= self.log.last else 0
        if cursor == self.log.last and wait > 0:
            await self._news(cursor, wait)
        items: list[tuple[int, str]] = []
        characters = 0
        while characters < BATCH_CHARACTERS and (found := self.log.after(cursor)) is not None:
            cursor, outputs = found
            items.append((cursor, output_text(outputs.args)))
            characters += len(items[-1][1])
        return {"items": items, "ended": self.log.closed and cursor == self.log.last}

    async def _news(self, cursor: int, wait: float) -> None:
        coming = self.log.subscribe(cursor)
        try:
            async with asyncio.timeout(wait):
                await anext(coming, None)
        except TimeoutError:
            pass
        finally:
            await coming.aclose()  # type: ignore[attr-defined]  # an asynchronous generator, typed as the iterator it is used as


def _keep(work: Any) -> None:
    """Hold a task until it is done: the event loop itself only holds it weakly."""
    task = asyncio.ensure_future(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
