"""RPC between processes: a call goes to an address at the channel of one process (design law 7).

The caller knows the channel from the directory. A call may stay unanswered: the address is not registered, the channel layer lost a
message, or the process died. The caller therefore waits with a timeout. Bodies and answers are JSON objects.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from uuid import uuid4

from insights.safe_log import error_location
from insights.snapshots import JsonObject, Payload
from streaming.cluster.pubsub import PubSub

logger = logging.getLogger(__name__)

Answerer = Callable[[Payload], Awaitable[Payload | None]]
"""Answers a call; None sends no answer, as if the address were not registered."""

TIMEOUT_S = 2.0
MOST_CALLS = 2000
"""Calls of other processes that are answered at the same time; further ones stay unanswered."""

_CALLS, _REPLIES = "rpc.calls", "rpc.replies"


class Rpc:
    """RPC server and client of one event loop."""

    def __init__(self, on: PubSub) -> None:
        self._pubsub = on
        self._answerers: dict[str, Answerer] = {}
        self._waiting: dict[str, asyncio.Future[Payload]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        on.listen(_CALLS, self._on_call)
        on.listen(_REPLIES, self._on_reply)

    def register(self, address: str, answerer: Answerer) -> None:
        """Register an address: calls to it in this process are answered by `answerer`."""
        self._answerers[address] = answerer

    def answerer(self, address: str) -> Answerer | None:
        """Return the answerer that is registered for an address in this process."""
        return self._answerers.get(address)

    def unregister(self, address: str) -> None:
        """Unregister an address."""
        self._answerers.pop(address, None)

    async def call(
        self,
        channel: str,
        address: str,
        body: Payload,
        timeout: float = TIMEOUT_S,  # noqa: ASYNC109
        *,
        self_limited: bool = False,
    ) -> Payload | None:
        """Call an address at a channel; an address of this process needs none. Return None without an answer within `timeout` seconds.

        Args:
            self_limited: the answerer limits its wait itself; a call within this process then needs no timer.
        """
        answerer = self._answerers.get(address)
        if answerer is not None:
            return await answerer(body) if self_limited else await _within(timeout, answerer(body))
        if not channel or self._pubsub.alone or channel == await self._pubsub.channel():
            return None
        call = uuid4().hex
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._waiting[call] = answer
        try:
            question: JsonObject = {"call": call, "reply": await self._pubsub.channel(), "address": address, "body": json.dumps(body)}
            if not await self._pubsub.send(channel, _CALLS, question):
                return None
            return await _within(timeout, answer)
        finally:
            del self._waiting[call]

    def _on_call(self, message: Payload) -> None:
        answerer = self._answerers.get(message["address"])
        if answerer is None or len(self._tasks) >= MOST_CALLS:
            return
        task = asyncio.create_task(self._answer(answerer, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, answerer: Answerer, message: Payload) -> None:
        try:
            answer = await answerer(json.loads(message["body"]))
        except Exception as error:
            logger.error("a call from another process failed: %s", error_location(error))
            return
        if answer is not None:
            await self._pubsub.send(message["reply"], _REPLIES, {"call": message["call"], "answer": json.dumps(answer)})

    def _on_reply(self, message: Payload) -> None:
        waiting = self._waiting.get(message["call"])
        if waiting is not None and not waiting.done():
            waiting.set_result(dict(json.loads(message["answer"])))


async def _within(seconds: float, answer: Awaitable[Payload | None]) -> Payload | None:
    """Return an answer, or None if it takes too long."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        return None
