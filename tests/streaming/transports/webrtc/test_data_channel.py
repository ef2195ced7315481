"""Messages over a data channel that opens late, is slow, or never comes."""

import asyncio
import json

import pytest
from pyee.asyncio import AsyncIOEventEmitter

from streaming.transports.webrtc import data_channel
from streaming.transports.webrtc.data_channel import Messages


class Channel(AsyncIOEventEmitter):
    """A data channel in the test's hands."""

    def __init__(self, state: str = "connecting") -> None:
        super().__init__()
        self.readyState = state
        self.bufferedAmount = 0
        self.bufferedAmountLowThreshold = 0
        self.sent: list[object] = []

    def send(self, text: str) -> None:
        """Note what was sent."""
        self.sent.append(json.loads(text)["data"])

    def open(self) -> None:
        """Open."""
        self.readyState = "open"
        self.emit("open")


async def test_messages_wait_for_the_channel_to_open() -> None:
    """Those before it comes, and those before it opens, all in their order."""
    box, channel = Messages(), Channel()
    box.put({"data": 1})
    box.attach(channel)
    box.put({"data": 2})
    assert channel.sent == []
    channel.open()
    box.put({"data": 3})
    assert channel.sent == [1, 2, 3]


async def test_without_a_channel_the_oldest_go() -> None:
    """A client that opens no channel costs no memory."""
    box = Messages()
    for number in range(data_channel.MOST_WAITING + 10):
        box.put({"data": number})
    channel = Channel("open")
    box.attach(channel)
    assert len(channel.sent) == data_channel.MOST_WAITING
    assert channel.sent[0] == 10
    assert box.dropped == 10


async def test_a_slow_client_makes_messages_wait_here() -> None:
    """They go on once it has read."""
    box, channel = Messages(), Channel("open")
    box.attach(channel)
    channel.bufferedAmount = data_channel.CROWDED_BYTES
    box.put({"data": 1})
    assert channel.sent == []
    channel.bufferedAmount = 0
    channel.emit("bufferedamountlow")
    assert channel.sent == [1]


async def test_the_channel_of_a_new_connection_takes_over() -> None:
    """What is said after a reconnection is said on the new one."""
    box, old, new = Messages(), Channel("open"), Channel("open")
    box.attach(old)
    box.attach(new)
    box.put({"data": 1})
    assert (old.sent, new.sent) == ([], [1])


async def test_what_a_client_says_is_confirmed_shortly() -> None:
    """As FastRTC does; a long text is not sent back whole, and bytes not at all."""
    box, channel = Messages(), Channel("open")
    box.attach(channel)
    channel.emit("message", "handshake")
    channel.emit("message", "x" * 100_000)
    channel.emit("message", b"bytes")
    assert channel.sent[0] == "Server received: handshake"
    assert len(str(channel.sent[1])) < 300
    assert len(channel.sent) == 2


async def test_the_last_messages_get_a_moment_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the client has them, or for half a second."""
    monkeypatch.setattr(data_channel, "LINGER_S", 3600.0)
    box, channel = Messages(), Channel("open")
    box.attach(channel)
    channel.bufferedAmount = 10
    lingering = asyncio.create_task(box.linger())
    await asyncio.sleep(0.01)
    assert not lingering.done()
    channel.emit("bufferedamountlow")
    async with asyncio.timeout(30):
        await lingering
        monkeypatch.setattr(data_channel, "LINGER_S", 0.02)
        await box.linger()
