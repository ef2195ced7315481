"""`GET .../updates` and `.../outputs`: the outputs of a session's handler as server-sent events.

A subscriber is a cursor into the session's log of outputs: it gets what comes after it, in batches, at its own pace, from
whichever process has the session. There is no queue per subscriber, so every subscriber gets everything that is still in the log,
and one that does not read costs no memory.
"""

import asyncio
from collections.abc import AsyncIterator

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from streaming.cluster import session_endpoint
from streaming.cluster.directory import DirectoryUnreachable
from streaming.cluster.output_subscription import InvalidOutput, OutputSubscription
from streaming.cluster.runtime import runtime
from streaming.handlers.stream import Stream
from streaming.protocols.fastrtc import HEARTBEAT, ended_event, invalid_event, last_event_id, server_sent
from streaming.transports.http_auth import grant_of_request, on_stream, refusal
from streaming.types.session_end import End

HEARTBEAT_S = 15.0
GRACE_S = 3.0
"""Seconds that a session may start later than its first subscriber: pages open both at the same time."""
HEADERS = {"Cache-Control": "no-store, no-cache, no-transform", "X-Accel-Buffering": "no", "Content-Encoding": "identity"}
"""Headers that keep proxies from caching, buffering or compressing the events."""


@on_stream("GET")
async def updates(request: HttpRequest, stream: Stream, user_id: int | None) -> HttpResponseBase:
    """Stream the outputs of session `webrtc_id` as unnamed events, which EventSource dispatches as `message`."""
    return await _subscribe(request, stream, user_id, "")


@on_stream("GET")
async def outputs(request: HttpRequest, stream: Stream, user_id: int | None) -> HttpResponseBase:
    """Stream the outputs of session `webrtc_id` as events named `output`, as pages written for FastRTC expect."""
    return await _subscribe(request, stream, user_id, "output")


async def _subscribe(request: HttpRequest, stream: Stream, user_id: int | None, event: str) -> HttpResponseBase:
    identity = request.GET.get("webrtc_id", "")
    if not identity:
        return refusal(422, "webrtc_id: a query parameter with the id of a session is needed")
    after = last_event_id(request.headers.get("Last-Event-ID") or request.GET.get("after"))
    reader = OutputSubscription(session_endpoint.asking(stream.name, identity, user_id), after)
    try:
        if not await reader.find(GRACE_S):
            return refusal(404, "there is no session with this webrtc_id")
    except DirectoryUnreachable as error:
        return refusal(503, str(error))
    subscriber = Subscriber(reader)
    runtime().revocation.note(subscriber, grant_of_request(request))
    response = StreamingHttpResponse(_events(subscriber, event), content_type="text/event-stream; charset=utf-8")
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


class Subscriber:
    """One response that reads outputs until its grant is revoked."""

    def __init__(self, reader: OutputSubscription) -> None:
        self.reader = reader
        self.revoked = False

    def end_early(self, end: End) -> None:
        """Send nothing more; the response ends after its current wait for outputs."""
        self.revoked = True


async def _events(subscriber: Subscriber, event: str) -> AsyncIterator[bytes]:
    """Yield events until the session ends, a heartbeat after HEARTBEAT_S without one, and a final event."""
    now, reader = asyncio.get_running_loop().time, subscriber.reader
    yield b": outputs\n\n"
    silent_since = now()
    while not reader.ended:
        items = await reader.more()
        if subscriber.revoked:
            return
        if items:
            silent_since = now()
            yield "".join(_event(number, output, event) for number, output in items).encode(errors="replace")
        elif not reader.ended and now() - silent_since >= HEARTBEAT_S - 0.5:
            silent_since = now()
            yield HEARTBEAT.encode()
    yield ended_event("lost" if reader.lost else "ended").encode()


def _event(number: int, output: str | InvalidOutput, name: str) -> str:
    return invalid_event(number, output.text) if isinstance(output, InvalidOutput) else server_sent(number, output, name)
