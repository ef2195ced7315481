"""Limits of HTTP requests: fair queueing, slots and refusals."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from config import http_limits
from config.http_limits import CLIENT_SLOTS, SLOTS, Client, FairSlots, HttpLimits
from streaming.transports.http_auth import RELEASE_SLOT

MANY = Client("192.0.2.1", 0)
OTHER = Client("192.0.2.2", 0)
SAME_ADDRESS = Client("192.0.2.1", 1)
WAIT_S = 60.0
Application = Callable[[Any, Any, Any], Awaitable[None]]


async def settle() -> None:
    """Let every runnable task run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def waiting(slots: FairSlots, *clients: Client) -> tuple[list[Client], list[asyncio.Task[None]]]:
    """Queue clients in this order, and return the list of those that got their slot."""
    got: list[Client] = []

    async def wait(client: Client) -> None:
        assert await slots.acquire(client)
        got.append(client)

    tasks = [asyncio.create_task(wait(client)) for client in clients]
    await settle()
    return got, tasks


async def served(slots: FairSlots, first: Client, *clients: Client) -> list[Client]:
    """Return the order in which queued clients get the only slot, which `first` holds at the start."""
    assert await slots.acquire(first)
    got, tasks = await waiting(slots, *clients)
    assert got == []
    slots.release(first)
    for done in range(1, len(clients) + 1):
        await settle()
        assert len(got) == done  # one at a time
        slots.release(got[-1])
    await asyncio.gather(*tasks)
    return got


async def test_addresses_take_turns() -> None:
    """A single request waits for one of an earlier client's many requests, not for all."""
    got = await served(FairSlots(1, 1, 100, 100), MANY, *[MANY] * 10, OTHER)
    assert got.index(OTHER) <= 1


async def test_credentials_of_one_address_take_turns() -> None:
    """Users behind one proxy address share its turns."""
    got = await served(FairSlots(1, 1, 100, 100), MANY, *[MANY] * 10, SAME_ADDRESS)
    assert got.index(SAME_ADDRESS) <= 1


async def test_many_credentials_of_one_address_are_one_address() -> None:
    """Invented credentials get no more turns than one address."""
    got = await served(FairSlots(1, 1, 100, 100), MANY, *[Client(MANY.address, number) for number in range(10)], OTHER)
    assert got.index(OTHER) <= 1


async def test_one_client_leaves_slots_to_others() -> None:
    """One client cannot use all slots."""
    slots = FairSlots(4, 2, 100, 100)
    got, tasks = await waiting(slots, *[MANY] * 5)
    assert got == [MANY] * 2
    assert await slots.acquire(OTHER)
    for _ in range(3):
        slots.release(MANY)
        await settle()
    assert got == [MANY] * 5
    await asyncio.gather(*tasks)


async def test_a_full_queue_refuses() -> None:
    """One address can fill its own part of the queue; when the whole queue is full, requests are refused at once."""
    slots = FairSlots(1, 1, 3, 2)
    assert await slots.acquire(MANY)
    _, tasks = await waiting(slots, MANY, SAME_ADDRESS)
    assert not await slots.acquire(MANY)
    _, more = await waiting(slots, OTHER)
    assert not await slots.acquire(Client("192.0.2.3", 0))
    for task in tasks + more:
        task.cancel()
    await asyncio.gather(*tasks, *more, return_exceptions=True)


async def test_a_cancelled_request_takes_no_slot() -> None:
    """A request may be cancelled in the queue or at the moment when it gets its slot."""
    slots = FairSlots(1, 1, 100, 100)
    assert await slots.acquire(MANY)
    _, (queued, called) = await waiting(slots, MANY, OTHER)
    queued.cancel()
    await settle()
    slots.release(MANY)
    called.cancel()
    await asyncio.gather(queued, called, return_exceptions=True)
    async with asyncio.timeout(WAIT_S):
        assert await slots.acquire(SAME_ADDRESS)


def request_of(client: Client, path: str = "/") -> dict[str, Any]:
    """Return the scope of a request."""
    headers = [(b"x-api-key", str(client.credential).encode())]
    return {"type": "http", "path": path, "method": "GET", "client": (client.address, 1), "headers": headers}


async def send_request(limits: HttpLimits, client: Client = MANY, path: str = "/", body: tuple[bytes, ...] = ()) -> list[dict[str, Any]]:
    """Return what the application sends for one request; with parts given, the body does not end."""
    sent: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in body] or [{"type": "http.request", "body": b""}]

    async def receive() -> Any:
        return messages.pop(0) if messages else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await limits(request_of(client, path), receive, send)  # type: ignore[arg-type]
    return sent


async def read(receive: Any) -> bool:
    """Read a request as Django does; return whether it was complete."""
    while (message := await receive())["type"] == "http.request":
        if not message.get("more_body"):
            return True
    return False


async def test_a_response_that_has_started_holds_no_slot() -> None:
    """Any number of event streams and slow downloads may run at once."""
    started, end = asyncio.Semaphore(0), asyncio.Event()

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        assert await read(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        started.release()
        await end.wait()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    limits = HttpLimits(stream, {})
    requests = [asyncio.create_task(send_request(limits)) for _ in range(SLOTS * 3)]
    async with asyncio.timeout(WAIT_S):
        for _ in requests:
            await started.acquire()
    end.set()
    await asyncio.gather(*requests)


async def test_a_view_may_release_its_slot_before_it_waits() -> None:
    """Any number of requests may wait for a session at once."""
    started, end = asyncio.Semaphore(0), asyncio.Event()

    async def wait(scope: Any, receive: Any, send: Any) -> None:
        assert await read(receive)
        scope["extensions"][RELEASE_SLOT]["release"]()
        started.release()
        await end.wait()

    limits = HttpLimits(wait, {})
    requests = [asyncio.create_task(send_request(limits)) for _ in range(SLOTS * 3)]
    async with asyncio.timeout(WAIT_S):
        for _ in requests:
            await started.acquire()
    end.set()
    await asyncio.gather(*requests)


async def test_few_requests_run_at_once() -> None:
    """The limit per client is lower, and the next requests run when others end."""
    running, most = 0, 0
    go_on = asyncio.Event()

    async def compute(scope: Any, receive: Any, send: Any) -> None:
        nonlocal running, most
        assert await read(receive)
        running += 1
        most = max(most, running)
        await go_on.wait()
        running -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})

    limits = HttpLimits(compute, {})
    requests = [asyncio.create_task(send_request(limits)) for _ in range(SLOTS * 3)]
    await settle()
    assert most == CLIENT_SLOTS
    requests += [asyncio.create_task(send_request(limits, OTHER)) for _ in range(SLOTS * 3)]
    await settle()
    assert most == SLOTS
    go_on.set()
    async with asyncio.timeout(WAIT_S):
        await asyncio.gather(*requests)
    assert most == SLOTS


async def test_requests_that_wait_for_another_do_not_block_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that wait for a later one of the same client release their slots after a while."""
    monkeypatch.setattr(http_limits, "HOLD_S", 0.01)
    answered = asyncio.Event()

    async def view(scope: Any, receive: Any, send: Any) -> None:
        assert await read(receive)
        if scope["path"] == "/last":
            answered.set()
        await answered.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    limits = HttpLimits(view, {})
    requests = [asyncio.create_task(send_request(limits)) for _ in range(SLOTS * 3)]
    await settle()
    async with asyncio.timeout(WAIT_S):
        await asyncio.gather(*requests, send_request(limits, path="/last"))


async def test_a_stalled_body_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The response is 408, and the request held no slot meanwhile."""
    monkeypatch.setattr(http_limits, "BODY_IDLE_S", 0.05)

    async def view(scope: Any, receive: Any, send: Any) -> None:
        assert not await read(receive)

    limits = HttpLimits(view, {})
    for sent in await asyncio.gather(*(send_request(limits, body=(b"half",)) for _ in range(SLOTS * 3))):
        assert sent[0]["status"] == 408
        assert (b"connection", b"close") in sent[0]["headers"]


async def test_too_large_a_body_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The response is 413 above the limit; a body of exactly the limit is accepted, and refused only if it stalls."""
    monkeypatch.setattr(http_limits, "BODY_IDLE_S", 0.5)

    async def view(scope: Any, receive: Any, send: Any) -> None:
        assert not await read(receive)

    half = b"a" * (http_limits.MAX_BODY_BYTES // 2)
    start, body = await send_request(HttpLimits(view, {}), body=(half, half, b"a"))
    assert start["status"] == 413
    assert str(http_limits.MAX_BODY_BYTES) in json.loads(body["body"])["message"]
    start, *_ = await send_request(HttpLimits(view, {}), body=(half, half))
    assert start["status"] == 408


async def test_a_request_that_waits_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The response is 503 in the API's form, with Retry-After."""
    monkeypatch.setattr(http_limits, "QUEUE_S", 0.05)
    go_on = asyncio.Event()

    async def view(scope: Any, receive: Any, send: Any) -> None:
        if await read(receive):
            await go_on.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

    limits = HttpLimits(view, {})
    requests = [asyncio.create_task(send_request(limits)) for _ in range(CLIENT_SLOTS)]
    await settle()
    start, body = await send_request(limits)
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]
    assert "busy" in json.loads(body["body"])["message"]
    go_on.set()
    await asyncio.gather(*requests)


async def test_health_needs_no_slot() -> None:
    """Health checks answer while all slots are in use."""
    go_on = asyncio.Event()

    async def view(scope: Any, receive: Any, send: Any) -> None:
        assert await read(receive)
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def alive() -> tuple[int, dict[str, str | bool]]:
        return 200, {"status": "ok"}

    limits = HttpLimits(view, {"/healthz": alive})
    requests = [asyncio.create_task(send_request(limits, client)) for client in (MANY, OTHER) for _ in range(SLOTS)]
    await settle()
    start, body = await send_request(limits, path="/healthz")
    assert (start["status"], json.loads(body["body"])) == (200, {"status": "ok"})
    go_on.set()
    await asyncio.gather(*requests)
