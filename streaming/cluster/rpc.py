"""RPC between processes: a call goes to an address; the process that registered the address answers (design law 7).

A call may stay unanswered: the address is not registered, the channel layer lost a message, or the process died. The caller therefore
waits with a timeout. Bodies and answers are JSON objects.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from streaming.aio.safe_log import error_location
from streaming.cluster.pubsub import PubSub

logger = logging.getLogger(__name__)

Body = dict[str, Any]
Answerer = Callable[[Body], Awaitable[Body | None]]
"""Answers a call; None sends no answer, as if the address were not registered."""

TIMEOUT_S = 2.0
MOST_CALLS = 2000
"""Calls of other processes that are answered at the same time; further ones stay unanswered."""

_REPLIES = "rpc.replies"


class Rpc:
    """RPC server and client of one event loop."""

    def __init__(self, on: PubSub) -> None:
        self._pubsub = on
        self._answerers: dict[str, Answerer] = {}
        self._waiting: dict[str, asyncio.Future[Body]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        on.listen(_REPLIES, self._on_reply)

    async def serve(self, address: str, answerer: Answerer) -> None:
        """Register an address: for calls of this process at once, for those of others when the channel layer has added the group."""
        self.register(address, answerer)
        await self._pubsub.join(_group(address), self._on_call)

    def register(self, address: str, answerer: Answerer) -> None:
        """Register an address for calls of this process only; `serve` adds those of other processes."""
        self._answerers[address] = answerer

    def answerer(self, address: str) -> Answerer | None:
        """Return the answerer that is registered for an address in this process."""
        return self._answerers.get(address)

    async def unserve(self, address: str) -> None:
        """Unregister an address."""
        if self._answerers.pop(address, None) is not None:
            await self._pubsub.leave(_group(address))

    async def call(self, address: str, body: Body, timeout: float = TIMEOUT_S) -> Body | None:  # noqa: ASYNC109
        """Call an address, in this process or another one; return None without an answer within `timeout` seconds."""
        answerer = self._answerers.get(address)
        if answerer is not None and (answer := await answerer(body)) is not None:
            return answer
        return await self.call_others(address, body, timeout)

    async def call_others(self, address: str, body: Body, timeout: float = TIMEOUT_S) -> Body | None:  # noqa: ASYNC109
        """Call an address in other processes; return the first answer, or None without one within `timeout` seconds."""
        if self._pubsub.alone:
            return None
        call = uuid4().hex
        answer: asyncio.Future[Body] = asyncio.get_running_loop().create_future()
        self._waiting[call] = answer
        try:
            question = {"call": call, "reply": await self._pubsub.channel(), "address": address, "body": json.dumps(body)}
            await self._pubsub.tell(_group(address), question)
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._waiting[call]

    def _on_call(self, message: dict[str, Any]) -> None:
        answerer = self._answerers.get(message["address"])
        if answerer is None or len(self._tasks) >= MOST_CALLS:
            return
        task = asyncio.create_task(self._answer(answerer, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, answerer: Answerer, message: dict[str, Any]) -> None:
        try:
            answer = await answerer(json.loads(message["body"]))
        except Exception as error:
            logger.error("a call from another process failed: %s", error_location(error))
            return
        if answer is not None:
            await self._pubsub.answer(message["reply"], _REPLIES, {"call": message["call"], "answer": json.dumps(answer)})

    def _on_reply(self, message: dict[str, Any]) -> None:
        waiting = self._waiting.get(message["call"])
        if waiting is not None and not waiting.done():
            waiting.set_result(dict(json.loads(message["answer"])))


def _group(address: str) -> str:
    """Return the group of an address: a hash, since group names allow few characters and clients' ids any."""
    return "rpc." + hashlib.sha256(address.encode(errors="replace")).hexdigest()[:40]
