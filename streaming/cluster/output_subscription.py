"""One subscriber of one session's outputs, by its cursor, from whatever process the session lives in.

It asks for what comes after its cursor, in batches, at its own pace; nothing waits for it in memory but the session's own log. When the
session's process dies, it hears no more answers, sees that the process has no pulse, and ends.
"""

import asyncio
from typing import Any, Literal

from streaming.cluster.directory import directory
from streaming.cluster.rpc import Body
from streaming.cluster.session_endpoint import Ask

CALL_S = 5.0
"""How long one question may wait for news; a process that died is noticed after that."""
SLACK_S = 2.0
MOST_MISSES = 3
GRACE_STEP_S = 0.1


class OutputSubscription:
    """A subscriber.

    Args:
        ask: asks the session, wherever it is.
        after: the number of the last output that was seen; 0 before the first.
        form: "text" for outputs as events carry them, "values" for what AdditionalOutputs held, as far as JSON knows it.
    """

    def __init__(self, ask: Ask, after: int = 0, form: Literal["text", "values"] = "text") -> None:
        self.ended = False
        """Whether nothing more will come."""
        self.lost = False
        """Whether that is because the session's process is gone."""
        self._ask_session = ask
        self._form = form
        self._cursor = after
        self._misses = 0
        self._home = ""

    async def find(self, grace_s: float) -> bool:
        """Whether there is such a session, or comes within so many seconds: pages open it and its reader at the same time."""
        deadline = _now() + grace_s
        while await self._ask(0.0) is None:
            if _now() >= deadline:
                return False
            await asyncio.sleep(GRACE_STEP_S)
        return True

    async def more(self) -> list[tuple[int, Any]]:
        """Wait a while for outputs after the cursor and return what there is, by number; nothing where none came, or none will."""
        answer = await self._ask(0.0 if self._misses else CALL_S)
        if answer is None:
            self._misses += 1
            self.lost = not await directory().is_alive(self._home)
            self.ended = self.lost or self._misses >= MOST_MISSES
            return []
        self._misses = 0
        self.ended = answer["ended"]
        items: list[tuple[int, Any]] = [(number, output) for number, output in answer["items"]]
        if items:
            self._cursor = items[-1][0]
        return items

    async def _ask(self, wait: float) -> Body | None:
        question = {"ask": "outputs", "form": self._form, "after": self._cursor, "wait": wait}
        answer = await self._ask_session(question, wait + SLACK_S)
        if answer is not None:
            self._home = answer["home"]
        return answer


def _now() -> float:
    return asyncio.get_running_loop().time()
