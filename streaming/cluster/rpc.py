"""Calls between processes: whoever holds an address answers, in whatever process it lives (design law 7).

A call may stay without an answer, because nobody holds the address, the layer lost it, or the process died; the caller
waits for a stated time. Bodies and answers are JSON objects.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from streaming.aio.safe_log import error_location
from streaming.cluster.pubsub import PubSub, pubsub

logger = logging.getLogger(__name__)

Body = dict[str, Any]
Answerer = Callable[[Body], Awaitable[Body | None]]
"""Answers a call, or keeps silent (None) as if nobody held the address."""

TIMEOUT_S = 2.0
MOST_CALLS = 2000
"""Calls of other processes that are answered at the same time; more stay without an answer."""

_REPLIES = "rpc.replies"


class Rpc:
    """The addresses that this event loop answers, and the calls that it makes."""

    def __init__(self, on: PubSub) -> None:
        self._layer = on
        self._answerers: dict[str, Answerer] = {}
        self._waiting: dict[str, asyncio.Future[Body]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        on.listen(_REPLIES, self._replied)

    async def serve(self, address: str, answerer: Answerer) -> None:
        """Answer the calls to an address from now on: those of this process at once, others when the layer knows."""
        self.hold(address, answerer)
        await self._layer.join(_group(address), self._called)

    def hold(self, address: str, answerer: Answerer) -> None:
        """Answer the calls of this process; `serve` is to follow, or there is no other process."""
        self._answerers[address] = answerer

    def answerer(self, address: str) -> Answerer | None:
        """Return who answers an address in this process."""
        return self._answerers.get(address)

    async def unserve(self, address: str) -> None:
        """Answer no more."""
        if self._answerers.pop(address, None) is not None:
            await self._layer.leave(_group(address))

    async def call(self, address: str, body: Body, timeout: float = TIMEOUT_S) -> Body | None:  # noqa: ASYNC109
        """Ask whoever holds an address, here or in another process; None where nobody answers within `timeout` seconds."""
        answerer = self._answerers.get(address)
        if answerer is not None and (answer := await answerer(body)) is not None:
            return answer
        return await self.call_others(address, body, timeout)

    async def call_others(self, address: str, body: Body, timeout: float = TIMEOUT_S) -> Body | None:  # noqa: ASYNC109
        """Ask whoever holds an address in another process; of several answers the first one counts."""
        if self._layer.alone:
            return None
        call = uuid4().hex
        answer: asyncio.Future[Body] = asyncio.get_running_loop().create_future()
        self._waiting[call] = answer
        try:
            question = {"call": call, "reply": await self._layer.channel(), "address": address, "body": json.dumps(body)}
            await self._layer.tell(_group(address), question)
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._waiting[call]

    def _called(self, message: dict[str, Any]) -> None:
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
            await self._layer.answer(message["reply"], _REPLIES, {"call": message["call"], "answer": json.dumps(answer)})

    def _replied(self, message: dict[str, Any]) -> None:
        waiting = self._waiting.get(message["call"])
        if waiting is not None and not waiting.done():
            waiting.set_result(dict(json.loads(message["answer"])))


def _group(address: str) -> str:
    """Return the group of an address: the layer's names know few characters, clients' ids know all."""
    return "rpc." + hashlib.sha256(address.encode(errors="replace")).hexdigest()[:40]


_switchboards: WeakKeyDictionary[asyncio.AbstractEventLoop, Rpc] = WeakKeyDictionary()


def rpc() -> Rpc:
    """Return the switchboard of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _switchboards:
        _switchboards[loop] = Rpc(pubsub())
    return _switchboards[loop]
