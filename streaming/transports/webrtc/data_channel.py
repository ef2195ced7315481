"""JSON messages to a client over a data channel, which may open late, be slow, or never open."""

import asyncio
import json
import logging
from collections import deque

from aiortc import RTCDataChannel

from streaming.protocols import fastrtc as wire
from streaming.protocols.json_message import JsonMessage
from streaming.transports.rate_limit import TOO_MANY_MESSAGES, MessageRateLimit

logger = logging.getLogger(__name__)

MOST_WAITING = 256
"""Messages that wait for the channel; above this the oldest is dropped."""
CROWDED_BYTES = 256 * 1024
"""Unsent bytes of a channel above which messages wait here, where the oldest can be dropped."""
LINGER_S = 0.5
"""Seconds that the last messages may take to be sent before the connection is closed."""
ECHOED = 200
"""Characters of a client's message that are echoed."""


class Messages:
    """The messages of one session, across the data channels of its connections."""

    def __init__(self) -> None:
        self.dropped = 0
        self._channel: RTCDataChannel | None = None
        self._waiting: deque[str] = deque()
        self._rate_limit = MessageRateLimit()
        self._warned = False

    def put(self, message: JsonMessage) -> None:
        """Send a message as soon as a channel is open; above MOST_WAITING the oldest one is dropped."""
        self._waiting.append(json.dumps(message, separators=(",", ":"), ensure_ascii=False))
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._flush()

    def attach(self, channel: RTCDataChannel) -> None:
        """Use a channel; it replaces the one before."""
        self._channel = channel
        channel.bufferedAmountLowThreshold = CROWDED_BYTES // 2
        channel.on("open", self._flush)
        channel.on("bufferedamountlow", self._flush)
        channel.on("message", self._echo)
        self._flush()

    async def linger(self) -> None:
        """Wait until the last messages are sent, at most LINGER_S, before the connection is closed."""
        channel = self._channel
        if channel is None or channel.readyState != "open" or not channel.bufferedAmount:
            return
        channel.bufferedAmountLowThreshold = 0
        empty = asyncio.Event()
        channel.on("bufferedamountlow", empty.set)
        try:
            async with asyncio.timeout(LINGER_S):
                await empty.wait()
        except TimeoutError:
            logger.debug("a client did not read its last messages")

    def _flush(self) -> None:
        channel = self._channel
        while self._waiting and channel is not None and channel.readyState == "open" and channel.bufferedAmount < CROWDED_BYTES:
            channel.send(self._waiting.popleft())

    def _echo(self, text: object) -> None:
        """Echo a client's message, as FastRTC does; inputs have a route of their own. Above the rate limit drop it, with one warning."""
        if not self._rate_limit.allows(asyncio.get_running_loop().time()):
            if not self._warned:
                self._warned = True
                self.put(wire.warning(f"{TOO_MANY_MESSAGES}: the rest is dropped"))
        elif isinstance(text, str):
            echo = f"Server received: {text[:ECHOED]}"
            self.put({"type": "log", "data": echo, "message": echo})
