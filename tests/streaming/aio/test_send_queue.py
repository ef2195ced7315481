"""The send queue: ordered, bounded, with the close at the end."""

import asyncio

import pytest

from streaming.aio import send_queue
from streaming.aio.send_queue import NORMAL, POLICY, SendQueue


class ClientConnection:
    """A connection that records what was written to it and how it was closed."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, text: str) -> None:
        """Write, or wait while the client does not read."""
        await self.open.wait()
        self.written.append(text)

    async def close(self, code: int, reason: str) -> None:
        """Close."""
        self.closed = (code, reason)


async def test_writes_in_order_then_closes() -> None:
    """Messages put before `finish` are written before the close."""
    connection = ClientConnection()
    out = SendQueue(connection.write, connection.close)
    for text in ("one", "two", "three"):
        out.put(text)
    out.finish(NORMAL, "done")
    await out.run()
    assert connection.written == ["one", "two", "three"]
    assert connection.closed == (NORMAL, "done")


async def test_the_first_finish_decides() -> None:
    """A second finish changes nothing."""
    connection = ClientConnection()
    out = SendQueue(connection.write, connection.close)
    out.finish(POLICY, "first")
    out.finish(NORMAL, "second")
    await out.run()
    assert connection.closed == (POLICY, "first")


async def test_a_client_that_reads_nothing_is_closed() -> None:
    """A client is closed when a message that must not be lost finds no room; memory stays bounded."""
    connection = ClientConnection()
    connection.open.clear()
    out = SendQueue(connection.write, connection.close)
    running = asyncio.create_task(out.run())
    await asyncio.sleep(0)
    piece = "x" * 100_000
    for _ in range(50):
        out.put(piece)
    assert out.closed
    connection.open.set()
    await running
    assert connection.closed == (POLICY, "messages were not read")


async def test_a_write_that_never_ends_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that stops reading during a write is closed after WRITE_TIMEOUT_S."""
    monkeypatch.setattr(send_queue, "WRITE_TIMEOUT_S", 0.05)
    connection = ClientConnection()
    connection.open.clear()
    out = SendQueue(connection.write, connection.close)
    out.put("never read")
    await out.run()
    assert connection.closed == (POLICY, "messages were not read")


async def test_put_when_room_waits_for_the_client() -> None:
    """Events wait for a slow client without use of more memory."""
    connection = ClientConnection()
    connection.open.clear()
    out = SendQueue(connection.write, connection.close)
    running = asyncio.create_task(out.run())
    await asyncio.sleep(0)
    out.put("being written")
    await asyncio.sleep(0)
    assert await out.put_when_room("x" * send_queue.QUEUE_CHARACTERS)
    waiting = asyncio.create_task(out.put_when_room("y"))
    await asyncio.sleep(0)
    assert not waiting.done()
    connection.open.set()
    assert await waiting
    out.finish()
    await running
    assert [text[0] for text in connection.written] == ["b", "x", "y"]


async def test_written_waits_for_what_is_queued_now() -> None:
    """It waits neither for later messages nor, once the connection is closed, for any."""
    reads = asyncio.Semaphore(0)
    got: list[str] = []

    async def write(text: str) -> None:
        await reads.acquire()
        got.append(text)

    async def close(code: int, reason: str) -> None:
        got.append(str(code))

    queue = SendQueue(write, close)
    running = asyncio.create_task(queue.run())
    await queue.written()
    assert queue.idle
    queue.put("one")
    assert not queue.idle
    waiting = asyncio.create_task(queue.written())
    await asyncio.sleep(0)
    await queue.put_when_room("two")
    reads.release()
    async with asyncio.timeout(30):
        await waiting
    assert got == ["one"]
    waiting = asyncio.create_task(queue.written())
    await asyncio.sleep(0)
    assert not waiting.done()
    running.cancel()
    queue.finish(discard=True)
    reads.release()
    other = SendQueue(write, close)
    other.put("three")
    other.finish(discard=True)
    await other.run()
    async with asyncio.timeout(30):
        await other.written()
    waiting.cancel()
    await asyncio.gather(running, waiting, return_exceptions=True)
