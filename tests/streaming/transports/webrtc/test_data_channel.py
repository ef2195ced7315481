"""Messages over a data channel that opens late, is slow, or never opens."""

import asyncio
import json

import pytest
from pyee.asyncio import AsyncIOEventEmitter

from streaming.transports.webrtc import data_channel
from streaming.transports.webrtc.data_channel import Messages


class Channel(AsyncIOEventEmitter):
    """A simulated data channel."""

    def __init__(self, state: str = "connecting") -> None:
        super().__init__()
        self.readyState = state
        self.bufferedAmount = 0
        self.bufferedAmountLowThreshold = 0
        self.sent: list[object] = []

    def send(self, text: str) -> None:
        """Record a message."""
        self.sent.append(json.loads(text)["data"])

    def open(self) -> None:
        """Open."""
        self.readyState = "open"
        self.emit("open")


async def test_messages_wait_for_the_channel_to_open() -> None:
    """Messages before the channel exists and before it opens are sent in order."""
    box, channel = Messages(), Channel()
    box.put({"data": 1})
    box.attach(channel)
    box.put({"data": 2})
    assert channel.sent == []
    channel.open()
    box.put({"data": 3})
    assert channel.sent == [1, 2, 3]


async def test_without_a_channel_the_oldest_are_dropped() -> None:
    """The memory for a client without a channel is bounded."""
    box = Messages()
    for number in range(data_channel.MOST_WAITING + 10):
        box.put({"data": number})
    channel = Channel("open")
    box.attach(channel)
    assert len(channel.sent) == data_channel.MOST_WAITING
    assert channel.sent[0] == 10
    assert box.dropped == 10


async def test_messages_for_a_slow_client_wait() -> None:
    """They are sent once the client has read."""
    box, channel = Messages(), Channel("open")
    box.attach(channel)
    channel.bufferedAmount = data_channel.CROWDED_BYTES
    box.put({"data": 1})
    assert channel.sent == []
    channel.bufferedAmount = 0
    channel.emit("bufferedamountlow")
    assert channel.sent == [1]


async def test_the_channel_of_a_new_connection_takes_over() -> None:
    """Messages after a reconnect are sent on the new channel."""
    box, old, new = Messages(), Channel("open"), Channel("open")
    box.attach(old)
    box.attach(new)
    box.put({"data": 1})
    assert (old.sent, new.sent) == ([], [1])


async def test_a_clients_text_is_confirmed_briefly() -> None:
    """The confirmation is FastRTC's; it cuts long texts and leaves out bytes."""
    box, channel = Messages(), Channel("open")
    box.attach(channel)
    channel.emit("message", "handshake")
    channel.emit("message", "x" * 100_000)
    channel.emit("message", b"bytes")
    assert channel.sent[0] == "Server received: handshake"
    assert len(str(channel.sent[1])) < 300
    assert len(channel.sent) == 2


async def test_the_close_waits_for_the_last_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits until the client has them, or half a second."""
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
