"""`GET .../updates` and `.../outputs`: what a session's handler gives, as server-sent events.

A subscriber is a cursor: it is told what comes after it, in batches, at its own pace, from whatever process the session lives
in. Nothing waits for it in memory but the session's own log, so any number of them each get everything, and one that does not
read costs nothing.
"""

import asyncio
from collections.abc import AsyncIterator

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from streaming.cluster import session_endpoint
from streaming.cluster.output_subscription import OutputSubscription
from streaming.handlers.stream import Stream
from streaming.protocols.fastrtc import HEARTBEAT, ended_event, last_event_id, server_sent
from streaming.transports.http_auth import grant_of_request, on_stream, refusal
from streaming.transports.revocation import revocation_watcher
from streaming.types.session_end import End

HEARTBEAT_S = 15.0
GRACE_S = 3.0
"""How long a session may come later than its first reader: pages open both at the same time."""
HEADERS = {"Cache-Control": "no-store, no-cache, no-transform", "X-Accel-Buffering": "no", "Content-Encoding": "identity"}
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
    reader = OutputSubscription(session_endpoint.asking(stream.name, identity, user_id), after)
    if not await reader.find(GRACE_S):
        return refusal(404, "there is no session with this webrtc_id")
    subscriber = Subscriber(reader)
    revocation_watcher().note(subscriber, grant_of_request(request))
    response = StreamingHttpResponse(_events(subscriber, event), content_type="text/event-stream; charset=utf-8")
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


class Subscriber:
    """One who reads, until that is no longer allowed."""

    def __init__(self, reader: OutputSubscription) -> None:
        self.reader = reader
        self.shown_out = False

    def end_early(self, end: End) -> None:
        """Tell nothing more; the response ends when the present wait for news is over."""
        self.shown_out = True


async def _events(subscriber: Subscriber, event: str) -> AsyncIterator[bytes]:
    """Yield events for as long as the session lives, a heartbeat where there are none, and at last the end."""
    now, reader = asyncio.get_running_loop().time, subscriber.reader
    yield b": outputs\n\n"
    silent_since = now()
    while not reader.ended:
        items = await reader.more()
        if subscriber.shown_out:
            return
        if items:
            silent_since = now()
            yield "".join(server_sent(number, text, event) for number, text in items).encode(errors="replace")
        elif not reader.ended and now() - silent_since >= HEARTBEAT_S - 0.5:
            silent_since = now()
            yield HEARTBEAT.encode()
    yield ended_event("lost" if reader.lost else "ended").encode()
