"""JSON messages to a client over a data channel, which may open late, be slow, or never open; and the limits of its SCTP.

aiortc processes every SCTP chunk in Python in the event loop. SCTP retransmits lost packets, so packets above a limit are dropped: a
correct sender slows down and loses no message.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from aiortc import RTCDataChannel, RTCSctpTransport

from streaming.protocols import fastrtc as wire
from streaming.protocols.json_message import JsonMessage
from streaming.transports.consumer import TOO_MANY_MESSAGES, MessageRateLimit
from streaming.transports.webrtc.aiortc_patches import HANDLE_DATA, RECEIVE_DATA_CHUNK, RECEIVE_SACK_CHUNK, SctpInternals

logger = logging.getLogger(__name__)

MOST_WAITING = 256
"""Messages that wait for the channel; above this the oldest is dropped."""
CROWDED_BYTES = 256 * 1024
"""Unsent bytes of a channel above which messages wait here, where the oldest can be dropped."""
LINGER_S = 0.5
"""Seconds that the last messages may take to be sent before the connection is closed."""
ECHOED = 200
"""Characters of a client's message that are echoed."""
CHUNKS_PER_S = 500.0
CHUNK_BURST = 1000.0
"""SCTP chunks of one peer that are processed per second and in a burst: 600 kB/s of text on average."""
MAX_WAITING_CHUNKS = 256
"""Chunks that may wait for a missing one or for the rest of their message; the longest message, 64 KiB, has 55."""
MAX_STREAMS = 64
"""SCTP streams; each data channel has one."""
MAX_GAPS = 4096
"""Chunks that the gap blocks of one acknowledgement (SACK) may cover."""

_COMMON_HEADER = 12
_CHUNK_HEADER = 4


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


class SctpLimits:
    """Bound the work and the memory that a peer can cause with the SCTP packets of one association, from the creation of this on."""

    def __init__(self, sctp: RTCSctpTransport, clock: Callable[[], float]) -> None:
        self._sctp = SctpInternals(sctp)
        self._clock = clock
        self._tokens = CHUNK_BURST
        self._counted_at = clock()
        replace = self._sctp.replace_handler
        self._handle_data = replace(HANDLE_DATA, self.handle_data)
        self._receive_data_chunk = replace(RECEIVE_DATA_CHUNK, self.receive_data_chunk)
        self._receive_sack_chunk = replace(RECEIVE_SACK_CHUNK, self.receive_sack_chunk)

    async def handle_data(self, data: bytes) -> None:
        """Process a packet, or drop it if the peer exceeds the chunk rate."""
        now = self._clock()
        self._tokens = min(CHUNK_BURST, self._tokens + (now - self._counted_at) * CHUNKS_PER_S)
        self._counted_at = now
        cost = count_chunks(data)
        if self._tokens >= cost:
            self._tokens -= cost
            await self._handle_data(data)

    async def receive_data_chunk(self, chunk: Any) -> None:
        """Process a DATA chunk unless too many wait already; then it is not acknowledged and the peer sends it again."""
        sctp = self._sctp
        waiting, is_next = sctp.waiting_chunks(chunk.stream_id), sctp.is_next(chunk.tsn)
        most = 2 * MAX_WAITING_CHUNKS if is_next else MAX_WAITING_CHUNKS  # the next chunk may be the one that all others wait for
        crowded = (waiting or 0) >= most or (not is_next and (sctp.misordered_chunks >= most or sctp.receive_window <= 0))
        if crowded or (waiting is None and sctp.streams >= MAX_STREAMS):
            sctp.need_sack()
        else:
            await self._receive_data_chunk(chunk)

    async def receive_sack_chunk(self, chunk: Any) -> None:
        """Process an acknowledgement; ignore its gap blocks if they cover more than MAX_GAPS chunks."""
        if sum(max(0, end - start + 1) for start, end in chunk.gaps) > MAX_GAPS:
            chunk.gaps = []
        await self._receive_sack_chunk(chunk)


def count_chunks(packet: bytes) -> int:
    """Return the number of chunks in an SCTP packet according to their length fields; at least 1."""
    count, at = 0, _COMMON_HEADER
    while at + _CHUNK_HEADER <= len(packet):
        length = int.from_bytes(packet[at + 2 : at + 4], "big")
        at += max(_CHUNK_HEADER, (length + 3) & ~3)
        count += 1
    return max(1, count)
