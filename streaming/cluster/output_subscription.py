"""A subscription to one session's outputs, by cursor, from any process.

The subscriber requests the outputs after its cursor in batches, at its own pace; only the session's own log is held in memory. When the
session's process is killed, requests stay unanswered and its heartbeat stops; the subscription then ends as lost.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

from streaming.cluster.directory import DirectoryUnreachable
from streaming.cluster.runtime import runtime
from streaming.cluster.session_requests import Ask, OutputForm, OutputsAnswer, OutputsRequest

CALL_S = 5.0
"""Seconds that one request waits for a new output; a dead process is detected after that."""
SLACK_S = 2.0
MOST_MISSES = 3
"""Requests without an answer, one after the other, after which the session counts as ended, but not before `GONE_S`."""
GONE_S = 10.0
"""Seconds without an answer after which it does; while the channel layer is unreachable, requests fail at once, the session continues."""
RETRY_S = 1.0
"""Least seconds from a request without an answer to the next one."""
GRACE_STEP_S = 0.1
"""First pause between two looks for a session that has not started; each further pause is longer by half, up to `LONGEST_STEP_S`."""
LONGEST_STEP_S = 0.5


@dataclass(frozen=True, slots=True)
class InvalidOutput:
    """An output that cannot be sent as JSON; `text` names the type of the value."""

    text: str


class OutputSubscription:
    """The outputs of one session after a cursor.

    Args:
        ask: sends a request to the session, in whatever process it is.
        after: the number of the last output that was received; 0 before the first.
        form: "text" for outputs as server-sent events carry them, "values" for the values of AdditionalOutputs, converted to JSON types.
    """

    def __init__(self, ask: Ask, after: int = 0, form: OutputForm = "text") -> None:
        self.ended = False
        """Whether no more outputs will come."""
        self.lost = False
        """Whether it ended because the session's process died."""
        self._ask_session = ask
        self._form = form
        self._cursor = after
        self._misses = 0
        self._missed_since = self._asked_at = 0.0
        self._home = ""

    async def find(self, grace_s: float) -> bool:
        """Return whether the session exists, or begins within `grace_s` seconds: pages open session and reader at the same time.

        Raises DirectoryUnreachable.
        """
        deadline, pause = _now() + grace_s, GRACE_STEP_S
        while await self._ask(0.0) is None:
            if _now() >= deadline:
                return False
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, LONGEST_STEP_S)
        return True

    async def more(self) -> list[tuple[int, Any]]:
        """Wait up to `CALL_S` for outputs after the cursor; return (number, output) pairs, none where none came or none will.

        An output is a text or a list, see `form`, or an InvalidOutput.
        """
        if self._misses:
            await asyncio.sleep(max(0.0, self._asked_at + RETRY_S - _now()))
        self._asked_at = _now()
        try:
            answer = await self._ask(0.0 if self._misses else CALL_S)
        except DirectoryUnreachable:
            answer = None
        if answer is None:
            self._missed_since = self._missed_since if self._misses else self._asked_at
            self._misses += 1
            self.lost = not await runtime().directory.is_alive(self._home)
            self.ended = self.lost or (self._misses >= MOST_MISSES and _now() - self._missed_since >= GONE_S)
            return []
        self._misses = 0
        self.ended = answer["ended"]
        invalid = set(answer.get("invalid", ()))
        items: list[tuple[int, Any]] = [
            (number, InvalidOutput(output) if number in invalid else output) for number, output in answer["items"]
        ]
        if items:
            self._cursor = items[-1][0]
        return items

    async def _ask(self, wait: float) -> OutputsAnswer | None:
        request: OutputsRequest = {"ask": "outputs", "form": self._form, "after": self._cursor, "wait": wait}
        answer = cast(OutputsAnswer | None, await self._ask_session(request, wait + SLACK_S))
        if answer is not None:
            self._home = answer["home"]
        return answer


def _now() -> float:
    return asyncio.get_running_loop().time()
