"""Limits for HTTP requests: concurrency, a fair queue, and a timeout within bodies.

Each view runs in its own thread. If fifty compute at once, the event loop gets the GIL only every 250 ms and every session of the process
waits. This ASGI application runs a few requests at a time and queues the others in a fair order.
"""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, ASGISendEvent, HTTPScope, Scope

from streaming.transports.http_auth import RELEASE_SLOT

SLOTS = 8
"""Requests that run at once in one process; a request holds its slot until its response starts."""
CLIENT_SLOTS = 4
"""Slots that one client may hold; the rest serve other clients."""
HOLD_S = 1.0
"""Seconds after which a running request releases its slot: it waits for the database or for another request, which may be queued."""
QUEUE_MOST = 1024
ADDRESS_QUEUE_MOST = 256
"""Limits of queued requests of one process and of one address; more are rejected with 503."""
QUEUE_S = 10.0
"""Longest wait for a slot in seconds; then 503."""
RETRY_AFTER_S = 1
BODY_IDLE_S = 30.0
"""Longest pause in seconds within the body of a request; then 408. The whole body may take any time."""
MAX_BODY_BYTES = 4 * 1024 * 1024
"""Largest body in bytes, the same on both servers; then 413. Django stores all of it on disk before a view can refuse it."""
DIRECT_SLOTS = 2
"""Responses of `direct` per iteration of the event loop."""
BUSY = "The server is busy: too many requests wait."
_CREDENTIALS = (b"authorization", b"x-api-key", b"cookie")

Direct = Callable[[], Awaitable[tuple[int, Mapping[str, str | bool]]]]


class Client(NamedTuple):
    """The client of a request for fair queueing: its address and the hash of its credentials, which are not checked."""

    address: str
    credential: int

    @classmethod
    def of(cls, scope: HTTPScope) -> "Client":
        """Return the client of a request."""
        address = scope["client"]
        sent = tuple(value for name, value in scope["headers"] if name in _CREDENTIALS)
        return cls(address[0] if address else "", hash(sent))


class FairSlots:
    """A fair semaphore: slots go round-robin to the waiting addresses, and within an address round-robin to its credentials.

    So a client with many requests delays mainly itself, also among users behind one proxy. Credentials are not checked: invented ones
    take turns from clients of the same address only.

    Args:
        slots: number of slots.
        client_slots: limit of slots per client.
        queue_most: limit of waiting requests in total.
        address_queue_most: limit of waiting requests per address.
    """

    def __init__(self, slots: int, client_slots: int, queue_most: int, address_queue_most: int) -> None:
        self._free = slots
        self._client_slots = client_slots
        self._queue_most, self._address_queue_most = queue_most, address_queue_most
        self._held: Counter[Client] = Counter()
        self._waiting: Counter[str] = Counter()
        self._turns: dict[str, dict[Client, deque[asyncio.Future[None]]]] = {}

    async def acquire(self, client: Client) -> bool:
        """Wait for a slot; return False at once if the queue is full."""
        if self._free and self._held[client] < self._client_slots:
            self._take(client)
            return True
        if self._waiting.total() >= self._queue_most or self._waiting[client.address] >= self._address_queue_most:
            return False
        turn = asyncio.get_running_loop().create_future()
        self._turns.setdefault(client.address, {}).setdefault(client, deque()).append(turn)
        self._waiting[client.address] += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release(client)  # the slot was granted at the same time
            raise
        finally:
            self._waiting[client.address] -= 1
            if not self._waiting[client.address]:
                del self._waiting[client.address]
        return True

    def release(self, client: Client) -> None:
        """Release a slot and give free slots to the next waiting clients."""
        self._free += 1
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]
        while self._free and (following := self._next()) is not None:
            following.set_result(None)

    def _take(self, client: Client) -> None:
        self._free -= 1
        self._held[client] += 1

    def _next(self) -> asyncio.Future[None] | None:
        """Take a slot for the next client that may have one, and move the client and its address to the end of the order."""
        for address, clients in list(self._turns.items()):
            for client, queue in list(clients.items()):
                while queue and queue[0].done():
                    queue.popleft()  # cancelled while waiting
                if queue and self._held[client] >= self._client_slots:
                    continue
                del clients[client]
                if not queue:
                    continue
                turn = queue.popleft()
                if queue:
                    clients[client] = queue
                self._turns[address] = self._turns.pop(address)
                if not clients:
                    del self._turns[address]
                self._take(client)
                return turn
            if not clients:
                del self._turns[address]
        return None


class HttpLimits:
    """Runs the HTTP requests of an ASGI application within the limits above.

    A request takes a slot once its body is complete, so a slow sender holds none. It releases the slot when its response starts, so a slow
    reader, an event stream or a long download holds none either.

    Args:
        direct: coroutine functions by path that return a status and JSON. They run in the event loop: health checks must not wait for a
            thread.
    """

    def __init__(self, application: ASGI3Application, direct: Mapping[str, Direct]) -> None:
        self._application = application
        self._direct = direct
        self._slots = FairSlots(SLOTS, CLIENT_SLOTS, QUEUE_MOST, ADDRESS_QUEUE_MOST)
        self._direct_slots = FairSlots(DIRECT_SLOTS, DIRECT_SLOTS, QUEUE_MOST, ADDRESS_QUEUE_MOST)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one HTTP request. Raises ValueError for a connection of another kind."""
        if scope["type"] != "http":
            raise ValueError(f"an HTTP request is needed, not {scope['type']}")
        if (answer := self._direct.get(scope["path"])) is not None:
            await self._answer(scope, answer, send)
            return
        request = _Request(Client.of(scope), self._slots, receive, send)
        extensions: dict[str, dict[object, object]] = {**(scope.get("extensions") or {}), RELEASE_SLOT: {"release": request.release_slot}}
        scope["extensions"] = extensions
        try:
            await self._application(scope, request.receive, request.send)
        finally:
            request.release_slot()
        if request.refusal is not None:
            await refuse(send, *request.refusal)

    async def _answer(self, scope: HTTPScope, answer: Direct, send: ASGISendCallable) -> None:
        status, state = await answer()
        client = Client.of(scope)
        if not await self._direct_slots.acquire(client):
            await refuse(send, 503, BUSY)
            return
        try:
            await asyncio.sleep(0)  # a few responses per iteration of the event loop, so that they do not block it
            await _respond(send, status, state, [(b"cache-control", b"no-store")], body=scope["method"] != "HEAD")
        finally:
            self._direct_slots.release(client)


class _Request:
    """One request: the timeout of its body and its slot."""

    def __init__(self, client: Client, slots: FairSlots, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        self.refusal: tuple[int, str] | None = None
        self._client, self._slots = client, slots
        self._receive, self._send = receive, send
        self._complete = False
        self._received = 0
        self._hold_timer: asyncio.TimerHandle | None = None

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next message of the client; its last one waits for a slot. Return `http.disconnect` if the request is rejected."""
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(BODY_IDLE_S):
                message = await self._receive()
        except TimeoutError:
            return self._refused(408, f"No byte of the request's body came for {BODY_IDLE_S:g} s.")
        if message["type"] != "http.request":
            return message
        self._received += len(message.get("body", b""))
        if self._received > MAX_BODY_BYTES:
            return self._refused(413, f"The body of a request may be at most {MAX_BODY_BYTES} bytes.")
        if message.get("more_body"):
            return message
        self._complete = True
        try:
            async with asyncio.timeout(QUEUE_S):
                admitted = await self._slots.acquire(self._client)
        except TimeoutError:
            admitted = False
        if not admitted:
            return self._refused(503, BUSY)
        self._hold_timer = asyncio.get_running_loop().call_later(HOLD_S, self.release_slot)
        return message

    async def send(self, message: ASGISendEvent) -> None:
        """Send a part of the response; its start releases the slot."""
        self.release_slot()
        await self._send(message)

    def release_slot(self) -> None:
        """Release the slot, if the request holds one."""
        if self._hold_timer is not None:
            self._hold_timer.cancel()
            self._hold_timer = None
            self._slots.release(self._client)

    def _refused(self, status: int, reason: str) -> ASGIReceiveEvent:
        self.refusal = (status, reason)
        return {"type": "http.disconnect"}


async def refuse(send: ASGISendCallable, status: int, reason: str, *, close: bool = True) -> None:
    """Answer a request with an error in the form of the API; `close` its connection, too."""
    headers = [(b"connection", b"close")] if close else []
    if status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    answer: dict[str, str | bool | int] = {"message": reason}
    if status == 429:
        answer = {"statusCode": status, **answer}
    await _respond(send, status, answer, headers)


async def _respond(
    send: ASGISendCallable, status: int, answer: Mapping[str, str | bool | int], headers: list[tuple[bytes, bytes]], *, body: bool = True
) -> None:
    content = json.dumps(answer).encode()
    own = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode()), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": own + headers, "trailers": False})
    await send({"type": "http.response.body", "body": content if body else b"", "more_body": False})
