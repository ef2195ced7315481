"""JSON messages to a client over a data channel that opens late, slowly, or never."""

import asyncio
import json
import logging
from collections import deque
from typing import Any

from aiortc import RTCDataChannel

from streaming.protocols import fastrtc as wire
from streaming.transports.rate_limit import TOO_MANY_MESSAGES, MessageRateLimit

logger = logging.getLogger(__name__)

MOST_WAITING = 256
CROWDED_BYTES = 256 * 1024
"""Unsent bytes of a channel above which messages wait here, where the oldest can be dropped."""
LINGER_S = 0.5
ECHOED = 200


class Messages:
    """The messages of one session; channels come and go with its connections."""

    def __init__(self) -> None:
        self.dropped = 0
        self._channel: RTCDataChannel | None = None
        self._waiting: deque[str] = deque()
        self._rate_limit = MessageRateLimit()
        self._warned = False

    def put(self, message: dict[str, Any]) -> None:
        """Send a message as soon as there is an open channel; of too many waiting ones the oldest is dropped."""
        self._waiting.append(json.dumps(message, separators=(",", ":"), ensure_ascii=False))
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._flush()

    def attach(self, channel: RTCDataChannel) -> None:
        """Use a channel; a later one takes its place."""
        self._channel = channel
        channel.bufferedAmountLowThreshold = CROWDED_BYTES // 2
        channel.on("open", self._flush)
        channel.on("bufferedamountlow", self._flush)
        channel.on("message", self._echo)
        self._flush()

    async def linger(self) -> None:
        """Give the last messages a moment to leave, before their connection is closed."""
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
            logger.debug("a client did not take its last messages")

    def _flush(self) -> None:
        channel = self._channel
        while self._waiting and channel is not None and channel.readyState == "open" and channel.bufferedAmount < CROWDED_BYTES:
            channel.send(self._waiting.popleft())

    def _echo(self, text: Any) -> None:
        """Say what came, as FastRTC does; inputs have a route of their own. Above the rate limit it is dropped, with one warning."""
        if not self._rate_limit.allows(asyncio.get_running_loop().time()):
            if not self._warned:
                self._warned = True
                self.put(wire.warning(f"{TOO_MANY_MESSAGES}: the rest is dropped"))
        elif isinstance(text, str):
            said = f"Server received: {text[:ECHOED]}"
            self.put({"type": "log", "data": said, "message": said})
