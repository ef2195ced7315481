"""The bounded queue from a connection of Daphne to its application."""

from collections.abc import Callable

import pytest

from config.application_queue import READ_AHEAD_BYTES, ApplicationQueue
from streaming.types.asgi import AsgiMessage


def received(payload: bytes) -> AsgiMessage:
    """Return a message of a WebSocket client."""
    return {"type": "websocket.receive", "bytes": payload}


def part(payload: bytes) -> AsgiMessage:
    """Return a part of the body of a request."""
    return {"type": "http.request", "body": payload, "more_body": True}


@pytest.mark.parametrize("message", [received, part])
async def test_it_is_blocked_until_half_of_the_limit_is_read(message: Callable[[bytes], AsgiMessage]) -> None:
    """Messages and bodies are counted with their payload; reading from the socket resumes once."""
    resumed: list[bool] = []
    queue = ApplicationQueue()
    queue.has_room = lambda: resumed.append(queue.blocked)
    for _ in range(4):
        queue.put_nowait(message(bytes(READ_AHEAD_BYTES // 4)))
    assert queue.blocked
    await queue.get()
    assert queue.blocked
    assert not resumed
    await queue.get()
    await queue.get()
    assert not queue.blocked
    assert resumed == [False]


async def test_empty_messages_are_counted_too() -> None:
    """A flood of them blocks the queue."""
    queue = ApplicationQueue()
    for _ in range(READ_AHEAD_BYTES // 512 + 1):
        queue.put_nowait(received(b""))
    assert queue.blocked


async def test_messages_after_the_end_are_dropped_but_not_the_disconnect() -> None:
    """The application has closed and waits for the end of the connection."""
    queue = ApplicationQueue()
    queue.put_nowait(received(bytes(2 * READ_AHEAD_BYTES)))
    queue.discard_messages()
    assert not queue.blocked
    queue.put_nowait(received(b"late"))
    queue.put_nowait({"type": "websocket.disconnect", "code": 1000})
    assert queue.qsize() == 2


async def test_the_empty_body_before_an_upload_is_dropped() -> None:
    """Only the first one is: the real end is passed on."""
    queue = ApplicationQueue(upload=True)
    end: AsgiMessage = {"type": "http.request", "body": b"", "more_body": False}
    queue.put_nowait(end)
    queue.put_nowait(part(b"file"))
    queue.put_nowait(end)
    assert [await queue.get() for _ in range(2)] == [part(b"file"), end]
