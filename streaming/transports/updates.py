"""`GET .../updates` and `.../outputs`: what a session's handler gives, as server-sent events.

A subscriber is a cursor: it is told what comes after it, in batches, at its own pace, from whatever process the session lives
in. Nothing waits for it in memory but the session's own log, so any number of them each get everything, and one that does not
read costs nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from streaming.engine import presence
from streaming.engine.stream import Stream
from streaming.engine.switchboard import switchboard
from streaming.transports.visitors import on_stream, refusal
from streaming.wire.fastrtc import HEARTBEAT, last_event_id, server_sent

HEARTBEAT_S = 15.0
CALL_S = 5.0
"""How long one call to another process may wait for news; a process that died is noticed after a few of them."""
SLACK_S = 2.0
MOST_MISSES = 3
GRACE_S = 3.0
"""How long a session may come later than its first reader: pages open both at the same time."""
GRACE_STEP_S = 0.1
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no", "Content-Encoding": "identity"}
"""So that no proxy keeps events back: neither to cache, nor to fill a buffer, nor to compress."""


@on_stream("GET")
async def updates(request: HttpRequest, stream: Stream, user_id: int | None) -> HttpResponseBase:
    """Stream the outputs of `webrtc_id` as unnamed events, which EventSource calls messages."""
    return await _subscribe(request, stream, user_id, "")


@on_stream("GET")
async def outputs(request: HttpRequest, stream: Stream, user_id: int | None) -> HttpResponseBase:
    """Stream the outputs of `webrtc_id` as events named `output`, as the pages written for FastRTC read them."""
    return await _subscribe(request, stream, user_id, "output")


async def _subscribe(request: HttpRequest, stream: Stream, user_id: int | None, event: str) -> HttpResponseBase:
    identity = request.GET.get("webrtc_id", "")
    if not identity:
        return refusal(422, "webrtc_id: a query parameter with the id of a session is needed")
    after = last_event_id(request.headers.get("Last-Event-ID") or request.GET.get("after"))
    reader = Reader(stream.name, identity, user_id, after)
    if not await reader.find():
        return refusal(404, "there is no session with this webrtc_id")
    response = StreamingHttpResponse(_events(reader, event), content_type="text/event-stream; charset=utf-8")
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


async def _events(reader: "Reader", event: str) -> AsyncIterator[bytes]:
    """Yield events for as long as the session lives, and a heartbeat where there are none."""
    yield b": outputs\n\n"
    silent_since = _now()
    while not reader.ended:
        items = await reader.more()
        if items:
            silent_since = _now()
            yield "".join(server_sent(number, text, event) for number, text in items).encode(errors="replace")
        elif not reader.ended and _now() - silent_since >= HEARTBEAT_S - 0.5:
            silent_since = _now()
            yield HEARTBEAT.encode()


class Reader:
    """One subscriber of one session, by its cursor."""

    def __init__(self, stream: str, webrtc_id: str, user_id: int | None, after: int) -> None:
        self.ended = False
        self._address = presence.address(stream, webrtc_id)
        self._user_id = user_id
        self._cursor = after
        self._misses = 0

    async def find(self) -> bool:
        """Whether the user has such a session, or one comes soon."""
        deadline = _now() + GRACE_S
        while True:
            if await self._ask(0.0) is not None:
                return True
            if _now() >= deadline:
                return False
            await asyncio.sleep(GRACE_STEP_S)

    async def more(self) -> list[tuple[int, str]]:
        """Wait a while for outputs after the cursor, and return what there is, by number; `ended` tells that there is no more."""
        here = switchboard().answerer(self._address) is not None
        answer = await self._ask(HEARTBEAT_S if here else CALL_S)
        if answer is None:
            self._misses += 1
            self.ended = self._misses >= MOST_MISSES
            return []
        self._misses = 0
        self.ended = answer["ended"]
        items: list[tuple[int, str]] = answer["items"]
        if items:
            self._cursor = items[-1][0]
        return items

    async def _ask(self, wait: float) -> dict[str, Any] | None:
        question = {"ask": "outputs", "user": self._user_id, "after": self._cursor, "wait": wait}
        return await switchboard().call(self._address, question, wait + SLACK_S)


def _now() -> float:
    return asyncio.get_running_loop().time()
